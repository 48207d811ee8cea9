//! History: a chat's turns in order, read a few at a time and when they are asked for, so that a long chat takes no more
//! memory than a short one, and a reader who goes away stops the reading.

use std::collections::VecDeque;

use contract::{id::Uuid, metadata::v1::GetChatHistoryResponse};
use futures::{
    FutureExt as _,
    stream::{self, BoxStream, StreamExt as _},
};
use tonic::Status;

use crate::{
    chat,
    error::Result,
    message::{self, Turn},
    store::Store,
};

/// The turns of a chat behind a sequence number.
pub(crate) struct Turns {
    store: Store,
    chat: Uuid,
    after: i64,
    ready: VecDeque<Turn>,
}

impl Turns {
    /// The turns of `chat` behind `after`.
    pub(crate) fn new(store: Store, chat: Uuid, after: i64) -> Self {
        Self {
            store,
            chat,
            after,
            ready: VecDeque::new(),
        }
    }

    /// The next turn; none when there is none yet. An error when the chat is gone.
    pub(crate) async fn next(&mut self) -> Result<Option<Turn>> {
        if self.ready.is_empty() {
            self.read().await?;
        }
        Ok(self.take())
    }

    /// The next of the turns that are read already.
    pub(crate) fn take(&mut self) -> Option<Turn> {
        let next = self.ready.pop_front()?;
        self.after = next.message.seq;
        Some(next)
    }

    /// Reads more; tells whether there was more. An error when the chat is gone.
    pub(crate) async fn read(&mut self) -> Result<bool> {
        let ready = self.store.read(
            (self.chat, self.after),
            |txn, (chat, after)| message::kv::turns(txn, chat, after),
            |connection, (chat, after)| message::sql::turns::turns(connection, chat, after).boxed(),
        );
        self.ready = ready.await?.into();
        Ok(!self.ready.is_empty())
    }

    /// Takes turns that somebody else has read, all from the first behind `after` on; tells whether that leaves no gap.
    pub(crate) fn offer(&mut self, after: i64, turns: &[Turn]) -> bool {
        if after > self.after {
            return false;
        }
        let unseen = turns.iter().filter(|turn| turn.message.seq > self.after);
        self.ready.extend(unseen.cloned());
        true
    }
}

/// Streams the turns that are there now.
pub(crate) async fn stream(
    store: Store,
    chat: Uuid,
    after: i64,
) -> Result<BoxStream<'static, std::result::Result<GetChatHistoryResponse, Status>>> {
    let last = chat::get(&store, chat).await?.last_seq;
    let turns = Turns::new(store, chat, after);
    let stream = stream::try_unfold(turns, move |mut turns| async move {
        if turns.after >= last {
            return Ok(None);
        }
        let turn = turns.next().await?;
        Ok(turn.map(|turn| {
            let turn = Some(turn.into());
            (GetChatHistoryResponse { turn }, turns)
        }))
    });
    Ok(stream.boxed())
}
