//! Watches: a chat's turns, those that are there and then those that come. A watch sleeps until it is told of a change.

mod poll;

use std::sync::Arc;

use contract::{
    id::Uuid,
    metadata::v1::{WatchChatResponse, watch_chat_response::Event},
};
use futures::stream::{self, BoxStream, StreamExt as _};
use tokio::sync::broadcast::{Receiver, error::RecvError};
use tonic::Status;

use self::poll::News;
pub(crate) use self::poll::Watched;
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
    /// Whether there may be turns that nobody told of.
    is_behind: bool,
    /// Listens from before the first read on, so that no change falls between.
    changes: Changes,
}

enum Changes {
    Kv(Receiver<Change>),
    Sql(Receiver<Arc<News>>),
}

/// Streams the turns behind `after` until the chat is deleted, the service ends or the caller hangs up.
pub(crate) async fn stream(
    store: Store,
    chat: Uuid,
    after: i64,
) -> Result<BoxStream<'static, std::result::Result<WatchChatResponse, Status>>> {
    chat::get(&store, chat).await?;
    let watch = Watch {
        chat,
        changes: match &store {
            Store::Kv(kv) => Changes::Kv(kv.changes()),
            Store::Sql(sql) => Changes::Sql(sql.watched().subscribe(chat)),
        },
        turns: Turns::new(store, chat, after),
        is_behind: true,
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
            if let Some(turn) = self.turns.take() {
                return Ok(turn);
            }
            if self.is_behind {
                self.is_behind = self.turns.read().await?;
            } else {
                self.wait().await?;
            }
        }
    }

    /// Waits for a change of the chat; who missed some, or is told of no turns, looks for himself.
    async fn wait(&mut self) -> Result<()> {
        let heard = match &mut self.changes {
            Changes::Kv(changes) => loop {
                match changes.recv().await {
                    Ok(Change::Chat(chat)) if chat == self.chat => break Ok(None),
                    Ok(Change::Chat(_)) => {}
                    Ok(Change::Stop) => return Err(Error::Stopping),
                    Err(error) => break Err(error),
                }
            },
            Changes::Sql(news) => news.recv().await.map(Some),
        };
        match heard {
            Ok(Some(news)) => self.is_behind = !self.turns.offer(news.after, &news.turns),
            Ok(None) | Err(RecvError::Lagged(_)) => self.is_behind = true,
            Err(RecvError::Closed) => return Err(Error::Stopping),
        }
        Ok(())
    }
}
