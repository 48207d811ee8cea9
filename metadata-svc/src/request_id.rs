//! Request ids: the same id and the same content give the same answer and have one effect.
//!
//! The answer is kept in the transaction that has the effect, so both are there or neither is, also after a crash; and as
//! writes take turns, of two that arrive at once the second finds what the first left.

#[cfg_attr(
    not(test),
    expect(dead_code, reason = "STORAGE_MODE=sql is not served yet")
)]
mod sql;

use std::time::Duration;

use contract::Violations;
use prost::Message;
use redb::{ReadableTable as _, TableDefinition, TableError, WriteTransaction};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::{
    error::{Error, Result},
    store::{Record, Store, Tables as _, Write, decode},
};

const ANSWERS: TableDefinition<Uuid, Record> = TableDefinition::new("request_answers");
/// (micros, request id), to forget the oldest first.
const BY_TIME: TableDefinition<(i64, Uuid), ()> = TableDefinition::new("request_answers_by_time");
/// How long an answer is kept.
const KEPT: Duration = Duration::from_secs(7 * 86_400);
/// How many answers at most are forgotten when one is added.
const FORGOTTEN_AT_ONCE: usize = 16;

#[derive(Clone, PartialEq, Message)]
struct AnswerRecord {
    #[prost(bytes = "vec", tag = "1")]
    digest: Vec<u8>,
    #[prost(bytes = "vec", tag = "2")]
    answer: Vec<u8>,
}

pub(crate) fn make_tables(txn: &WriteTransaction) -> std::result::Result<(), TableError> {
    txn.open_table(ANSWERS)?;
    txn.open_table(BY_TIME)?;
    Ok(())
}

/// A call that changes something, as far as its repetition is concerned.
#[derive(Debug)]
pub(crate) struct Call {
    /// The request id and the digest of method and content; `None` where the caller gave no id.
    id: Option<(Uuid, Vec<u8>)>,
}

impl Call {
    /// Judges `request_id`, and takes the digest of the whole `request`, as it came.
    pub(crate) fn of(
        v: &mut Violations,
        method: &str,
        request_id: &str,
        request: &impl Message,
    ) -> Self {
        let id = v.optional_id("request_id", request_id).map(|id| {
            tracing::Span::current().record("request_id", tracing::field::display(id));
            let digest = Sha256::new()
                .chain_update(method)
                .chain_update([0])
                .chain_update(request.encode_to_vec());
            (id, digest.finalize().to_vec())
        });
        Self { id }
    }
}

impl Store {
    /// Changes with `change`, once per request id: a repeated call gets the first one's answer.
    pub(crate) async fn once<A: Message + Default + 'static>(
        &self,
        call: Call,
        change: impl FnOnce(&Write) -> Result<A> + Send + 'static,
    ) -> Result<A> {
        let Some((id, digest)) = call.id else {
            return self.write(change).await;
        };
        self.write(move |txn| {
            if let Some(kept) = recall(txn, id)? {
                return if kept.digest == digest {
                    decode(&kept.answer)
                } else {
                    Err(Error::RequestIdReused(id))
                };
            }
            let answer = change(txn)?;
            let record = AnswerRecord {
                digest,
                answer: answer.encode_to_vec(),
            };
            keep(txn, id, &record)?;
            Ok(answer)
        })
        .await
    }
}

fn recall(txn: &Write, id: Uuid) -> Result<Option<AnswerRecord>> {
    let kept = txn.table(ANSWERS)?;
    let kept = kept.get(id)?;
    kept.map(|kept| decode(kept.value())).transpose()
}

fn keep(txn: &Write, id: Uuid, record: &AnswerRecord) -> Result<()> {
    let mut answers = txn.table(ANSWERS)?;
    let mut by_time = txn.table(BY_TIME)?;
    let kept_from = txn.now.micros() - i64::try_from(KEPT.as_micros()).unwrap_or(i64::MAX);
    let mut forgotten = Vec::new();
    for entry in by_time
        .range(..(kept_from, Uuid::nil()))?
        .take(FORGOTTEN_AT_ONCE)
    {
        forgotten.push(entry?.0.value());
    }
    for old in forgotten {
        by_time.remove(old)?;
        answers.remove(old.1)?;
    }
    answers.insert(id, record.encode_to_vec().as_slice())?;
    by_time.insert((txn.now.micros(), id), ())?;
    Ok(())
}
