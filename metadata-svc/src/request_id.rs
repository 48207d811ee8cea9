//! Request ids: the same id and the same content give the same answer and have one effect.
//!
//! The answer is kept in the transaction that has the effect, so both are there or neither is, also after a crash; and as
//! writes take turns, of two that arrive at once the second finds what the first left.

#[cfg_attr(
    not(test),
    expect(dead_code, reason = "STORAGE_MODE=sql is not served yet")
)]
mod sql;

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
/// How long an answer is kept: 7 days, as the contract says.
const KEPT_MICROS: i64 = 7 * 86_400 * 1_000_000;
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
    forget(txn, txn.now.micros() - KEPT_MICROS)?;
    let record = record.encode_to_vec();
    txn.table(ANSWERS)?.insert(id, record.as_slice())?;
    txn.table(BY_TIME)?.insert((txn.now.micros(), id), ())?;
    Ok(())
}

/// Forgets the oldest of the answers that were kept before `micros`.
fn forget(txn: &Write, micros: i64) -> Result<()> {
    let mut answers = txn.table(ANSWERS)?;
    let mut by_time = txn.table(BY_TIME)?;
    let mut old = Vec::new();
    for entry in by_time
        .range(..(micros, Uuid::nil()))?
        .take(FORGOTTEN_AT_ONCE)
    {
        old.push(entry?.0.value());
    }
    for place in old {
        by_time.remove(place)?;
        answers.remove(place.1)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;

    #[tokio::test]
    async fn the_oldest_answers_are_forgotten_first_a_few_at_a_time_and_none_before_its_time() {
        let folder = TempDir::new().expect("a temporary folder can be made");
        let store = Store::open(folder.path()).expect("an empty store can be opened");
        let ids: Vec<_> = (1..=FORGOTTEN_AT_ONCE as u128 + 4)
            .map(Uuid::from_u128)
            .collect();
        let kept = store.write(move |txn| {
            for id in &ids {
                keep(txn, *id, &AnswerRecord::default())?;
            }
            let count = || {
                ids.iter()
                    .filter(|id| matches!(recall(txn, **id), Ok(Some(_))))
            };
            forget(txn, txn.now.micros())?;
            let before = count().count();
            forget(txn, txn.now.micros() + 1)?;
            Ok((
                before,
                count().copied().collect::<Vec<_>>() == ids[FORGOTTEN_AT_ONCE..],
            ))
        });
        let kept = kept.await.expect("the store can be written");
        assert_eq!(kept, (FORGOTTEN_AT_ONCE + 4, true));
    }
}
