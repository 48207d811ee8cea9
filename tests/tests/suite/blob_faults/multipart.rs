//! Completions of uploads in parts that a caller sent by himself.

use std::time::Duration;

use contract::blob::v1::{
    BlobRef, CompleteMultipartUploadRequest, CreateMultipartUploadRequest, PresignPartItem,
    PresignPartsRequest, UploadedPart, presign_service_client::PresignServiceClient,
};
use futures::{StreamExt as _, stream};
use tests::{
    ObjectStore,
    curl::curl,
    fault_proxy::{Fault, Place, Rule},
};
use tonic::Status;

use super::{
    Case, ERROR, Faulty, LONG, SHORT, SLOW_DOWN, Wire, again, ends, expect_blob, in_time,
    request_id,
};
use crate::{
    blob::{bytes, sha256},
    storage::on_each_object_store,
};

on_each_object_store![completions_are_whole_or_absent_and_end_alike_when_repeated];

const AT_ONCE: usize = 4;

impl Faulty {
    fn presign(&self) -> PresignServiceClient<Wire> {
        PresignServiceClient::with_origin(self.wire(), self.origin())
    }

    /// Begins an upload and sends its one part; gives what is left to be asked for, and the path that the part went to.
    async fn begun(&self, n: usize, content: &[u8]) -> (CompleteMultipartUploadRequest, String) {
        let key = format!("faults/{n:02}.bin");
        let size_bytes = content.len() as i64;
        let create = CreateMultipartUploadRequest {
            key: key.clone(),
            size_bytes,
            ..CreateMultipartUploadRequest::default()
        };
        let begun = self.presign().create_multipart_upload(create).await;
        let upload_id = begun.expect("an upload begins").into_inner().upload_id;
        let sign = PresignPartsRequest {
            key: key.clone(),
            upload_id: upload_id.clone(),
            parts: vec![PresignPartItem {
                part_number: 1,
                size_bytes,
            }],
            ..PresignPartsRequest::default()
        };
        let signed = self.presign().presign_parts(sign).await;
        let signed = signed
            .expect("a part is signed")
            .into_inner()
            .urls
            .remove(0);
        let put = [
            "-X",
            "PUT",
            "-H",
            "content-type:",
            "--data-binary",
            "@input",
        ];
        let sent = curl(&signed.url, &put, content);
        let head = sent.head.to_ascii_lowercase();
        let etag = head
            .split("etag: ")
            .nth(1)
            .and_then(|rest| rest.lines().next());
        let store = format!("http://{}", self.proxy.address());
        let path = signed
            .url
            .strip_prefix(&store)
            .and_then(|rest| rest.split_once('?'));
        let path = path.expect("a signed URL is one of the store").0.to_owned();
        let request = CompleteMultipartUploadRequest {
            key,
            upload_id,
            parts: vec![UploadedPart {
                part_number: 1,
                etag: etag.expect("the store answers an etag").to_owned(),
            }],
            size_bytes,
            sha256: sha256(content),
            request_id: request_id(n),
            ..CompleteMultipartUploadRequest::default()
        };
        (request, path)
    }

    async fn complete(
        &self,
        request: &CompleteMultipartUploadRequest,
        time: Duration,
    ) -> Result<BlobRef, Status> {
        let request = in_time(request.clone(), time);
        let answer = self.presign().complete_multipart_upload(request).await?;
        Ok(answer.into_inner().blob.expect("it answers a blob"))
    }

    async fn judge_completion(&self, n: usize, content: &[u8], case: &Case) -> String {
        let (request, staging) = self.begun(n, content).await;
        let (key, (method, behind, fault)) = (&request.key, case);
        // Parts come together under another key, and are copied to their own.
        let part = if *method == "PUT" { key } else { &staging };
        let rule = Rule::on(method, &format!("{part}{behind}"), *fault);
        let what = format!("{rule:?}");
        let first = self.during(rule, self.complete(&request, SHORT)).await;
        let is_there = self.has_whole(key, content, &what);
        assert!(
            is_there || first.is_err(),
            "{what}: answered, and not there"
        );
        let second = again(async || self.complete(&request, LONG).await).await;
        expect_blob(&second, key, content, &what);
        let third = self.complete(&request, LONG).await.expect("it is there");
        assert_eq!(third, second, "{what}");
        assert!(
            first.is_err() || first.is_ok_and(|first| first == second),
            "{what}"
        );
        assert!(self.has_whole(key, content, &what), "{what}");
        request.key
    }
}

async fn completions_are_whole_or_absent_and_end_alike_when_repeated(store: ObjectStore) {
    let faulty = Faulty::start(store).await;
    let content = bytes(100_000);
    let broken = [Place::Request(0), Place::Answer(0)]
        .into_iter()
        .flat_map(ends);
    let mut cases: Vec<Case> = broken.map(|fault| ("POST", "?uploadId=", fault)).collect();
    cases.extend(ends(Place::Answer(0)).map(|fault| ("PUT", "", fault)));
    cases.extend(ends(Place::Answer(50_000)).map(|fault| ("GET", "", fault)));
    cases.extend([
        ("POST", "?uploadId=", Fault::Answer(503, SLOW_DOWN)),
        ("POST", "?uploadId=", Fault::Answer(200, "")),
        ("POST", "?uploadId=", Fault::Answer(200, ERROR)),
        ("POST", "?uploadId=", Fault::Replace(200, "")),
        ("POST", "?uploadId=", Fault::Replace(200, ERROR)),
        ("PUT", "", Fault::Answer(200, "")),
        ("PUT", "", Fault::Replace(200, ERROR)),
        ("DELETE", "", Fault::Answer(503, SLOW_DOWN)),
    ]);
    let judged = stream::iter(cases.iter().enumerate());
    let judged = judged.map(|(n, case)| faulty.judge_completion(n, &content, case));
    let keys: Vec<_> = judged.buffer_unordered(AT_ONCE).collect().await;
    faulty.settled(keys, None).await;
}
