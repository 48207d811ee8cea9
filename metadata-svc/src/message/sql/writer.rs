//! The writer: appends that arrive together share one commit.
//!
//! Whatever arrives while a write is under way forms the next one. Nothing waits for a clock, so a lone caller waits for
//! nobody. What waits and what is being written is bounded, in calls and in bytes; who comes beyond is told to come again.

mod attempt;
mod batch;
mod check;
mod entry;
#[cfg(test)]
mod tests;

use std::{collections::VecDeque, sync::Arc};

use contract::{metadata::v1::AppendMessagesResponse, status};
use tokio::sync::{Mutex, OwnedSemaphorePermit, Semaphore, mpsc, oneshot};
use tonic::Status;

use self::{batch::Batch, entry::weigh};
use crate::{
    error::Error,
    message::kv::Append,
    request_id::Call,
    txn::{Sql, in_time},
};

/// How many batches are under way at once: while one is on its way to the disk, the next is on its way to the server.
const WRITERS: usize = 2;
/// How many calls may wait.
const WAITING: usize = 8_192;
/// How many bytes may wait or be written, as far as callers decide how many.
const WAITING_BYTES: usize = 64 << 20;
/// How many rows a batch has at most; a call that has more is a batch of its own.
const BATCH_ROWS: usize = 1_024;
/// How many bytes a batch has at most; a call that has more is a batch of its own.
const BATCH_BYTES: usize = 4 << 20;

/// Appends messages in Postgres; clones share their commits. It ends with its last clone.
#[derive(Clone, Debug)]
pub(crate) struct Writer {
    queue: mpsc::Sender<Item>,
    room: Arc<Semaphore>,
}

/// A call that waits.
struct Item {
    call: Call,
    append: Append,
    /// What it weighs.
    bytes: usize,
    answer: Answer,
}

/// Who waits for the answer, and the room that his call takes.
struct Answer {
    to: oneshot::Sender<Result<AppendMessagesResponse, Status>>,
    _room: OwnedSemaphorePermit,
}

impl Answer {
    /// Answers. Nobody may listen any more.
    fn send(self, answer: Result<AppendMessagesResponse, Status>) {
        let _ = self.to.send(answer);
    }
}

impl Writer {
    /// A writer to `sql`, inside of a runtime.
    pub(crate) fn new(sql: &Sql) -> Self {
        let (queue, items) = mpsc::channel(WAITING);
        let items = Arc::new(Mutex::new(items));
        for _ in 0..WRITERS {
            tokio::spawn(write(sql.clone(), items.clone()));
        }
        Self {
            queue,
            room: Arc::new(Semaphore::new(WAITING_BYTES)),
        }
    }

    /// Appends, once per request id: a repeated call gets the first one's answer. What is answered is on disk. A call whose
    /// caller is gone before its write begins has no effect; afterwards it has all of it.
    ///
    /// # Errors
    /// `RESOURCE_EXHAUSTED` at once when too much waits already, and whatever may be wrong with an append.
    pub(crate) async fn append(
        &self,
        call: Call,
        append: Append,
    ) -> Result<AppendMessagesResponse, Status> {
        let overloaded = || status::overloaded("too many messages wait to be written");
        let bytes = weigh(&append).min(WAITING_BYTES);
        let permits = u32::try_from(bytes).unwrap_or(u32::MAX);
        let room = self.room.clone().try_acquire_many_owned(permits);
        let (to, answered) = oneshot::channel();
        let item = Item {
            call,
            append,
            bytes,
            answer: Answer {
                to,
                _room: room.map_err(|_| overloaded())?,
            },
        };
        self.queue.try_send(item).map_err(|_| overloaded())?;
        in_time(async {
            let answer = answered.await;
            answer.unwrap_or_else(|_| Err(Error::Stopping.into()))
        })
        .await
    }
}

/// Writes one batch after the other, until nobody can ask any more.
async fn write(sql: Sql, queue: Arc<Mutex<mpsc::Receiver<Item>>>) {
    let mut waiting = VecDeque::new();
    let mut arrived = Vec::new();
    loop {
        if waiting.is_empty() {
            queue.lock().await.recv_many(&mut arrived, BATCH_ROWS).await;
            if arrived.is_empty() {
                return;
            }
            waiting.extend(arrived.drain(..));
        }
        if let Err(away) = Batch::of(&mut waiting).write(&sql).await {
            // Everybody else would wait as long for the same answer. Where another writer has the queue, it is empty.
            if let Ok(mut queue) = queue.try_lock() {
                waiting.extend(std::iter::from_fn(|| queue.try_recv().ok()));
            }
            for item in waiting.drain(..) {
                item.answer.send(Err(away.clone()));
            }
        }
    }
}
