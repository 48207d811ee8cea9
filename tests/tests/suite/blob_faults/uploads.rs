//! Uploads.

use std::time::Duration;

use contract::blob::v1::{BlobRef, PutObjectHeader, PutObjectRequest};
use futures::{StreamExt as _, stream};
use tests::{
    ObjectStore,
    fault_proxy::{End, Fault, Place, Rule},
};
use tonic::Status;

use super::{
    Case, ERROR, Faulty, LONG, SHORT, SLOW_DOWN, again, ends, expect_blob, in_time, request_id,
};
use crate::{
    blob::{bytes, frames, header, sha256},
    storage::on_each_object_store,
};

on_each_object_store![
    small_uploads_are_whole_or_absent_and_end_alike_when_repeated,
    uploads_of_declared_length_in_parts_are_whole_or_absent_and_end_alike_when_repeated,
    uploads_of_unknown_length_in_parts_are_whole_or_absent_and_end_alike_when_repeated
];

const SMALL: usize = 100_000;
/// More than one part.
const LARGE: usize = (9 << 20) + 1;
/// An upload in parts begins at the store, and nobody hears of it.
const UNHEARD: Case = (
    "POST",
    "?uploads",
    Fault::Break(End::Reset, Place::Answer(0)),
);
/// How many uploads are tried at once.
const AT_ONCE: usize = 4;

impl Faulty {
    async fn upload(
        &self,
        header: PutObjectHeader,
        content: &[u8],
        time: Duration,
    ) -> Result<BlobRef, Status> {
        let frames = frames(header, content).into_iter();
        let requests = stream::iter(frames.map(|frame| PutObjectRequest { frame: Some(frame) }));
        let answer = self.objects().put_object(in_time(requests, time)).await?;
        Ok(answer.into_inner().blob.expect("it answers a blob"))
    }

    /// One upload under one fault, and what becomes of it; gives its key.
    async fn judge_upload(&self, header: PutObjectHeader, content: &[u8], rule: Rule) -> String {
        let (key, what) = (header.key.clone(), format!("{rule:?}"));
        let first = self.upload(header.clone(), content, SHORT);
        let first = self.during(rule, first).await;
        let is_there = self.has_whole(&key, content, &what);
        assert!(
            is_there || first.is_err(),
            "{what}: answered, and not there"
        );
        let second = again(async || self.upload(header.clone(), content, LONG).await).await;
        expect_blob(&second, &key, content, &what);
        let third = self.upload(header, content, LONG).await;
        assert_eq!(third.expect("it is there"), second, "{what}");
        assert!(
            first.is_err() || first.is_ok_and(|first| first == second),
            "{what}"
        );
        assert!(self.has_whole(&key, content, &what), "{what}");
        key
    }

    /// Uploads of one kind under all of `cases`, each to a key of its own, several at once.
    async fn judge_uploads(&self, content: &[u8], is_declared: bool, cases: &[Case]) {
        let judged = stream::iter(cases.iter().enumerate()).map(|(n, (method, behind, fault))| {
            let header = header_of(n, content, is_declared);
            let part = format!("{}{behind}", header.key);
            let rule = if method.is_empty() {
                Rule::about(&part, *fault)
            } else {
                Rule::on(method, &part, *fault)
            };
            self.judge_upload(header, content, rule)
        });
        let keys: Vec<_> = judged.buffer_unordered(AT_ONCE).collect().await;
        let unheard = cases.iter().position(|case| *case == UNHEARD);
        let unheard = unheard.map(|n| header_of(n, content, is_declared).key);
        self.settled(keys, unheard.as_deref()).await;
    }
}

fn header_of(n: usize, content: &[u8], is_declared: bool) -> PutObjectHeader {
    let mut header = PutObjectHeader {
        request_id: request_id(n),
        ..header(&format!("faults/{n:02}.bin"))
    };
    if is_declared {
        header.size_bytes = Some(content.len() as i64);
        header.sha256 = sha256(content);
    }
    header
}

async fn small_uploads_are_whole_or_absent_and_end_alike_when_repeated(store: ObjectStore) {
    let faulty = Faulty::start(store).await;
    let places = [
        Place::Request(0),
        Place::Request(50_000),
        Place::Answer(0),
        Place::Answer(20),
    ];
    let broken = places
        .into_iter()
        .flat_map(ends)
        .map(|fault| ("PUT", "", fault));
    let mut cases: Vec<Case> = broken.collect();
    cases.extend([
        ("PUT", "", Fault::Slow(20_000)),
        ("PUT", "", Fault::Answer(503, SLOW_DOWN)),
        ("PUT", "", Fault::Answer(500, ERROR)),
        // Neither has the entity tag that tells of success.
        ("PUT", "", Fault::Answer(200, "")),
        ("PUT", "", Fault::Answer(200, ERROR)),
        ("PUT", "", Fault::Replace(200, ERROR)),
        ("HEAD", "", Fault::Break(End::Hang, Place::Answer(0))),
        ("", "", Fault::Break(End::Reset, Place::Request(0))),
        ("", "", Fault::Answer(503, SLOW_DOWN)),
    ]);
    let content = bytes(SMALL);
    faulty.judge_uploads(&content, true, &cases).await;
    faulty.gave_up().await;
}

async fn uploads_of_declared_length_in_parts_are_whole_or_absent_and_end_alike_when_repeated(
    store: ObjectStore,
) {
    let faulty = Faulty::start(store).await;
    let cases = [
        UNHEARD,
        ("POST", "?uploads", Fault::Answer(200, "")),
        (
            "PUT",
            "?partNumber=1",
            Fault::Break(End::Hang, Place::Request(1_000_000)),
        ),
        (
            "PUT",
            "?partNumber=2",
            Fault::Break(End::Reset, Place::Request(1_000_000)),
        ),
        (
            "PUT",
            "?partNumber=2",
            Fault::Break(End::Close, Place::Answer(0)),
        ),
        ("PUT", "?partNumber=2", Fault::Answer(200, "")),
        (
            "POST",
            "?uploadId=",
            Fault::Break(End::Reset, Place::Request(0)),
        ),
        (
            "POST",
            "?uploadId=",
            Fault::Break(End::Reset, Place::Answer(0)),
        ),
        (
            "POST",
            "?uploadId=",
            Fault::Break(End::Hang, Place::Answer(0)),
        ),
        (
            "POST",
            "?uploadId=",
            Fault::Break(End::Close, Place::Answer(100)),
        ),
        ("POST", "?uploadId=", Fault::Answer(503, SLOW_DOWN)),
        ("POST", "?uploadId=", Fault::Answer(200, ERROR)),
        ("POST", "?uploadId=", Fault::Answer(200, "")),
        ("POST", "?uploadId=", Fault::Replace(200, ERROR)),
    ];
    let content = bytes(LARGE);
    faulty.judge_uploads(&content, true, &cases).await;
}

/// Their parts go to a key that is made up for them: rules are about any key, and uploads come one by one.
async fn uploads_of_unknown_length_in_parts_are_whole_or_absent_and_end_alike_when_repeated(
    store: ObjectStore,
) {
    let faulty = Faulty::start(store).await;
    let rules = [
        Rule::on(
            "PUT",
            "?partNumber=2",
            Fault::Break(End::Reset, Place::Request(1_000_000)),
        ),
        Rule::on(
            "POST",
            "?uploadId=",
            Fault::Break(End::Reset, Place::Answer(0)),
        ),
        Rule::on("POST", "?uploadId=", Fault::Answer(200, ERROR)),
        // The copy to its own key.
        Rule::on("PUT", "faults/", Fault::Break(End::Reset, Place::Answer(0))),
        Rule::on("PUT", "faults/", Fault::Break(End::Hang, Place::Answer(0))),
        Rule::on("PUT", "faults/", Fault::Answer(200, ERROR)),
        Rule::on("DELETE", "", Fault::Break(End::Reset, Place::Request(0))).times(2),
    ];
    let content = bytes(LARGE);
    let mut keys = Vec::new();
    for (n, rule) in rules.into_iter().enumerate() {
        let header = header_of(n, &content, false);
        keys.push(faulty.judge_upload(header, &content, rule).await);
    }
    faulty.settled(keys, None).await;
}
