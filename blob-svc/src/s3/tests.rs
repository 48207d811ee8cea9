//! The client against stores that answer wrongly: each answer is written out, byte for byte.

mod parts;
mod uploads;

use super::*;
use crate::object::{Attributes, OCTET_STREAM, Span};
use bytes::Bytes;
use rusoto_s3::{ListMultipartUploadsRequest, S3};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

impl Store {
    /// The keys of the uploads in parts that are neither completed nor aborted.
    pub(crate) async fn open_uploads(&self) -> Vec<String> {
        let request = ListMultipartUploadsRequest {
            bucket: self.bucket.clone(),
            ..ListMultipartUploadsRequest::default()
        };
        let answer = self.plain.list_multipart_uploads(request).await;
        let uploads = answer.expect("uploads can be listed").uploads;
        let keys = uploads
            .unwrap_or_default()
            .into_iter()
            .map(|upload| upload.key);
        keys.collect::<Option<_>>().expect("each has a key")
    }
}

/// A store that answers every request with the next of `answers`, the last one for ever, and closes the connection.
struct Liar {
    store: Store,
    asked: Arc<AtomicUsize>,
}

impl Liar {
    async fn new(answers: &[&str]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0")
            .await
            .expect("loopback has free ports");
        let authority = listener.local_addr().expect("it listens").to_string();
        let answers: Vec<String> = answers.iter().map(|answer| (*answer).to_owned()).collect();
        let asked = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&asked);
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let answer =
                    answers[count.fetch_add(1, Ordering::SeqCst).min(answers.len() - 1)].clone();
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    let Ok(byte) = stream.read_u8().await else {
                        break;
                    };
                    head.push(byte);
                }
                // The client may hang up first.
                let _ = stream.write_all(answer.as_bytes()).await;
                let _ = stream.shutdown().await;
            }
        });
        let endpoint = Endpoint::fake(authority);
        Self {
            store: Client::new(&endpoint).knowing(ALL).bucket("bucket"),
            asked,
        }
    }

    async fn list(&self) -> Result<Page, Error> {
        self.store
            .list(&Listing {
                limit: 1_000,
                ..Listing::default()
            })
            .await
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

/// A store that has shown all.
const ALL: Capabilities = Capabilities {
    conditional_put: true,
    conditional_copy: true,
    conditional_complete: true,
    checksums: true,
    post_policy: true,
};

fn ok(body: &str) -> String {
    format!(
        "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
}

const LISTING: &str = "<ListBucketResult><Name>bucket</Name><IsTruncated>false</IsTruncated>\
    <Contents><Key>k</Key><Size>1</Size><ETag>\"e\"</ETag><LastModified>2026-01-01T00:00:00.000Z</LastModified></Contents>\
    </ListBucketResult>";

#[tokio::test]
async fn sound_listing_is_read() {
    let page = Liar::new(&[&ok(LISTING)])
        .await
        .list()
        .await
        .expect("a sound answer");
    assert_eq!(page.objects.len(), 1);
    assert_eq!(page.next, None);
}

#[tokio::test]
async fn listing_that_is_cut_nested_empty_or_another_buckets_is_malformed() {
    let deep = "<a>".repeat(200_000) + &"</a>".repeat(200_000);
    for body in [
        &LISTING[..LISTING.len() / 2],
        &deep,
        "",
        "<ListBucketResult/>",
        &LISTING.replace("bucket", "other"),
        &LISTING.replace("false", "true"),
        &LISTING.replace("<Size>1<", "<Size>many<"),
        &LISTING.replace("false", "maybe"),
        &LISTING.replace("2026-01-01T", "yesterday"),
        "<html><body>login</body></html>",
    ] {
        let seen = Liar::new(&[&ok(body)]).await.list().await;
        assert_eq!(
            seen,
            Err(Error::Malformed),
            "{}",
            &body[..body.len().min(60)]
        );
    }
}

#[tokio::test]
async fn error_in_a_200_is_a_failure() {
    let error = "<Error><Code>InternalError</Code></Error>";
    let copied = "<CopyObjectResult><ETag>\"e\"</ETag></CopyObjectResult>";
    let attributes = Attributes {
        content_type: OCTET_STREAM.to_owned(),
        sha256: None,
        original_name: None,
        request_id: None,
    };
    let copy = async |answer: &str| {
        Liar::new(&[&ok(answer)])
            .await
            .store
            .copy("a", "\"e\"", "b", &attributes)
            .await
    };
    assert_eq!(copy(error).await, Err(Error::Unavailable));
    assert_eq!(copy("").await, Err(Error::Malformed));
    assert_eq!(copy(copied).await, Ok(()));
    let begun =
        ok("<InitiateMultipartUploadResult><UploadId>u</UploadId></InitiateMultipartUploadResult>");
    for (answer, expected) in [(error, Error::Unavailable), ("", Error::Malformed)] {
        let upload = Liar::new(&[&begun, &ok(answer)])
            .await
            .store
            .begin("k", &attributes)
            .await
            .expect("begun");
        assert_eq!(upload.complete().await, Err(expected));
    }
}

#[tokio::test]
async fn headers_that_rusoto_would_panic_on_are_malformed() {
    for header in [
        "x-amz-missing-meta: many",
        "x-amz-mp-parts-count: x",
        "x-amz-tagging-count: many",
        "x-amz-delete-marker: maybe",
        "x-amz-meta-name: \u{44f}",
    ] {
        let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n{header}\r\n\r\n");
        assert_eq!(
            Liar::new(&[&answer]).await.store.head("k").await,
            Err(Error::Malformed),
            "{header}"
        );
    }
}

#[tokio::test]
async fn failures_are_told_apart_by_code_and_by_status() {
    let answer = |status: u16, code: &str| {
        let body = format!("<Error><Code>{code}</Code></Error>");
        format!(
            "HTTP/1.1 {status} X\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        )
    };
    for (status, code, expected) in [
        (404, "NoSuchKey", Error::NoSuchKey),
        (404, "NoSuchBucket", Error::NoSuchBucket),
        (403, "AccessDenied", Error::Forbidden),
        (403, "RequestTimeTooSkewed", Error::ClockSkew),
        (301, "PermanentRedirect", Error::WrongPlace),
        (307, "", Error::WrongPlace),
        (400, "AuthorizationHeaderMalformed", Error::WrongPlace),
        (412, "PreconditionFailed", Error::ConditionFailed),
        (416, "InvalidRange", Error::InvalidRange),
        (429, "", Error::TooManyRequests),
        (503, "SlowDown", Error::TooManyRequests),
        (503, "", Error::Unavailable),
        (400, "RequestTimeout", Error::Unavailable),
        (418, "Teapot", Error::Refused),
    ] {
        let liar = Liar::new(&[&answer(status, code)]).await;
        let seen = liar
            .store
            .get("k", Span::WHOLE, &Condition::default())
            .await
            .map(|_| ());
        assert_eq!(seen, Err(expected), "{status} {code}");
        let tries = if expected.is_transient() { 4 } else { 1 };
        assert_eq!(liar.asked(), tries, "{status} {code}");
    }
}

#[tokio::test]
async fn busy_store_is_asked_again_also_to_take_bytes() {
    let busy = "HTTP/1.1 503 Slow Down\r\ncontent-length: 0\r\n\r\n";
    let liar = Liar::new(&[busy, busy, &ok(LISTING)]).await;
    assert!(liar.list().await.is_ok());
    assert_eq!(liar.asked(), 3);
    let taken = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\netag: \"e\"\r\n\r\n";
    let liar = Liar::new(&[busy, taken]).await;
    let attributes = Attributes {
        content_type: OCTET_STREAM.to_owned(),
        sha256: None,
        original_name: None,
        request_id: None,
    };
    let seen = liar
        .store
        .put("k", &attributes, &[Bytes::from_static(b"again")])
        .await;
    assert_eq!((seen, liar.asked()), (Ok(()), 2));
}

#[tokio::test]
async fn error_body_of_many_megabytes_is_not_read() {
    let body = format!("<Error><Code>{}</Code></Error>", "x".repeat(16 << 20));
    let answer = format!(
        "HTTP/1.1 403 Forbidden\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    assert_eq!(
        Liar::new(&[&answer]).await.list().await,
        Err(Error::Forbidden)
    );
}

#[tokio::test]
async fn body_that_ends_before_its_length_is_an_error_and_not_an_end() {
    use futures::TryStreamExt;
    let answer = "HTTP/1.1 200 OK\r\ncontent-length: 10\r\netag: \"e\"\r\n\
        last-modified: Thu, 01 Jan 2026 00:00:00 GMT\r\n\r\nhalf";
    let liar = Liar::new(&[answer]).await;
    let download = liar
        .store
        .get("k", Span::WHOLE, &Condition::default())
        .await
        .expect("the head is sound");
    assert!(download.body.try_collect::<Vec<Bytes>>().await.is_err());
}

#[tokio::test]
async fn whole_object_in_place_of_a_range_is_malformed() {
    let answer = "HTTP/1.1 200 OK\r\ncontent-length: 4\r\netag: \"e\"\r\n\
        last-modified: Thu, 01 Jan 2026 00:00:00 GMT\r\n\r\nfull";
    let span = Span {
        offset: 2,
        length: None,
    };
    let seen = Liar::new(&[answer])
        .await
        .store
        .get("k", span, &Condition::default())
        .await
        .map(|_| ());
    assert_eq!(seen, Err(Error::Malformed));
}

/// The clock stands still while anything moves, and jumps when nothing does: no test waits for a timeout.
#[tokio::test(start_paused = true)]
async fn silent_store_is_given_up() {
    let listener = TcpListener::bind("127.0.0.1:0")
        .await
        .expect("loopback has free ports");
    let authority = listener.local_addr().expect("it listens").to_string();
    let silence = tokio::spawn(async move {
        let mut held = Vec::new();
        while let Ok((stream, _)) = listener.accept().await {
            held.push(stream);
        }
    });
    let endpoint = Endpoint::fake(authority);
    assert_eq!(
        Client::new(&endpoint).bucket("bucket").head("k").await,
        Err(Error::Unavailable)
    );
    silence.abort();
}
