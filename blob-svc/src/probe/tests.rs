//! Trials on the embedded store, and on what stands before it and answers some requests worse.

use super::*;
use crate::Config;
use crate::embedded::Embedded;
use crate::object::{Attributes, Sha256};
use crate::s3::{Client, Endpoint, Listing};
use crate::server::Blobs;
use bytes::Bytes;
use contract::blob::v1::presign_service_server::PresignService;
use contract::blob::v1::{PresignPostItem, PresignPostRequest, PresignPutItem, PresignPutRequest};
use http::request::Parts;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::client::legacy::Client as HttpClient;
use hyper_util::rt::{TokioExecutor, TokioIo};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tempfile::TempDir;
use tokio::net::TcpListener;

const BUCKET: &str = "testbucket";
const CONDITION: &str = "if-none-match";

/// What a worse store answers instead of doing what it is asked; none lets the request through.
type Refusal = fn(&Parts, usize) -> Option<StatusCode>;

/// The embedded store behind a server that refuses some requests.
struct Worse {
    _folder: TempDir,
    _embedded: Embedded,
    store: Store,
    refused: Arc<AtomicUsize>,
}

impl Worse {
    async fn new(refusal: Refusal) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let embedded = Embedded::start(folder.path(), 0).await;
        let embedded = embedded.expect("the folder can be served");
        let made = Client::new(&embedded.endpoint)
            .bucket(BUCKET)
            .ensure_bucket()
            .await;
        made.expect("the bucket can be made");
        let listener = TcpListener::bind("127.0.0.1:0")
            .await
            .expect("loopback has free ports");
        let endpoint = Endpoint {
            authority: listener.local_addr().expect("it listens").to_string(),
            ..embedded.endpoint.clone()
        };
        let refused = Arc::new(AtomicUsize::new(0));
        tokio::spawn(pass_on(
            listener,
            embedded.endpoint.url(),
            refusal,
            Arc::clone(&refused),
        ));
        Self {
            store: Client::new(&endpoint).bucket(BUCKET),
            _folder: folder,
            _embedded: embedded,
            refused,
        }
    }

    /// What lies in the bucket, and what is under way there.
    async fn left(&self) -> (Vec<String>, String) {
        let listing = Listing {
            limit: 1_000,
            ..Listing::default()
        };
        let page = self
            .store
            .list(&listing)
            .await
            .expect("the bucket can be listed");
        let keys = page.objects.into_iter().map(|object| object.key);
        let uploads = self
            .store
            .send("GET", "", &[("uploads", "")], &[], b"")
            .await;
        let uploads = uploads.expect("uploads can be listed").body;
        (keys.collect(), String::from_utf8(uploads).expect("XML"))
    }

    async fn put(&self, key: &str, body: &'static [u8]) -> Result<(), Error> {
        let digest: [u8; 32] = <sha2::Sha256 as sha2::Digest>::digest(body).into();
        let attributes = Attributes {
            content_type: "text/plain".to_owned(),
            sha256: Some(Sha256::from(digest)),
            original_name: None,
            request_id: None,
        };
        self.store
            .put(key, &attributes, &[Bytes::from_static(body)])
            .await
    }

    fn refused(&self) -> usize {
        self.refused.load(Ordering::SeqCst)
    }
}

async fn pass_on(listener: TcpListener, to: String, refusal: Refusal, refused: Arc<AtomicUsize>) {
    let client = HttpClient::builder(TokioExecutor::new()).build_http::<Full<Bytes>>();
    while let Ok((stream, _)) = listener.accept().await {
        let (client, to, refused) = (client.clone(), to.clone(), Arc::clone(&refused));
        let service = service_fn(move |request: Request<Incoming>| {
            let (client, to, refused) = (client.clone(), to.clone(), Arc::clone(&refused));
            async move {
                let (mut head, body) = request.into_parts();
                let body = body.collect().await?.to_bytes();
                if let Some(status) = refusal(&head, refused.load(Ordering::SeqCst)) {
                    refused.fetch_add(1, Ordering::SeqCst);
                    let mut answer = Response::new(Full::<Bytes>::default());
                    *answer.status_mut() = status;
                    return Ok(answer);
                }
                head.uri = format!("{to}{}", head.uri)
                    .parse()
                    .expect("an address and a path");
                let request = Request::from_parts(head, Full::from(body));
                let answer = client
                    .request(request)
                    .await
                    .expect("the embedded store answers");
                let (head, body) = answer.into_parts();
                let body = body.collect().await?.to_bytes();
                Ok::<_, hyper::Error>(Response::from_parts(head, Full::from(body)))
            }
        });
        let server = hyper::server::conn::http1::Builder::new();
        tokio::spawn(server.serve_connection(TokioIo::new(stream), service));
    }
}

fn supported(report: &Report) -> Vec<(&'static str, bool)> {
    let findings = report.findings.iter();
    findings
        .map(|(name, finding)| (*name, finding.supported))
        .collect()
}

#[tokio::test]
async fn embedded_store_does_all_but_have_names_below_an_address_of_numbers_and_nothing_is_left() {
    let same = Worse::new(|_, _| None).await;
    let report = all(&same.store).await.expect("the store answers");
    let lacking: Vec<_> = supported(&report)
        .into_iter()
        .filter(|(_, is)| !is)
        .collect();
    assert_eq!(lacking, [("virtual_host", false)], "{report}");
    assert!(report.findings.is_sorted_by_key(|(name, _)| *name));
    let (keys, uploads) = same.left().await;
    assert!(
        keys.is_empty() && !uploads.contains("<UploadId>"),
        "{keys:?} {uploads}"
    );
}

#[tokio::test]
async fn store_that_does_not_know_conditions_is_found_out_and_written_to_without_them() {
    let worse = Worse::new(|head, _| {
        head.headers
            .contains_key(CONDITION)
            .then_some(StatusCode::NOT_IMPLEMENTED)
    })
    .await;
    let known = worse.store.capabilities().await.expect("the store answers");
    let expected = Capabilities {
        conditional_put: false,
        conditional_copy: false,
        conditional_complete: false,
        checksums: true,
        post_policy: true,
    };
    assert_eq!(known, expected);
    let tried = worse.refused();
    assert_eq!(worse.put("k", b"bytes").await, Ok(()));
    let source = worse.store.head("k").await.expect("stored");
    let copied = worse
        .store
        .copy("k", &source.etag, "copy", &source.attributes)
        .await;
    assert_eq!(copied, Ok(()));
    let mut upload = worse
        .store
        .begin("parts", &source.attributes)
        .await
        .expect("begun");
    let etag = upload
        .part(1, &[Bytes::from_static(b"bytes")])
        .await
        .expect("uploaded");
    upload.count_in(1, etag);
    assert_eq!(upload.complete().await, Ok(()));
    assert_eq!(worse.refused(), tried, "no condition was sent any more");
    assert_eq!(worse.left().await.0, ["copy", "k", "parts"]);
}

#[tokio::test]
async fn store_that_does_not_know_checksums_or_forms_is_found_out_and_written_to_without_them() {
    let worse = Worse::new(|head, _| {
        let has_checksum = head.headers.contains_key("x-amz-checksum-sha256");
        let is_form =
            head.uri.path() == "/testbucket" && head.method == "POST" && head.uri.query().is_none();
        (has_checksum || is_form).then_some(StatusCode::NOT_IMPLEMENTED)
    })
    .await;
    let known = worse.store.capabilities().await.expect("the store answers");
    assert!(
        !known.checksums && !known.post_policy && known.conditional_put,
        "{known:?}"
    );
    assert_eq!(worse.put("k", b"bytes").await, Ok(()));
    assert_eq!(worse.put("k", b"bytes").await, Err(Error::ConditionFailed));
}

#[tokio::test]
async fn store_that_is_away_proves_nothing_and_is_tried_again_by_the_next_write() {
    // Four tries of what comes first, each with five trials at once, and nothing more than that.
    let worse =
        Worse::new(|_, refused| (refused < 8).then_some(StatusCode::SERVICE_UNAVAILABLE)).await;
    let mut outcomes = Vec::new();
    while outcomes.last() != Some(&Ok(())) && outcomes.len() < 9 {
        outcomes.push(worse.put("k", b"bytes").await);
    }
    assert_eq!(outcomes.last(), Some(&Ok(())), "{outcomes:?}");
    let known = worse.store.capabilities().await.expect("known by now");
    assert!(
        known.conditional_put && known.checksums && known.post_policy,
        "{known:?}"
    );
}

#[tokio::test]
async fn trials_remove_what_they_made_also_when_they_fail() {
    let worse = Worse::new(|head, _| {
        let completes = head.method == "POST"
            && head
                .uri
                .query()
                .is_some_and(|query| query.contains("uploadId"));
        completes.then_some(StatusCode::BAD_REQUEST)
    })
    .await;
    let report = all(&worse.store).await.expect("the store answers");
    let lacking: Vec<_> = supported(&report)
        .into_iter()
        .filter(|(_, is)| !is)
        .map(|(name, _)| name)
        .collect();
    assert_eq!(
        lacking,
        ["conditional_complete", "multipart", "virtual_host"],
        "{report}"
    );
    let (keys, uploads) = worse.left().await;
    assert!(
        keys.is_empty() && !uploads.contains("<UploadId>"),
        "{keys:?} {uploads}"
    );
}

#[tokio::test]
async fn bucket_that_is_absent_is_an_error_and_no_finding() {
    let same = Worse::new(|_, _| None).await;
    let absent = Client::new(same.store.endpoint()).bucket("absentbucket");
    assert_eq!(all(&absent).await, Err(Error::NoSuchBucket));
    assert_eq!(absent.capabilities().await, Err(Error::NoSuchBucket));
}

/// The rpcs on such a store.
fn rpcs(worse: &Worse) -> Blobs {
    let settings = |name: &str| (name == "S3_BUCKET").then(|| BUCKET.to_owned());
    let config = contract::settings::from(&settings, Config::read).expect("good settings");
    Blobs::new(&config, worse.store.endpoint().clone())
}

#[tokio::test]
async fn signed_writes_ask_for_no_more_than_the_store_does() {
    let worse = Worse::new(|head, _| {
        head.headers
            .contains_key(CONDITION)
            .then_some(StatusCode::NOT_IMPLEMENTED)
    })
    .await;
    let item = PresignPutItem {
        key: "k".to_owned(),
        size_bytes: 5,
        ..PresignPutItem::default()
    };
    let request = PresignPutRequest {
        items: vec![item],
        ..PresignPutRequest::default()
    };
    let signed = rpcs(&worse).presign_put(tonic::Request::new(request)).await;
    let url = signed.expect("signed").into_inner().urls.remove(0);
    assert!(!url.headers.contains_key(CONDITION), "{:?}", url.headers);
    let headers: Vec<_> = url
        .headers
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    let put = worse
        .store
        .send_unsigned("PUT", &url.url, &headers, b"bytes".to_vec())
        .await;
    assert_eq!(put.expect("the store answers").status, 200);
}

#[tokio::test]
async fn forms_are_not_signed_for_a_store_that_takes_none() {
    let worse = Worse::new(|head, _| {
        let is_form = head.method == "POST" && head.uri.query().is_none();
        is_form.then_some(StatusCode::METHOD_NOT_ALLOWED)
    })
    .await;
    let item = PresignPostItem {
        key: "k".to_owned(),
        max_size_bytes: 5,
        ..PresignPostItem::default()
    };
    let request = PresignPostRequest {
        items: vec![item],
        ..PresignPostRequest::default()
    };
    let refused = rpcs(&worse)
        .presign_post(tonic::Request::new(request))
        .await;
    let status = refused.expect_err("there are no forms");
    assert_eq!(status.code(), tonic::Code::FailedPrecondition, "{status}");
    assert!(status.message().contains("PresignPut"), "{status}");
}

#[test]
fn report_is_a_table_and_json() {
    let finding = |supported| Finding {
        supported,
        detail: "seen".to_owned(),
    };
    let report = Report {
        bucket: "b".to_owned(),
        findings: vec![("long_name", finding(true)), ("short", finding(false))],
    };
    assert_eq!(
        report.to_string(),
        "long_name  yes  seen\nshort      no   seen\n"
    );
    let json = report.json();
    assert_eq!(json["bucket"], "b");
    assert_eq!(json["capabilities"][1]["supported"], false);
}
