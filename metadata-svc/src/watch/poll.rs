//! How Postgres is watched: by asking, as LISTEN does not pass a transaction pooler. One query per tick asks after all chats
//! that are watched here, and what came to one of them is read once for all who watch it.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use contract::id::Uuid;
use diesel::{ExpressionMethods as _, QueryDsl as _};
use diesel_async::RunQueryDsl as _;
use futures::FutureExt as _;
use tokio::{
    sync::{Notify, broadcast},
    time::sleep,
};

use crate::{
    error::Result,
    message::{self, Turn},
    schema::chats,
    txn::Sql,
};

/// How late a watch may be told.
const TICK: Duration = Duration::from_millis(200);
/// How often a slow watch may be told before it looks for itself.
const BEHIND: usize = 4;

/// Turns that came to a chat, all of them from the first behind `after` on.
#[derive(Debug)]
pub(crate) struct News {
    pub(super) after: i64,
    pub(super) turns: Vec<Turn>,
}

impl News {
    /// Says only that there is something to be looked at.
    fn look() -> Self {
        Self {
            after: i64::MAX,
            turns: Vec::new(),
        }
    }
}

/// The chats that are watched.
#[derive(Debug, Default)]
pub(crate) struct Watched {
    topics: Mutex<Topics>,
    wanted: Notify,
}

#[derive(Debug, Default)]
struct Topics {
    of_chats: HashMap<Uuid, Topic>,
    has_ended: bool,
}

#[derive(Debug)]
struct Topic {
    /// Up to where its watches were told; `None` until the first tick.
    told: Option<i64>,
    news: broadcast::Sender<Arc<News>>,
}

impl Watched {
    /// Hears what comes to `chat` from now on; of nothing when the service is ending.
    pub(super) fn subscribe(&self, chat: Uuid) -> broadcast::Receiver<Arc<News>> {
        let mut topics = self.topics();
        if topics.has_ended {
            return broadcast::Sender::new(BEHIND).subscribe();
        }
        // Who joins others reads first what is there, and of what comes after that nobody was told yet.
        let topic = topics.of_chats.entry(chat).or_insert_with(|| Topic {
            told: None,
            news: broadcast::Sender::new(BEHIND),
        });
        self.wanted.notify_one();
        topic.news.subscribe()
    }

    /// Tells those who watch that nothing will come.
    pub(crate) fn end(&self) {
        *self.topics() = Topics {
            has_ended: true,
            ..Topics::default()
        };
    }

    /// Up to where the watches of each chat were told. Chats that nobody watches any more are forgotten.
    fn told(&self) -> HashMap<Uuid, Option<i64>> {
        let mut topics = self.topics();
        topics
            .of_chats
            .retain(|_, topic| topic.news.receiver_count() > 0);
        let told = topics
            .of_chats
            .iter()
            .map(|(chat, topic)| (*chat, topic.told));
        told.collect()
    }

    fn tell(&self, chat: Uuid, news: News, told: i64) {
        if let Some(topic) = self.topics().of_chats.get_mut(&chat) {
            topic.told = Some(told);
            // Fails only when nobody listens.
            let _ = topic.news.send(Arc::new(news));
        }
    }

    fn topics(&self) -> MutexGuard<'_, Topics> {
        self.topics.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Sql {
    /// Asks for as long as the service lives, and only while somebody watches.
    pub(crate) async fn keep_asking(self) {
        loop {
            let told = self.watched().told();
            if told.is_empty() {
                self.watched().wanted.notified().await;
            } else {
                if let Err(error) = self.ask(told).await {
                    tracing::debug!(?error, "watches are not told");
                }
                sleep(TICK).await;
            }
        }
    }

    async fn ask(&self, told: HashMap<Uuid, Option<i64>>) -> Result<()> {
        let watched: Vec<_> = told.keys().copied().collect();
        let last = self.read(|connection| {
            async move {
                let rows = chats::table
                    .select((chats::id, chats::last_seq))
                    .filter(chats::id.eq_any(watched));
                Ok(rows.load::<(Uuid, i64)>(connection).await?)
            }
            .boxed()
        });
        let last: HashMap<_, _> = last.await?.into_iter().collect();
        for (chat, told) in told {
            match (told, last.get(&chat)) {
                (_, None) => self.watched().tell(chat, News::look(), i64::MAX),
                (None, Some(last)) => self.watched().tell(chat, News::look(), *last),
                (Some(told), Some(last)) => self.tell_turns(chat, told, *last).await?,
            }
        }
        Ok(())
    }

    /// Tells what came to `chat` behind `told`.
    async fn tell_turns(&self, chat: Uuid, mut told: i64, last: i64) -> Result<()> {
        while told < last {
            let after = told;
            let turns =
                self.read(|connection| message::sql::turns::turns(connection, chat, after).boxed());
            let turns = turns.await?;
            told = turns.last().map_or(last, |turn| turn.message.seq);
            self.watched().tell(chat, News { after, turns }, told);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
