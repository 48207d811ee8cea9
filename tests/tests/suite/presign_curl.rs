//! Signed URLs, used by curl, which knows nothing of us: what they grant works, and nothing else does.

mod curl;

use std::time::{Duration, Instant};

use contract::blob::v1::{
    DeleteObjectRequest, PresignGetItem, PresignGetRequest, PresignPutItem, PresignPutRequest,
    PresignedUrl,
};
use prost_types::Duration as WireDuration;
use tests::Service;
use tonic::Code;

use self::curl::{Answer, curl, curl_put};
use crate::blob::{self, Objects, bytes, keys, put, read, sha256};

const KEY: &str = "chats/a/documents/plan_1.pdf";

async fn sign_get(service: &Service, download_name: &str, seconds: i64) -> PresignedUrl {
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

async fn sign_put(service: &Service, content: &[u8], digest: &str, seconds: i64) -> PresignedUrl {
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

/// Frees the key.
async fn remove(objects: &Objects) {
    let request = DeleteObjectRequest {
        key: KEY.to_owned(),
        ..Default::default()
    };
    objects
        .clone()
        .delete_object(request)
        .await
        .expect("it is removed");
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

/// Asks again until it is refused, and gives that answer: a URL of one second may end within two.
async fn until_refused(ask: impl Fn() -> Answer) -> Answer {
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        let answer = ask();
        if answer.status >= 400 {
            return answer;
        }
        assert!(Instant::now() < deadline, "still granted: {answer:?}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test]
async fn curl_gets_the_object_and_any_range_of_it() {
    let (service, objects) = blob::start().await;
    let content = bytes(1_000_000);
    put(&objects, KEY, &content).await;
    let signed = sign_get(&service, "", 60).await;
    let whole = curl(&signed.url, &[], b"");
    assert_eq!(
        (whole.status, whole.body == content),
        (200, true),
        "{}",
        whole.head
    );
    assert!(
        !whole.head.to_lowercase().contains("content-disposition"),
        "{}",
        whole.head
    );
    let part = curl(&signed.url, &["-r", "500000-500099"], b"");
    assert_eq!(
        (part.status, part.body == content[500_000..500_100]),
        (206, true),
        "{}",
        part.head
    );
}

#[tokio::test]
async fn a_cyrillic_download_name_comes_back_in_content_disposition() {
    let (service, objects) = blob::start().await;
    put(&objects, KEY, b"abc").await;
    let signed = sign_get(&service, "План участка №5.pdf", 60).await;
    let answer = curl(&signed.url, &[], b"");
    assert_eq!((answer.status, &answer.body[..]), (200, &b"abc"[..]));
    let expected = "attachment; filename=\"____ _______ _5.pdf\"; \
        filename*=UTF-8''%D0%9F%D0%BB%D0%B0%D0%BD%20%D1%83%D1%87%D0%B0%D1%81%D1%82%D0%BA%D0%B0%20%E2%84%965.pdf";
    let headers = answer.head.lines().filter_map(|line| line.split_once(": "));
    let found: Vec<_> = headers
        .filter(|(name, _)| name.eq_ignore_ascii_case("content-disposition"))
        .collect();
    assert_eq!(
        found.iter().map(|(_, value)| *value).collect::<Vec<_>>(),
        [expected]
    );
}

#[tokio::test]
async fn a_url_that_was_changed_anywhere_is_refused() {
    let (service, objects) = blob::start().await;
    put(&objects, KEY, b"abc").await;
    put(&objects, "chats/a/documents/plan_2.pdf", b"another").await;
    let url = sign_get(&service, "plan.pdf", 60).await.url;
    let parts = [
        "X-Amz-Signature=",
        "X-Amz-Expires=",
        "X-Amz-Date=",
        "X-Amz-Credential=",
        "X-Amz-SignedHeaders=",
        "response-content-disposition=",
    ];
    let mut changed: Vec<_> = parts.iter().map(|part| tampered(&url, part)).collect();
    changed.push(url.replace("plan_1.pdf", "plan_2.pdf"));
    changed.push(url.replace(
        "&X-Amz-Signature=",
        "&response-content-type=text%2Fhtml&X-Amz-Signature=",
    ));
    changed.push(
        url.split_once('?')
            .expect("a signed URL has a query")
            .0
            .to_owned(),
    );
    for url in changed {
        let refused = curl(&url, &[], b"");
        assert!(
            matches!(refused.status, 400 | 403),
            "{}\n{url}",
            refused.head
        );
        assert!(
            !refused.body.windows(3).any(|window| window == b"abc")
                && !refused.body.ends_with(b"another")
        );
    }
    let other_method = curl(&url, &["-X", "DELETE"], b"");
    assert_eq!(other_method.status, 403, "{}", other_method.head);
    assert_eq!(curl(&url, &[], b"").status, 200);
}

#[tokio::test]
async fn a_url_ends_at_its_time() {
    let (service, objects) = blob::start().await;
    put(&objects, KEY, b"abc").await;
    let signed = sign_get(&service, "", 1).await;
    let refused = until_refused(|| curl(&signed.url, &[], b"")).await;
    assert_eq!(refused.status, 403, "{}", refused.head);
    assert_eq!(
        curl(&sign_get(&service, "", 60).await.url, &[], b"").status,
        200
    );

    // A digest of something else, so that the URL stores nothing while it lives.
    let signed = sign_put(&service, b"abc", &sha256(b"other"), 1).await;
    remove(&objects).await;
    let deadline = Instant::now() + Duration::from_secs(30);
    while curl_put(&signed, b"abc", &[]).status != 403 {
        assert!(
            Instant::now() < deadline,
            "a URL of one second is still judged by its content"
        );
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert!(keys(&objects, "").await.is_empty());
}

#[tokio::test]
async fn curl_puts_exactly_what_was_signed() {
    let (service, objects) = blob::start().await;
    for content in [bytes(0), bytes(3), bytes(1_000_000)] {
        for digest in [String::new(), sha256(&content)] {
            let signed = sign_put(&service, &content, &digest, 60).await;
            let stored = curl_put(&signed, &content, &[]);
            assert_eq!(stored.status, 200, "{}", stored.head);
            let (object, found) = read(&objects, KEY).await.expect("it is there");
            assert!(found == content);
            assert_eq!(object.content_type, "application/pdf");
            let again = curl_put(&signed, &content, &[]);
            assert_eq!(again.status, 412, "a key is written once: {}", again.head);
            remove(&objects).await;
        }
    }
}

#[tokio::test]
async fn an_upload_of_another_size_type_or_content_is_refused_and_stores_nothing() {
    let (service, objects) = blob::start().await;
    let content = bytes(1_000);
    let signed = sign_put(&service, &content, &sha256(&content), 60).await;
    let unbound = sign_put(&service, &content, "", 60).await;
    let mut other = content.clone();
    other[500] ^= 1;
    let refused = [
        (curl_put(&signed, &content[..999], &[]), 403),
        (curl_put(&unbound, &bytes(1_001), &[]), 403),
        (curl_put(&unbound, b"", &[]), 403),
        (
            curl_put(&unbound, &content, &[("content-type", "text/html")]),
            403,
        ),
        (
            curl_put(
                &unbound,
                &content,
                &[("content-type", "application/pdf; a=b")],
            ),
            403,
        ),
        (curl_put(&signed, &other, &[]), 400),
        (
            curl_put(&signed, &content, &[("x-amz-checksum-sha256", "")]),
            403,
        ),
        (curl_put(&unbound, &content, &[("if-none-match", "")]), 403),
        (
            curl_put(
                &PresignedUrl {
                    url: tampered(&signed.url, "X-Amz-Signature="),
                    ..signed.clone()
                },
                &content,
                &[],
            ),
            403,
        ),
        (
            curl_put(
                &PresignedUrl {
                    url: signed.url.replace("plan_1", "plan_2"),
                    ..signed.clone()
                },
                &content,
                &[],
            ),
            403,
        ),
        (curl(&signed.url, &[], b""), 403),
    ];
    for (answer, status) in refused {
        assert_eq!(answer.status, status, "{}", answer.head);
        assert!(keys(&objects, "").await.is_empty(), "{}", answer.head);
    }
    assert_eq!(curl_put(&signed, &content, &[]).status, 200);
    assert_eq!(read(&objects, KEY).await.expect("it is there").1, content);
}

#[tokio::test]
async fn a_url_for_an_absent_key_is_signed_and_answers_404() {
    let (service, objects) = blob::start().await;
    let signed = sign_get(&service, "", 60).await;
    assert_eq!(curl(&signed.url, &[], b"").status, 404);
    assert_eq!(
        read(&objects, KEY)
            .await
            .expect_err("it is not there")
            .code(),
        Code::NotFound
    );
    put(&objects, KEY, b"abc").await;
    assert_eq!(curl(&signed.url, &[], b"").body, b"abc");
}

#[tokio::test]
async fn signed_urls_and_signatures_stay_out_of_the_log() {
    let (service, objects) = blob::start().await;
    put(&objects, KEY, b"abc").await;
    let get = sign_get(&service, "plan.pdf", 60).await;
    let write = sign_put(&service, b"abc", "", 60).await;
    curl(&get.url, &[], b"");
    curl(&tampered(&get.url, "X-Amz-Signature="), &[], b"");
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
