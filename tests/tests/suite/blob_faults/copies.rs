//! Copies.

use std::time::Duration;

use contract::blob::v1::{BlobRef, CopyObjectRequest};
use futures::{StreamExt as _, stream};
use tests::{
    ObjectStore,
    fault_proxy::{End, Fault, Place, Rule},
};
use tonic::Status;

use super::{
    Case, ERROR, Faulty, LONG, SHORT, SLOW_DOWN, again, ends, expect_blob, in_time, request_id,
};
use crate::{blob::bytes, storage::on_each_object_store};

on_each_object_store![copies_are_whole_or_absent_and_end_alike_when_repeated];

const SOURCE: &str = "source.bin";
const AT_ONCE: usize = 4;

impl Faulty {
    async fn copy(&self, n: usize, time: Duration) -> Result<BlobRef, Status> {
        let request = CopyObjectRequest {
            source_key: SOURCE.to_owned(),
            destination_key: key(n),
            request_id: request_id(n),
            ..CopyObjectRequest::default()
        };
        let answer = self.objects().copy_object(in_time(request, time)).await?;
        Ok(answer.into_inner().blob.expect("it answers a blob"))
    }

    async fn judge_copy(&self, n: usize, content: &[u8], rule: Rule) -> String {
        let what = format!("{rule:?}");
        let first = self.during(rule, self.copy(n, SHORT)).await;
        let is_there = self.has_whole(&key(n), content, &what);
        assert!(
            is_there || first.is_err(),
            "{what}: answered, and not there"
        );
        let second = again(async || self.copy(n, LONG).await).await;
        expect_blob(&second, &key(n), content, &what);
        let third = self.copy(n, LONG).await.expect("it is there");
        assert_eq!(third, second, "{what}");
        assert!(
            first.is_err() || first.is_ok_and(|first| first == second),
            "{what}"
        );
        assert!(self.has_whole(&key(n), content, &what), "{what}");
        key(n)
    }
}

fn key(n: usize) -> String {
    format!("copies/{n:02}.bin")
}

async fn copies_are_whole_or_absent_and_end_alike_when_repeated(store: ObjectStore) {
    let faulty = Faulty::start(store).await;
    let content = bytes(100_000);
    assert!(faulty.direct.put(SOURCE, &content));
    let places = [Place::Request(0), Place::Answer(0), Place::Answer(100)];
    let broken = places
        .into_iter()
        .flat_map(ends)
        .map(|fault| ("PUT", "", fault));
    let mut cases: Vec<Case> = broken.collect();
    cases.extend([
        ("PUT", "", Fault::Answer(503, SLOW_DOWN)),
        ("PUT", "", Fault::Answer(200, "")),
        ("PUT", "", Fault::Answer(200, ERROR)),
        ("PUT", "", Fault::Replace(200, "")),
        ("PUT", "", Fault::Replace(200, ERROR)),
        ("HEAD", "", Fault::Break(End::Hang, Place::Answer(0))),
    ]);
    let judged = stream::iter(cases.iter().enumerate()).map(|(n, (method, behind, fault))| {
        let rule = Rule::on(method, &format!("{}{behind}", key(n)), *fault);
        faulty.judge_copy(n, &content, rule)
    });
    let mut keys: Vec<_> = judged.buffer_unordered(AT_ONCE).collect().await;
    keys.push(SOURCE.to_owned());
    faulty.settled(keys, None).await;
}
