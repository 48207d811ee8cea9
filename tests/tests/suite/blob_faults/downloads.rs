//! Downloads.

use std::time::Duration;

use contract::blob::v1::{GetObjectRequest, get_object_response::Frame};
use futures::{StreamExt as _, stream};
use tests::{
    ObjectStore,
    fault_proxy::{End, Fault, Place, Rule},
};
use tonic::Status;

use super::{Case, ERROR, Faulty, LONG, SHORT, SLOW_DOWN, ends, in_time};
use crate::{blob::bytes, storage::on_each_object_store};

on_each_object_store![downloads_are_whole_or_fail_and_are_whole_again];

const AT_ONCE: usize = 4;
const LENGTH: usize = 1_000_000;

impl Faulty {
    /// The bytes that come, to the end that the call has.
    async fn download(&self, key: &str, time: Duration) -> Result<Vec<u8>, Status> {
        let request = GetObjectRequest {
            key: key.to_owned(),
            ..GetObjectRequest::default()
        };
        let answer = self.objects().get_object(in_time(request, time)).await?;
        let mut answer = answer.into_inner();
        let mut content = Vec::new();
        while let Some(message) = answer.message().await? {
            match message.frame.expect("a frame is header or chunk") {
                Frame::Object(object) => assert_eq!(object.size_bytes, LENGTH as i64),
                Frame::Chunk(chunk) => content.extend_from_slice(&chunk),
            }
        }
        Ok(content)
    }
}

async fn downloads_are_whole_or_fail_and_are_whole_again(store: ObjectStore) {
    let faulty = Faulty::start(store).await;
    let content = bytes(LENGTH);
    let places = [
        Place::Request(0),
        Place::Answer(0),
        Place::Answer(50),
        Place::Answer(500_000),
    ];
    let broken = places
        .into_iter()
        .flat_map(ends)
        .map(|fault| ("GET", "", fault));
    let mut cases: Vec<Case> = broken.collect();
    cases.extend([
        // A byte of the whole is missing: the head is shorter than a kibibyte.
        ("GET", "", Fault::Break(End::Close, Place::Answer(LENGTH))),
        ("GET", "", Fault::Slow(100_000)),
        ("GET", "", Fault::Answer(503, SLOW_DOWN)),
        ("GET", "", Fault::Answer(200, "")),
        ("GET", "", Fault::Answer(200, ERROR)),
        ("GET", "", Fault::Replace(200, ERROR)),
    ]);
    let key = |n: usize| format!("faults/{n:02}.bin");
    for n in 0..cases.len() {
        assert!(faulty.direct.put(&key(n), &content));
    }
    let judged = stream::iter(cases.iter().enumerate());
    let judged = judged.for_each_concurrent(AT_ONCE, |(n, (method, behind, fault))| {
        let (faulty, content, key) = (&faulty, &content, key(n));
        async move {
            let rule = Rule::on(method, &format!("{key}{behind}"), *fault);
            let what = format!("{rule:?}");
            if let Ok(found) = faulty.during(rule, faulty.download(&key, SHORT)).await {
                assert!(found == *content, "{what}: OK, and {} bytes", found.len());
            }
            let found = faulty
                .download(&key, LONG)
                .await
                .expect("the store is well");
            assert!(found == *content, "{what}");
        }
    });
    judged.await;
    faulty
        .settled((0..cases.len()).map(key).collect(), None)
        .await;
    faulty.gave_up().await;
}
