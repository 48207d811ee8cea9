//! Signed URLs, used by curl, which knows nothing of us: what they grant works, and nothing else does.

mod forms;
mod limits;
mod lives;
mod parts;
mod reads;
mod writes;

use std::time::Duration;

use contract::blob::v1::{
    PresignGetItem, PresignGetRequest, PresignPutItem, PresignPutRequest, PresignedUrl,
};
use prost_types::Duration as WireDuration;
use tests::{
    ObjectStore,
    curl::{Answer, curl},
};

use crate::{
    blob::{self, BlobSvc, put},
    storage::on_each_object_store,
};

on_each_object_store![signed_urls_and_signatures_stay_out_of_the_log];

const KEY: &str = "chats/a/documents/plan_1.pdf";
/// How long a URL of one second may go on working, and how often it is tried meanwhile.
const PATIENCE: Duration = Duration::from_secs(30);
const PAUSE: Duration = Duration::from_millis(100);

async fn sign_get(service: &BlobSvc, download_name: &str, seconds: i64) -> PresignedUrl {
    let item = PresignGetItem {
        key: KEY.to_owned(),
        download_name: download_name.to_owned(),
    };
    let expires_in = Some(WireDuration { seconds, nanos: 0 });
    let request = PresignGetRequest {
        items: vec![item],
        expires_in,
        ..Default::default()
    };
    let answer = blob::presign(service)
        .presign_get(request)
        .await
        .expect("it is signed");
    answer.into_inner().urls.remove(0)
}

async fn sign_put(service: &BlobSvc, content: &[u8], digest: &str, seconds: i64) -> PresignedUrl {
    let item = PresignPutItem {
        key: KEY.to_owned(),
        content_type: "application/pdf".to_owned(),
        size_bytes: content.len() as i64,
        sha256: digest.to_owned(),
    };
    let expires_in = Some(WireDuration { seconds, nanos: 0 });
    let request = PresignPutRequest {
        items: vec![item],
        expires_in,
        ..Default::default()
    };
    let answer = blob::presign(service)
        .presign_put(request)
        .await
        .expect("it is signed");
    answer.into_inner().urls.remove(0)
}

/// Sends `content` as `signed` says, with `changes` in the place of its own headers of that name.
fn curl_put(signed: &PresignedUrl, content: &[u8], changes: &[(&str, &str)]) -> Answer {
    let changed = |name: &str| {
        changes
            .iter()
            .find(|(other, _)| *other == name)
            .map(|(_, value)| *value)
    };
    let headers: Vec<_> = signed
        .headers
        .iter()
        // curl counts by itself what it sends.
        .filter(|(name, _)| *name != "content-length")
        .map(|(name, value)| format!("{name}: {}", changed(name).unwrap_or(value)))
        .collect();
    let headers = headers.iter().flat_map(|header| ["-H", header.as_str()]);
    let arguments: Vec<_> = ["-X", "PUT", "--data-binary", "@input"]
        .into_iter()
        .chain(headers)
        .collect();
    curl(&signed.url, &arguments, content)
}

/// `url` with the last character of what follows `part` changed, up to the next `&`.
fn tampered(url: &str, part: &str) -> String {
    let begin = url.find(part).expect("the URL has this part") + part.len();
    let end = url[begin..]
        .find('&')
        .map_or(url.len(), |length| begin + length);
    let other = if url[..end].ends_with('1') { "2" } else { "1" };
    format!("{}{other}{}", &url[..end - 1], &url[end..])
}

async fn signed_urls_and_signatures_stay_out_of_the_log(store: ObjectStore) {
    let (service, objects) = blob::start(store).await;
    put(&objects, KEY, b"abc").await;
    let get = sign_get(&service, "plan.pdf", 60).await;
    let write = sign_put(&service, b"abc", "", 60).await;
    let _ = curl(&get.url, &[], b"");
    let _ = curl(&tampered(&get.url, "X-Amz-Signature="), &[], b"");
    curl_put(&write, b"abcd", &[]);
    let log = service.log();
    assert!(!log.is_empty() && !log.contains("X-Amz-Signature"), "{log}");
    for signed in [&get, &write] {
        let signature = signed
            .url
            .rsplit('=')
            .next()
            .expect("the signature comes last");
        assert!(!log.contains(signature), "{log}");
    }
}
