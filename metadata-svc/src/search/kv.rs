//! How words are kept and found: for every chat and lexeme the messages that hold it, and how often.

use std::{
    cell::RefCell,
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};

use contract::{metadata::v1::Role, time::Time};
use redb::{TableDefinition, TableError, WriteTransaction};
use uuid::Uuid;

use super::Query;
use crate::{
    error::{Error, Result},
    message::{
        self, Message,
        kv::{CONTENTS, HEADS},
    },
    store::kv::{Tables, Write},
};

/// (chat, lexeme, sequence number) -> how often
const POSTINGS: TableDefinition<(Uuid, &str, i64), u32> = TableDefinition::new("postings");

/// The lexemes of a text, each with how often it stands there.
pub(crate) type Lexemes = BTreeMap<String, u32>;

pub(crate) fn make_tables(txn: &WriteTransaction) -> std::result::Result<(), TableError> {
    txn.open_table(POSTINGS)?;
    Ok(())
}

/// Adds messages of a chat, each by its number and with its lexemes.
pub(crate) fn add<'a>(
    txn: &Write,
    chat: Uuid,
    messages: impl IntoIterator<Item = (i64, &'a Lexemes)>,
) -> Result<()> {
    let mut postings = txn.table(POSTINGS)?;
    for (seq, lexemes) in messages {
        for (lexeme, count) in lexemes {
            postings.insert((chat, lexeme.as_str(), seq), count)?;
        }
    }
    Ok(())
}

/// Removes a message.
pub(crate) fn remove(txn: &Write, chat: Uuid, seq: i64, lexemes: &Lexemes) -> Result<()> {
    let mut postings = txn.table(POSTINGS)?;
    for lexeme in lexemes.keys() {
        postings.remove((chat, lexeme.as_str(), seq))?;
    }
    Ok(())
}

/// Removes all messages of a chat.
pub(crate) fn remove_of_chat(txn: &Write, chat: Uuid) -> Result<()> {
    let mut postings = txn.table(POSTINGS)?;
    let first = (chat, "", i64::MIN);
    match chat.as_u128().checked_add(1) {
        Some(next) => {
            postings.retain_in(first..(Uuid::from_u128(next), "", i64::MIN), |_, _| false)?;
        }
        None => postings.retain_in(first.., |_, _| false)?,
    }
    Ok(())
}

/// Which messages count.
#[derive(Debug)]
pub(crate) struct Filter {
    /// Of these roles; of all where it is empty.
    pub(crate) roles: Vec<Role>,
    /// Created at this time or later.
    pub(crate) start: Option<Time>,
    /// Created before this time.
    pub(crate) end: Option<Time>,
}

impl Filter {
    fn lets_pass(&self, message: &Message) -> bool {
        let time = message.create_time;
        (self.roles.is_empty() || self.roles.contains(&message.given.role))
            && self.start.is_none_or(|start| time >= start)
            && self.end.is_none_or(|end| time < end)
    }
}

/// The place of a hit in the list; the greatest come first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Rank {
    pub(crate) score: u32,
    pub(crate) micros: i64,
    pub(crate) seq: i64,
    pub(crate) message: Uuid,
}

/// A message that was found, with its content.
#[derive(Debug)]
pub(crate) struct Hit {
    pub(crate) rank: Rank,
    pub(crate) message: Message,
}

/// Finds the messages of `chats` that match, in order behind `after`: `size` of them, and one more when there are more.
pub(crate) fn find(
    txn: &impl Tables,
    chats: Vec<Uuid>,
    query: &Query,
    filter: &Filter,
    after: Option<Rank>,
    size: usize,
) -> Result<Vec<Hit>> {
    let index = Index {
        postings: txn.table(POSTINGS)?,
        heads: txn.table(HEADS)?,
        contents: txn.table(CONTENTS)?,
    };
    let mut best: BTreeSet<(Reverse<Rank>, Uuid)> = BTreeSet::new();
    for chat in chats {
        for seq in index.candidates(chat, query)? {
            let Some(rank) = index.rank((chat, seq), query, filter)? else {
                continue;
            };
            if after.is_none_or(|after| rank < after) {
                best.insert((Reverse(rank), chat));
                if best.len() > size + 1 {
                    best.pop_last();
                }
            }
        }
    }
    let hits = best.into_iter().map(|(Reverse(rank), chat)| {
        let place = (chat, rank.seq);
        let mut message = message::kv::head(&index.heads, place)?;
        message.given.content = message::kv::content(&index.contents, place)?;
        Ok(Hit { rank, message })
    });
    hits.collect()
}

struct Index<P, H, C> {
    postings: P,
    heads: H,
    contents: C,
}

impl<P, H, C> Index<P, H, C>
where
    P: redb::ReadableTable<(Uuid, &'static str, i64), u32>,
    H: redb::ReadableTable<message::kv::Place, crate::store::kv::Record>,
    C: redb::ReadableTable<message::kv::Place, &'static str>,
{
    /// The numbers of the messages that hold every lexeme of one of the query's lookups.
    fn candidates(&self, chat: Uuid, query: &Query) -> Result<BTreeSet<i64>> {
        let mut candidates = BTreeSet::new();
        for lookup in query.lookups() {
            let mut lexemes = lookup.into_iter();
            let Some(first) = lexemes.next() else {
                continue;
            };
            let rest: Vec<_> = lexemes.collect();
            for entry in self
                .postings
                .range((chat, first, i64::MIN)..=(chat, first, i64::MAX))?
            {
                let seq = entry?.0.value().2;
                let mut has_all = true;
                for lexeme in &rest {
                    has_all = has_all && self.count(chat, lexeme, seq)? > 0;
                }
                if has_all {
                    candidates.insert(seq);
                }
            }
        }
        Ok(candidates)
    }

    /// The rank of a candidate; none when it does not match or does not count.
    fn rank(
        &self,
        (chat, seq): message::kv::Place,
        query: &Query,
        filter: &Filter,
    ) -> Result<Option<Rank>> {
        let failed: RefCell<Option<Error>> = RefCell::default();
        let count = |lexeme: &str| {
            self.count(chat, lexeme, seq).unwrap_or_else(|error| {
                failed.replace(Some(error));
                0
            })
        };
        let mut score = query.score_counts(count);
        if let Some(error) = failed.take() {
            return Err(error);
        }
        if score.is_none() {
            return Ok(None);
        }
        let message = message::kv::head(&self.heads, (chat, seq))?;
        if !filter.lets_pass(&message) {
            return Ok(None);
        }
        if query.needs_text() {
            score = match self.contents.get((chat, seq))? {
                Some(content) => query.score(content.value()),
                None => None,
            };
        }
        Ok(score.map(|score| Rank {
            score,
            micros: message.create_time.micros(),
            seq,
            message: message.given.id,
        }))
    }

    fn count(&self, chat: Uuid, lexeme: &str, seq: i64) -> Result<u32> {
        let count = self.postings.get((chat, lexeme, seq))?;
        Ok(count.map_or(0, |count| count.value()))
    }
}
