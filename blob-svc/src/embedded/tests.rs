//! The backend as callers meet it: through its endpoint, with the client of [`crate::s3`] and with signed URLs.

use super::*;
use crate::object::{Attributes, OCTET_STREAM, Sha256 as Digest, Span};
use crate::s3::{Body, Condition, Error as StoreError, Listing, Store};
use crate::sign::{Lifetime, Presigned, Signer, attachment};
use bytes::Bytes;
use futures::TryStreamExt;
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::time::Duration;
use tempfile::TempDir;
use time::OffsetDateTime;
use uuid::Uuid;

/// An endpoint on an empty folder, with its bucket made.
struct Rig {
    folder: TempDir,
    embedded: Embedded,
    store: Store,
}

impl Rig {
    async fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let (embedded, store) = Self::open(&folder).await;
        store.ensure_bucket().await.expect("the bucket can be made");
        Self {
            folder,
            embedded,
            store,
        }
    }

    async fn open(folder: &TempDir) -> (Embedded, Store) {
        let embedded = Embedded::start(folder.path(), 0, "testbucket")
            .await
            .expect("the folder can be served");
        let store = Store::new(&embedded.endpoint);
        (embedded, store)
    }

    /// Stops the endpoint, lets `meanwhile` at the folder, and serves it again.
    async fn restart(self, meanwhile: impl FnOnce(&Path)) -> Self {
        let Self {
            folder,
            embedded,
            store,
        } = self;
        drop((embedded, store));
        meanwhile(folder.path());
        // The index is unlocked when the last connection has let go of it.
        let deadline = std::time::Instant::now() + Duration::from_secs(20);
        while let Err(error) = Backend::open(folder.path()) {
            assert!(
                std::time::Instant::now() < deadline,
                "the index stays locked: {error}"
            );
            tokio::task::yield_now().await;
        }
        let (embedded, store) = Self::open(&folder).await;
        Self {
            folder,
            embedded,
            store,
        }
    }

    async fn put(&self, key: &str, bytes: impl Into<Bytes>) -> Result<(), StoreError> {
        self.store
            .put(key, &plain(), Body::Bytes(bytes.into()))
            .await
    }

    async fn get(&self, key: &str, span: Span) -> Result<Vec<u8>, StoreError> {
        let download = self.store.get(key, span, &Condition::default()).await?;
        let chunks: Vec<Bytes> = download
            .body
            .try_collect()
            .await
            .expect("the body comes whole");
        Ok(chunks.concat())
    }

    async fn keys(&self, listing: Listing) -> Vec<String> {
        let page = self
            .store
            .list(&listing)
            .await
            .expect("the bucket can be listed");
        page.objects.into_iter().map(|object| object.key).collect()
    }

    fn files(&self) -> usize {
        data_files(self.folder.path()).len()
    }

    fn signer(&self) -> Signer {
        Signer::new(self.embedded.endpoint.clone())
    }
}

fn data_files(folder: &Path) -> Vec<PathBuf> {
    let shards = fs::read_dir(folder.join("objects")).expect("the folder is there");
    let files =
        shards.flat_map(|shard| fs::read_dir(shard.expect("readable").path()).expect("readable"));
    files.map(|file| file.expect("readable").path()).collect()
}

fn plain() -> Attributes {
    Attributes {
        content_type: OCTET_STREAM.to_owned(),
        sha256: None,
        original_name: None,
        request_id: None,
    }
}

fn all() -> Listing {
    Listing {
        limit: 1_000,
        ..Listing::default()
    }
}

fn minute() -> Lifetime {
    Lifetime::new(OffsetDateTime::now_utc(), Duration::from_secs(60))
}

async fn send(
    method: &str,
    url: &str,
    headers: &[(&str, &str)],
    body: &'static [u8],
) -> http::Response<Bytes> {
    let mut request = http::Request::builder().method(method).uri(url);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request
        .body(Full::new(Bytes::from_static(body)))
        .expect("a request can be made of this");
    let client = Client::builder(TokioExecutor::new()).build_http();
    let answer = client.request(request).await.expect("the endpoint answers");
    let (head, body) = answer.into_parts();
    http::Response::from_parts(head, body.collect().await.expect("a whole body").to_bytes())
}

async fn send_signed(
    method: &str,
    signed: &Presigned,
    body: &'static [u8],
) -> http::Response<Bytes> {
    let headers: Vec<_> = signed
        .headers
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    send(method, &signed.url, &headers, body).await
}

#[tokio::test]
async fn object_comes_back_with_its_bytes_and_attributes() {
    let rig = Rig::new().await;
    let attributes = Attributes {
        content_type: "application/pdf".to_owned(),
        sha256: Some(Digest::from([7; 32])),
        original_name: Some("  План   участка №5.pdf ".to_owned()),
        request_id: Some(Uuid::now_v7()),
    };
    let bytes = Bytes::from(vec![42; 700_000]);
    rig.store
        .put("a/b.pdf", &attributes, Body::Bytes(bytes.clone()))
        .await
        .expect("stored");
    let stored = rig.store.head("a/b.pdf").await.expect("it is there");
    assert_eq!(
        (stored.size_bytes, stored.attributes),
        (700_000, attributes)
    );
    assert_eq!(
        rig.get("a/b.pdf", Span::WHOLE).await.expect("readable"),
        bytes
    );
}

#[tokio::test]
async fn ranges_answer_their_bytes_and_a_start_behind_the_end_is_refused() {
    let rig = Rig::new().await;
    rig.put("k", "0123456789").await.expect("stored");
    let span = |offset, length| Span { offset, length };
    assert_eq!(
        rig.get("k", span(3, Some(4))).await.expect("readable"),
        b"3456"
    );
    assert_eq!(rig.get("k", span(7, None)).await.expect("readable"), b"789");
    assert_eq!(
        rig.get("k", span(9, Some(100))).await.expect("readable"),
        b"9"
    );
    assert_eq!(
        rig.get("k", span(10, None)).await,
        Err(StoreError::InvalidRange)
    );
    rig.put("empty", "").await.expect("stored");
    assert_eq!(rig.get("empty", Span::WHOLE).await.expect("readable"), b"");
}

#[tokio::test]
async fn taken_key_is_refused_and_its_bytes_stay() {
    let rig = Rig::new().await;
    rig.put("k", "first").await.expect("stored");
    assert_eq!(
        rig.put("k", "second").await,
        Err(StoreError::ConditionFailed)
    );
    assert_eq!(rig.get("k", Span::WHOLE).await.expect("readable"), b"first");
    assert_eq!(rig.files(), 1, "the refused bytes are gone");
}

#[tokio::test]
async fn of_many_puts_of_one_key_at_once_exactly_one_wins() {
    let rig = Rig::new().await;
    let puts = (0..12).map(|n| rig.put("k", format!("writer {n}")));
    let outcomes = futures::future::join_all(puts).await;
    assert_eq!(
        outcomes.iter().filter(|outcome| outcome.is_ok()).count(),
        1,
        "{outcomes:?}"
    );
    assert_eq!(rig.files(), 1);
}

#[tokio::test]
async fn body_that_ends_early_leaves_nothing() {
    let rig = Rig::new().await;
    let broken = futures::stream::iter([
        Ok(Bytes::from_static(b"half")),
        Err(std::io::Error::other("given up")),
    ]);
    let body = Body::Stream {
        stream: Box::pin(broken),
        length: 8,
    };
    assert_eq!(
        rig.store.put("k", &plain(), body).await,
        Err(StoreError::Unavailable)
    );
    assert_eq!(rig.store.head("k").await, Err(StoreError::NoSuchKey));
    let rig = rig.restart(|_| {}).await;
    assert_eq!(rig.files(), 0);
    assert_eq!(
        fs::read_dir(rig.folder.path().join("incoming"))
            .expect("readable")
            .count(),
        0
    );
}

#[tokio::test]
async fn any_key_of_1024_bytes_is_stored_listed_and_removed() {
    let rig = Rig::new().await;
    let mut keys: Vec<String> = [
        "../other/key",
        "a//b",
        ".",
        "ключ с пробелом + плюс",
        "q?x=1&y#z%41",
        "tab\there",
        "new\nline",
        "<&\"'>",
    ]
    .map(str::to_owned)
    .into();
    keys.push("k".repeat(1_024));
    keys.push("ж/".repeat(341));
    for key in &keys {
        rig.put(key, key.clone())
            .await
            .unwrap_or_else(|error| panic!("{key:?}: {error}"));
    }
    keys.sort_unstable();
    assert_eq!(rig.keys(all()).await, keys);
    for key in &keys {
        assert_eq!(
            rig.get(key, Span::WHOLE).await.expect("readable"),
            key.as_bytes()
        );
        rig.store
            .delete(key)
            .await
            .unwrap_or_else(|error| panic!("{key:?}: {error}"));
    }
    assert!(rig.keys(all()).await.is_empty());
    assert_eq!(rig.files(), 0);
}

#[tokio::test]
async fn pages_cover_a_listing_once_with_and_without_folders() {
    let rig = Rig::new().await;
    for key in ["a/1", "a/2", "b", "c/1", "c/2/3", "c0", "d/1"] {
        rig.put(key, "").await.expect("stored");
    }
    for (prefix, delimiter, expected) in [
        ("", Some("/"), vec!["b", "c0", "a/", "c/", "d/"]),
        ("c/", Some("/"), vec!["c/1", "c/2/"]),
        (
            "",
            None,
            vec!["a/1", "a/2", "b", "c/1", "c/2/3", "c0", "d/1"],
        ),
        ("nothing/", None, vec![]),
    ] {
        for limit in 1..9 {
            let (mut objects, mut prefixes, mut continuation) = (Vec::new(), Vec::new(), None);
            loop {
                let listing = Listing {
                    prefix: prefix.to_owned(),
                    delimiter: delimiter.map(str::to_owned),
                    continuation,
                    limit,
                    ..Listing::default()
                };
                let page = rig
                    .store
                    .list(&listing)
                    .await
                    .expect("the bucket can be listed");
                assert!(page.objects.len() + page.prefixes.len() <= usize::from(limit));
                objects.extend(page.objects.into_iter().map(|object| object.key));
                prefixes.extend(page.prefixes);
                continuation = page.next;
                if continuation.is_none() {
                    break;
                }
            }
            objects.extend(prefixes);
            assert_eq!(objects, expected, "prefix {prefix:?}, pages of {limit}");
        }
    }
    let after = Listing {
        start_after: Some("c/1".to_owned()),
        ..all()
    };
    assert_eq!(rig.keys(after).await, ["c/2/3", "c0", "d/1"]);
}

#[tokio::test]
async fn absent_bucket_is_told_from_an_empty_one() {
    let rig = Rig::new().await;
    assert!(rig.keys(all()).await.is_empty());
    let absent = Store::new(&Endpoint {
        bucket: "absent".to_owned(),
        ..rig.embedded.endpoint.clone()
    });
    assert_eq!(absent.list(&all()).await, Err(StoreError::NoSuchBucket));
    assert_eq!(absent.bucket_exists().await, Ok(false));
    assert_eq!(
        absent.put("k", &plain(), Body::Bytes(Bytes::new())).await,
        Err(StoreError::NoSuchBucket)
    );
}

#[tokio::test]
async fn wrong_secret_is_forbidden() {
    let rig = Rig::new().await;
    let stranger = Store::new(&Endpoint {
        secret_key: "fake".to_owned(),
        ..rig.embedded.endpoint.clone()
    });
    assert_eq!(stranger.head("k").await, Err(StoreError::Forbidden));
    assert_eq!(stranger.list(&all()).await, Err(StoreError::Forbidden));
}

#[tokio::test]
async fn copy_outlives_its_source_and_has_attributes_of_its_own() {
    let rig = Rig::new().await;
    rig.put("from", "bytes").await.expect("stored");
    let etag = rig.store.head("from").await.expect("it is there").etag;
    let attributes = Attributes {
        content_type: "text/plain".to_owned(),
        ..plain()
    };
    rig.store
        .copy("from", &etag, "to", &attributes)
        .await
        .expect("copied");
    assert_eq!(
        rig.store.copy("from", &etag, "to", &attributes).await,
        Err(StoreError::ConditionFailed)
    );
    assert_eq!(
        rig.store.copy("absent", &etag, "free", &attributes).await,
        Err(StoreError::NoSuchKey)
    );
    assert_eq!(
        rig.store
            .copy("from", "\"other\"", "free", &attributes)
            .await,
        Err(StoreError::ConditionFailed)
    );
    rig.store.delete("from").await.expect("removed");
    assert_eq!(
        rig.get("to", Span::WHOLE).await.expect("readable"),
        b"bytes"
    );
    assert_eq!(
        rig.store
            .head("to")
            .await
            .expect("it is there")
            .attributes
            .content_type,
        "text/plain"
    );
    assert_eq!(rig.files(), 1);
}

#[tokio::test]
async fn removing_many_takes_absent_keys_for_gone() {
    let rig = Rig::new().await;
    rig.put("a", "1").await.expect("stored");
    rig.put("b", "2").await.expect("stored");
    let keys = ["a", "absent", "b"].map(str::to_owned);
    assert_eq!(rig.store.delete_many(&keys).await, Ok(Vec::new()));
    assert_eq!(rig.files(), 0);
    rig.store
        .delete("a")
        .await
        .expect("removing an absent object succeeds");
}

#[tokio::test]
async fn reader_keeps_its_bytes_when_the_object_is_removed_under_it() {
    let rig = Rig::new().await;
    let bytes = vec![5; 3 << 20];
    rig.put("k", bytes.clone()).await.expect("stored");
    let download = rig
        .store
        .get("k", Span::WHOLE, &Condition::default())
        .await
        .expect("readable");
    rig.store.delete("k").await.expect("removed");
    let chunks: Vec<Bytes> = download
        .body
        .try_collect()
        .await
        .expect("the body comes whole");
    assert!(chunks.concat() == bytes);
}

#[tokio::test]
async fn parts_become_one_object_and_leave_no_files_of_their_own() {
    let rig = Rig::new().await;
    let mut upload = rig.store.begin("big", &plain()).await.expect("begun");
    upload
        .part(Bytes::from(vec![1; 5 << 20]))
        .await
        .expect("a part");
    upload
        .part(Bytes::from_static(b"end"))
        .await
        .expect("the last part");
    assert_eq!(
        rig.store.head("big").await,
        Err(StoreError::NoSuchKey),
        "nothing shows before the end"
    );
    upload.complete().await.expect("completed");
    let stored = rig.store.head("big").await.expect("it is there");
    assert_eq!(stored.size_bytes, (5 << 20) + 3);
    assert!(stored.etag.ends_with("-2\""), "{}", stored.etag);
    assert_eq!(
        rig.get(
            "big",
            Span {
                offset: (5 << 20) - 1,
                length: None
            }
        )
        .await
        .expect("readable"),
        b"\x01end"
    );
    assert_eq!(rig.files(), 1);
    assert_eq!(upload.complete().await, Err(StoreError::NoSuchUpload));
}

#[tokio::test]
async fn small_part_in_the_middle_and_a_taken_key_are_refused_and_abort_cleans_up() {
    let rig = Rig::new().await;
    let mut upload = rig.store.begin("k", &plain()).await.expect("begun");
    upload
        .part(Bytes::from_static(b"small"))
        .await
        .expect("a part");
    upload
        .part(Bytes::from_static(b"end"))
        .await
        .expect("the last part");
    assert_eq!(upload.complete().await, Err(StoreError::Refused));
    upload.abort().await.expect("aborted");
    let mut late = rig.store.begin("k", &plain()).await.expect("begun");
    late.part(Bytes::from_static(b"late"))
        .await
        .expect("a part");
    rig.put("k", "first").await.expect("stored");
    assert_eq!(late.complete().await, Err(StoreError::ConditionFailed));
    late.abort().await.expect("aborted");
    assert_eq!(rig.get("k", Span::WHOLE).await.expect("readable"), b"first");
    assert_eq!(rig.files(), 1);
}

#[tokio::test]
async fn signed_get_answers_the_bytes_under_the_original_name() {
    let rig = Rig::new().await;
    rig.put("docs/plan.pdf", "bytes").await.expect("stored");
    let signed = rig
        .signer()
        .get("docs/plan.pdf", Some(&attachment("План.pdf")), minute());
    let answer = send_signed("GET", &signed, b"").await;
    assert_eq!(
        (answer.status().as_u16(), answer.body().as_ref()),
        (200, &b"bytes"[..])
    );
    assert_eq!(
        answer.headers()["content-disposition"],
        attachment("План.pdf").as_str()
    );
    let forged = Presigned {
        url: signed.url.replace("plan.pdf", "other.pdf"),
        ..signed
    };
    assert_eq!(send_signed("GET", &forged, b"").await.status(), 403);
}

#[tokio::test]
async fn expired_url_is_refused() {
    let rig = Rig::new().await;
    rig.put("k", "bytes").await.expect("stored");
    let past = Lifetime::new(
        OffsetDateTime::now_utc() - time::Duration::hours(1),
        Duration::from_secs(60),
    );
    assert_eq!(
        send_signed("GET", &rig.signer().get("k", None, past), b"")
            .await
            .status(),
        403
    );
}

#[tokio::test]
async fn signed_put_takes_exactly_what_it_was_signed_for() {
    let rig = Rig::new().await;
    let digest = Digest::parse("2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881")
        .expect("of `x`");
    let signed = rig
        .signer()
        .put("k", "text/plain", 1, Some(digest), minute());
    assert_eq!(
        send_signed("PUT", &signed, b"y").await.status(),
        400,
        "another digest"
    );
    let other_type: Vec<_> = signed
        .headers
        .iter()
        .map(|(name, value)| {
            (
                *name,
                if *name == "content-type" {
                    "text/html"
                } else {
                    value.as_str()
                },
            )
        })
        .collect();
    assert_eq!(
        send("PUT", &signed.url, &other_type, b"x").await.status(),
        403,
        "another type"
    );
    let longer: Vec<_> = signed
        .headers
        .iter()
        .map(|(name, value)| {
            (
                *name,
                if *name == "content-length" {
                    "2"
                } else {
                    value.as_str()
                },
            )
        })
        .collect();
    assert_eq!(
        send("PUT", &signed.url, &longer, b"xx").await.status(),
        403,
        "another length"
    );
    assert_eq!(rig.store.head("k").await, Err(StoreError::NoSuchKey));
    assert_eq!(send_signed("PUT", &signed, b"x").await.status(), 200);
    assert_eq!(
        send_signed("PUT", &signed, b"x").await.status(),
        412,
        "the key is taken"
    );
    assert_eq!(
        rig.store
            .head("k")
            .await
            .expect("it is there")
            .attributes
            .content_type,
        "text/plain"
    );
}

#[tokio::test]
async fn wrong_md5_is_refused_and_leaves_nothing() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let backend = Backend::open(folder.path()).expect("an empty folder opens");
    let md5 = Some("AAAAAAAAAAAAAAAAAAAAAA==".to_owned());
    let claims = digest::Claims {
        md5,
        ..digest::Claims::default()
    };
    let body = s3s::Body::from(Bytes::from_static(b"bytes")).into();
    let received = backend
        .receive(Some(body), claims)
        .await
        .expect("it arrives");
    let refused = received
        .keep(&backend.0.files)
        .expect_err("the digest differs");
    assert!(
        matches!(refused, Error::Refused(s3s::S3ErrorCode::BadDigest)),
        "{refused}"
    );
    assert!(data_files(folder.path()).is_empty());
}

#[tokio::test]
async fn restart_keeps_objects_address_and_credentials_and_removes_what_no_entry_names() {
    let rig = Rig::new().await;
    rig.put("k", "bytes").await.expect("stored");
    let signed = rig.signer().get("k", None, minute());
    let rig = rig
        .restart(|folder| {
            let leftover = Uuid::now_v7();
            let shard = folder
                .join("objects")
                .join(format!("{:02x}", leftover.as_bytes()[15]));
            fs::write(shard.join(leftover.to_string()), "renamed, not committed")
                .expect("writable");
            fs::write(
                folder.join("incoming").join(Uuid::now_v7().to_string()),
                "half",
            )
            .expect("writable");
        })
        .await;
    assert_eq!(rig.files(), 1);
    assert_eq!(
        fs::read_dir(rig.folder.path().join("incoming"))
            .expect("readable")
            .count(),
        0
    );
    assert_eq!(
        send_signed("GET", &signed, b"").await.body().as_ref(),
        b"bytes",
        "the URL outlives the restart"
    );
    let mode = fs::metadata(rig.folder.path().join("credentials.json"))
        .expect("it is there")
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[tokio::test]
async fn second_process_on_the_folder_is_refused() {
    let rig = Rig::new().await;
    assert!(Backend::open(rig.folder.path()).is_err());
}
