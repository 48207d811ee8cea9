//! How much is under way at once, and the memory that it takes: the bound that README states is made here.
//!
//! Bytes of uploads wait in buffers for their place at the store, and all buffers together have one budget. A buffer's room is
//! reserved before a byte of it is read, and nobody waits for a second one while the first is not full: so whoever has one
//! can always go on, and the others wait their turn. Beside the buffers every transfer has what lies in the windows of its
//! connections, a MiB or so; so their numbers are bounded too.

use crate::error::Error;
use bytes::{BufMut, Bytes, BytesMut};
use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, TryAcquireError};
use tokio::time::{Instant, timeout_at};

/// How many uploads run at once.
const UPLOADS: usize = 16;
/// How many downloads run at once.
const DOWNLOADS: usize = 32;
/// What the buffers of all uploads take together.
const BUFFERS: usize = 48 << 20;
/// The grain in which it is given out.
const GRAIN: usize = 64 << 10;

/// What all transfers share.
#[derive(Debug)]
pub(crate) struct Limits {
    uploads: Arc<Semaphore>,
    downloads: Arc<Semaphore>,
    buffers: Arc<Semaphore>,
}

/// The right to one transfer, until it is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    _permit: OwnedSemaphorePermit,
}

/// Memory for bytes on their way to the store.
#[derive(Debug)]
pub(super) struct Buffer {
    bytes: BytesMut,
    room: usize,
    reserved: Reserved,
}

/// A part of the budget, until it is dropped.
#[derive(Debug)]
pub(super) struct Reserved {
    _permit: OwnedSemaphorePermit,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            uploads: Arc::new(Semaphore::new(UPLOADS)),
            downloads: Arc::new(Semaphore::new(DOWNLOADS)),
            buffers: Arc::new(Semaphore::new(BUFFERS / GRAIN)),
        }
    }
}

impl Limits {
    /// Begins an upload, unless too many are under way.
    pub(crate) fn upload(&self) -> Result<Place, Error> {
        place(&self.uploads).map_err(|_| Error::Overloaded("too many uploads at once"))
    }

    /// Begins a download, unless too many are under way.
    pub(super) fn download(&self) -> Result<Place, Error> {
        place(&self.downloads).map_err(|_| Error::Overloaded("too many downloads at once"))
    }

    /// A buffer for `room` bytes, when its turn has come.
    ///
    /// # Errors
    /// [`Error::Overloaded`] when it has not by `until`.
    pub(super) async fn buffer(&self, room: usize, until: Instant) -> Result<Buffer, Error> {
        let grains = u32::try_from(room.div_ceil(GRAIN)).unwrap_or(u32::MAX);
        let turn = self.buffers.clone().acquire_many_owned(grains);
        let turn = timeout_at(until, turn).await;
        let Ok(Ok(permit)) = turn else {
            return Err(Error::Overloaded("uploads have used up their memory"));
        };
        Ok(Buffer {
            bytes: BytesMut::with_capacity(room),
            room,
            reserved: Reserved { _permit: permit },
        })
    }
}

fn place(places: &Arc<Semaphore>) -> Result<Place, TryAcquireError> {
    let permit = places.clone().try_acquire_owned()?;
    Ok(Place { _permit: permit })
}

impl Buffer {
    /// How many more bytes there is room for.
    pub(super) fn room(&self) -> usize {
        self.room - self.bytes.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Takes bytes for which there is room. They are copied: a slice would keep all of the message alive that it came in.
    pub(super) fn put(&mut self, bytes: &[u8]) {
        self.bytes.put_slice(bytes);
    }

    /// The bytes, and what keeps their memory reserved.
    pub(super) fn take(self) -> (Bytes, Reserved) {
        (self.bytes.freeze(), self.reserved)
    }
}
