//! How answers are kept in the embedded store. Writes take turns, so of two calls at once the second finds what the first left.

use contract::time::Time;
use prost::Message;
use redb::{ReadTransaction, ReadableTable as _, TableDefinition, TableError, WriteTransaction};
use uuid::Uuid;

use super::{Call, KEPT_MICROS, Kept};
use crate::{
    error::{Error, Result},
    store::{
        decode,
        kv::{Kv, Record, Tables as _, Write},
    },
};

const ANSWERS: TableDefinition<Uuid, Record> = TableDefinition::new("request_answers");
/// (micros, request id), to forget the oldest first.
const BY_TIME: TableDefinition<(i64, Uuid), ()> = TableDefinition::new("request_answers_by_time");
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

impl Kv {
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

/// Reads all answers that are kept, the oldest first.
pub(crate) fn all(txn: &ReadTransaction) -> Result<impl Iterator<Item = Result<Kept>> + use<>> {
    let answers = txn.table(ANSWERS)?;
    let places = txn.table(BY_TIME)?.range::<(i64, Uuid)>(..)?;
    Ok(places.map(move |entry| {
        let (micros, id) = entry?.0.value();
        let Some(record) = answers.get(id)? else {
            return Err(Error::Broken(format!("no answer to {id}")));
        };
        let record: AnswerRecord = decode(record.value())?;
        Ok(Kept {
            id,
            digest: record.digest,
            answer: record.answer,
            create_time: Time::from_micros(micros),
        })
    }))
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
        let store = Kv::open(folder.path()).expect("an empty store can be opened");
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
