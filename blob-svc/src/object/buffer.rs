//! Buffers: where the bytes of uploads wait until the store has them. All together have one budget.
//!
//! A buffer's room is reserved before a byte of it is read, and nobody waits for a second one while the first is not full: so
//! whoever has one can always go on, and the others wait their turn. Buffers are made of blocks of one size that are used
//! again and never given back: an allocator that splits and joins such amounts keeps more of them than are in use.

use crate::error::Error;
use bytes::{Bytes, BytesMut};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout_at};

/// The length of a block.
const BLOCK: usize = 128 << 10;
/// The budget: 40 MiB, 8 parts.
const BLOCKS: usize = 320;

/// The memory of all buffers.
#[derive(Debug)]
pub(super) struct Memory {
    /// A permit is the right to a block.
    turns: Arc<Semaphore>,
    /// Blocks that were used and are not.
    idle: Mutex<Vec<BytesMut>>,
}

/// Memory for bytes on their way to the store.
#[derive(Debug)]
pub(super) struct Buffer {
    memory: Arc<Memory>,
    full: Vec<Bytes>,
    last: BytesMut,
    room: usize,
    _permit: OwnedSemaphorePermit,
}

impl Default for Memory {
    fn default() -> Self {
        Self {
            turns: Arc::new(Semaphore::new(BLOCKS)),
            idle: Mutex::default(),
        }
    }
}

impl Memory {
    /// A buffer for `room` bytes, when its turn has come.
    ///
    /// # Errors
    /// [`Error::Overloaded`] when it has not by `until`.
    pub(super) async fn buffer(
        self: &Arc<Self>,
        room: usize,
        until: Instant,
    ) -> Result<Buffer, Error> {
        let blocks = u32::try_from(room.div_ceil(BLOCK)).unwrap_or(u32::MAX);
        let turn = timeout_at(until, self.turns.clone().acquire_many_owned(blocks)).await;
        let Ok(Ok(permit)) = turn else {
            return Err(Error::Overloaded("uploads have used up their memory"));
        };
        Ok(Buffer {
            memory: Arc::clone(self),
            full: Vec::new(),
            last: BytesMut::new(),
            room,
            _permit: permit,
        })
    }

    fn block(&self) -> BytesMut {
        let used = self.idle().pop();
        used.unwrap_or_else(|| BytesMut::with_capacity(BLOCK))
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<BytesMut>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Buffer {
    /// How many more bytes there is room for.
    pub(super) fn room(&self) -> usize {
        self.room
    }

    /// Takes bytes for which there is room. They are copied: a slice would keep all of the message alive that it came in.
    pub(super) fn put(&mut self, mut bytes: &[u8]) {
        self.room -= bytes.len();
        while !bytes.is_empty() {
            if self.last.len() == self.last.capacity() {
                self.end_block();
                self.last = self.memory.block();
            }
            let (now, later) =
                bytes.split_at(bytes.len().min(self.last.capacity() - self.last.len()));
            self.last.extend_from_slice(now);
            bytes = later;
        }
    }

    /// All that was put in, in order; nothing more is.
    pub(super) fn bytes(&mut self) -> &[Bytes] {
        self.end_block();
        &self.full
    }

    fn end_block(&mut self) {
        if !self.last.is_empty() {
            self.full.push(std::mem::take(&mut self.last).freeze());
        }
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        self.end_block();
        // What a request that was given up still holds is freed when it lets go.
        let blocks = self
            .full
            .drain(..)
            .filter_map(|block| block.try_into_mut().ok());
        let blocks = blocks.map(|mut block| {
            block.clear();
            block
        });
        self.memory.idle().extend(blocks);
    }
}
