//! Watches: a chat's turns, those that are there and then those that come. A watch sleeps until a commit wakes it.

use contract::{
    id::Uuid,
    metadata::v1::{WatchChatResponse, watch_chat_response::Event},
};
use futures::stream::{self, BoxStream, StreamExt as _};
use tokio::sync::broadcast::{Receiver, error::RecvError};
use tonic::Status;

use crate::{
    chat,
    error::{Error, Result},
    history::Turns,
    message::Turn,
    store::{Change, Store},
};

struct Watch {
    chat: Uuid,
    turns: Turns,
    /// Listens from before the first read on, so that no commit falls between.
    changes: Receiver<Change>,
}

/// Streams the turns behind `after` until the chat is deleted, the service ends or the caller hangs up.
pub(crate) async fn stream(
    store: Store,
    chat: Uuid,
    after: i64,
) -> Result<BoxStream<'static, std::result::Result<WatchChatResponse, Status>>> {
    chat::get(&store, chat).await?;
    let Store::Kv(kv) = &store else {
        return Err(Error::Unserved("WatchChat"));
    };
    let watch = Watch {
        chat,
        changes: kv.changes(),
        turns: Turns::new(store, chat, after),
    };
    let stream = stream::try_unfold(watch, |mut watch| async move {
        let turn = watch.next().await?;
        let event = Some(Event::TurnAppended(turn.into()));
        Ok(Some((WatchChatResponse { event }, watch)))
    });
    Ok(stream.boxed())
}

impl Watch {
    async fn next(&mut self) -> Result<Turn> {
        loop {
            if let Some(turn) = self.turns.next().await? {
                return Ok(turn);
            }
            self.wait().await?;
        }
    }

    /// Waits for a change of the chat; who missed some looks for himself.
    async fn wait(&mut self) -> Result<()> {
        loop {
            match self.changes.recv().await {
                Ok(Change::Chat(chat)) if chat == self.chat => return Ok(()),
                Ok(Change::Chat(_)) => {}
                Err(RecvError::Lagged(_)) => return Ok(()),
                Ok(Change::Stop) | Err(RecvError::Closed) => return Err(Error::Stopping),
            }
        }
    }
}
