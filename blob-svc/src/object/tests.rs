//! Uploads, copies and removals on the embedded store: what is visible, and what is left.

use super::request::{Copy, Upload};
use super::*;
use crate::Config;
use crate::embedded::Embedded;
use crate::error::Error;
use crate::key::{Folder, Key};
use crate::s3::Listing;
use crate::server::Blobs;
use bytes::Bytes;
use contract::blob::v1::put_object_request::Frame;
use contract::blob::v1::{
    BlobRef, DeletePrefixResponse, PutObjectCommit, PutObjectHeader, PutObjectRequest,
};
use futures::{StreamExt, TryStreamExt};
use sha2::Digest;
use tempfile::TempDir;
use tonic::{Code, Status};

const MIB: usize = 1 << 20;

struct Rig {
    _folder: TempDir,
    _embedded: Embedded,
    blobs: Blobs,
}

impl Rig {
    async fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let embedded = Embedded::start(folder.path(), 0, "testbucket")
            .await
            .expect("the folder can be served");
        let settings = |name: &str| (name == "MAX_FILE_SIZE_MB").then(|| "30".to_owned());
        let config = Config::read(settings).expect("good settings");
        let blobs = Blobs::new(&config, embedded.endpoint.clone());
        blobs
            .store
            .ensure_bucket()
            .await
            .expect("the bucket can be made");
        Self {
            _folder: folder,
            _embedded: embedded,
            blobs,
        }
    }

    async fn put(&self, frames: Vec<Result<Frame, Status>>) -> Result<BlobRef, Error> {
        let messages = frames
            .into_iter()
            .map(|frame| frame.map(|frame| PutObjectRequest { frame: Some(frame) }));
        let stream = futures::stream::iter(messages.collect::<Vec<_>>());
        let (upload, frames) =
            frames::open(stream, "testbucket", self.blobs.max_size_bytes).await?;
        self.blobs.upload(upload, frames).await
    }

    /// Everything that anybody could see, staging included.
    async fn keys(&self) -> Vec<String> {
        let page = self
            .blobs
            .store
            .list(&Listing {
                limit: 1_000,
                ..Listing::default()
            })
            .await;
        page.expect("the bucket can be listed")
            .objects
            .into_iter()
            .map(|object| object.key)
            .collect()
    }
}

/// What an upload knows beforehand; it decides the way to the store.
#[derive(Debug, Clone, Copy)]
struct Way {
    length: usize,
    declared: bool,
}

/// In memory; as one streamed PUT; in parts; in parts of exactly the buffer's size.
const WAYS: [Way; 5] = [
    Way {
        length: 0,
        declared: true,
    },
    Way {
        length: 3 * MIB,
        declared: false,
    },
    Way {
        length: 9 * MIB + 7,
        declared: true,
    },
    Way {
        length: 9 * MIB + 7,
        declared: false,
    },
    Way {
        length: 16 * MIB,
        declared: false,
    },
];

fn bytes(length: usize) -> Vec<u8> {
    (0..=250).cycle().take(length).collect()
}

fn hex_digest(bytes: &[u8]) -> String {
    hex::encode(sha2::Sha256::digest(bytes))
}

fn header(way: Way, content: &[u8]) -> PutObjectHeader {
    PutObjectHeader {
        key: "docs/plan.pdf".to_owned(),
        content_type: "application/pdf".to_owned(),
        original_name: "План.pdf".to_owned(),
        size_bytes: way.declared.then_some(content.len() as i64),
        sha256: if way.declared {
            hex_digest(content)
        } else {
            String::new()
        },
        request_id: "0193f5c0-0000-7000-8000-000000000001".to_owned(),
        ..PutObjectHeader::default()
    }
}

fn commit(content: &[u8]) -> PutObjectCommit {
    PutObjectCommit {
        size_bytes: content.len() as i64,
        sha256: hex_digest(content),
    }
}

fn frames(
    header: PutObjectHeader,
    content: &[u8],
    end: Option<PutObjectCommit>,
) -> Vec<Result<Frame, Status>> {
    let chunks = content
        .chunks(MIB)
        .map(|chunk| Frame::Chunk(Bytes::copy_from_slice(chunk)));
    let empty = Frame::Chunk(Bytes::new());
    [Frame::Header(header)]
        .into_iter()
        .chain(chunks)
        .chain([empty])
        .chain(end.map(Frame::Commit))
        .map(Ok)
        .collect()
}

fn code(error: Error) -> Code {
    Status::from(error).code()
}

#[tokio::test]
async fn upload_is_stored_whole_whichever_way_it_takes() {
    for way in WAYS {
        let rig = Rig::new().await;
        let content = bytes(way.length);
        let blob = rig
            .put(frames(
                header(way, &content),
                &content,
                Some(commit(&content)),
            ))
            .await
            .expect("stored");
        assert_eq!(
            (blob.size_bytes, &blob.sha256),
            (way.length as i64, &hex_digest(&content)),
            "{way:?}"
        );
        let stored = rig
            .blobs
            .store
            .head("docs/plan.pdf")
            .await
            .expect("it is there");
        assert_eq!(
            stored.attributes.sha256.map(|digest| digest.to_string()),
            Some(hex_digest(&content))
        );
        assert_eq!(stored.attributes.original_name.as_deref(), Some("План.pdf"));
        assert_eq!(
            rig.blobs
                .digest("docs/plan.pdf", &stored.etag)
                .await
                .expect("readable"),
            stored.attributes.sha256.expect("set")
        );
        assert_eq!(
            rig.keys().await,
            ["docs/plan.pdf"],
            "{way:?}: no staging object is left"
        );
    }
}

#[tokio::test]
async fn upload_that_lies_or_breaks_off_leaves_nothing_whichever_way_it_takes() {
    let rig = Rig::new().await;
    for way in WAYS {
        let content = bytes(way.length);
        let good = commit(&content);
        let longer = PutObjectCommit {
            size_bytes: good.size_bytes + 1,
            ..good.clone()
        };
        let other = PutObjectCommit {
            sha256: hex_digest(b"other"),
            ..good.clone()
        };
        let shouted = PutObjectCommit {
            sha256: good.sha256.to_uppercase(),
            ..good.clone()
        };
        for end in [None, Some(longer), Some(other), Some(shouted)] {
            let lie = frames(header(way, &content), &content, end.clone());
            assert_eq!(
                code(rig.put(lie).await.expect_err("a lie")),
                Code::InvalidArgument,
                "{way:?} {end:?}"
            );
        }
        let mut broken = frames(header(way, &content), &content, None);
        broken.push(Err(Status::cancelled("gone")));
        assert_eq!(
            code(rig.put(broken).await.expect_err("broken off")),
            Code::Cancelled,
            "{way:?}"
        );
        let mut late = frames(header(way, &content), &content, Some(good));
        late.push(Ok(Frame::Chunk(Bytes::from_static(b"late"))));
        assert_eq!(
            code(rig.put(late).await.expect_err("a frame behind the last")),
            Code::InvalidArgument,
            "{way:?}"
        );
        assert_eq!(rig.keys().await, Vec::<String>::new(), "{way:?}");
    }
}

#[tokio::test]
async fn frames_out_of_order_are_refused_by_name() {
    let rig = Rig::new().await;
    let first = header(WAYS[1], b"x");
    for (frames, field) in [
        (vec![], "header"),
        (vec![Ok(Frame::Chunk(Bytes::from_static(b"x")))], "header"),
        (vec![Ok(Frame::Commit(commit(b"")))], "header"),
        (
            vec![
                Ok(Frame::Header(first.clone())),
                Ok(Frame::Header(first.clone())),
            ],
            "header",
        ),
        (vec![Ok(Frame::Header(first.clone()))], "commit"),
        (
            vec![
                Ok(Frame::Header(first.clone())),
                Ok(Frame::Chunk(vec![0; 2 * MIB + 1].into())),
            ],
            "chunk",
        ),
    ] {
        let status = Status::from(rig.put(frames).await.expect_err("out of order"));
        assert_eq!(status.code(), Code::InvalidArgument);
        assert!(status.message().starts_with(field), "{}", status.message());
    }
}

#[tokio::test]
async fn more_than_the_limit_or_than_was_declared_is_refused() {
    let rig = Rig::new().await;
    let content = bytes(31 * MIB);
    for way in [
        Way {
            length: content.len(),
            declared: true,
        },
        Way {
            length: content.len(),
            declared: false,
        },
    ] {
        let large = frames(header(way, &content), &content, Some(commit(&content)));
        assert_eq!(
            code(rig.put(large).await.expect_err("over the limit")),
            Code::ResourceExhausted
        );
    }
    let declared = Way {
        length: 9 * MIB,
        declared: true,
    };
    let more = frames(
        header(declared, &content[..9 * MIB]),
        &content,
        Some(commit(&content)),
    );
    assert_eq!(
        code(rig.put(more).await.expect_err("more than declared")),
        Code::InvalidArgument
    );
    let less = frames(
        header(declared, &content[..9 * MIB]),
        &content[..MIB],
        Some(commit(&content[..MIB])),
    );
    assert_eq!(
        code(rig.put(less).await.expect_err("less than declared")),
        Code::InvalidArgument
    );
    assert_eq!(rig.keys().await, Vec::<String>::new());
}

#[tokio::test]
async fn same_request_id_answers_the_same_and_other_content_is_refused() {
    for way in WAYS {
        let rig = Rig::new().await;
        let content = bytes(way.length);
        let upload = || frames(header(way, &content), &content, Some(commit(&content)));
        let first = rig.put(upload()).await.expect("stored");
        assert_eq!(rig.put(upload()).await.expect("the same again"), first);
        let other = bytes(way.length + 1);
        let reused = rig
            .put(frames(header(way, &other), &other, Some(commit(&other))))
            .await;
        assert!(
            matches!(reused, Err(Error::RequestIdReused)),
            "{way:?} {reused:?}"
        );
        let renamed = PutObjectHeader {
            original_name: "other.pdf".to_owned(),
            ..header(way, &content)
        };
        let reused = rig
            .put(frames(renamed, &content, Some(commit(&content))))
            .await;
        assert!(
            matches!(reused, Err(Error::RequestIdReused)),
            "{way:?} {reused:?}"
        );
        let anonymous = PutObjectHeader {
            request_id: String::new(),
            ..header(way, &content)
        };
        let taken = rig
            .put(frames(anonymous, &content, Some(commit(&content))))
            .await;
        assert!(
            matches!(taken, Err(Error::KeyTaken(_))),
            "{way:?} {taken:?}"
        );
    }
}

#[tokio::test]
async fn uploads_of_one_request_at_once_get_one_answer_and_of_several_one_wins() {
    for way in WAYS {
        let rig = Rig::new().await;
        let content = bytes(way.length);
        let same = (0..4).map(|_| {
            rig.put(frames(
                header(way, &content),
                &content,
                Some(commit(&content)),
            ))
        });
        let answers: Vec<BlobRef> = futures::future::join_all(same)
            .await
            .into_iter()
            .collect::<Result<_, _>>()
            .expect("all succeed");
        assert!(answers.windows(2).all(|pair| pair[0] == pair[1]));
        let other = |n: u8| PutObjectHeader {
            key: "docs/contested".to_owned(),
            request_id: format!("0193f5c0-0000-7000-8000-0000000001{n:02}"),
            ..header(way, &content)
        };
        let several = (10..14).map(|n| rig.put(frames(other(n), &content, Some(commit(&content)))));
        let outcomes = futures::future::join_all(several).await;
        assert_eq!(
            outcomes.iter().filter(|outcome| outcome.is_ok()).count(),
            1,
            "{way:?} {outcomes:?}"
        );
        assert!(
            outcomes
                .iter()
                .all(|outcome| matches!(outcome, Ok(_) | Err(Error::KeyTaken(_)))),
            "{outcomes:?}"
        );
        assert_eq!(
            rig.keys().await,
            ["docs/contested", "docs/plan.pdf"],
            "{way:?}"
        );
    }
}

#[tokio::test]
async fn copy_answers_the_same_to_its_request_id_and_refuses_a_taken_key() {
    let rig = Rig::new().await;
    let content = bytes(10);
    let put = rig
        .put(frames(
            header(WAYS[1], &content),
            &content,
            Some(commit(&content)),
        ))
        .await
        .expect("stored");
    let key = |text: &str| Key::parse(text.to_owned()).expect("a key");
    let copy = |from: &str, id: u128| Copy {
        from: key(from),
        to: key("copy"),
        request_id: Uuid::from_u128(id),
    };
    let first = rig
        .blobs
        .copy(copy("docs/plan.pdf", 1))
        .await
        .expect("copied");
    assert_eq!(
        (first.sha256.clone(), first.content_type.clone()),
        (put.sha256, put.content_type)
    );
    assert_eq!(
        rig.blobs
            .copy(copy("docs/plan.pdf", 1))
            .await
            .expect("the same again"),
        first
    );
    assert!(matches!(
        rig.blobs.copy(copy("docs/plan.pdf", 2)).await,
        Err(Error::KeyTaken(_))
    ));
    assert!(matches!(
        rig.blobs.copy(copy("absent", 3)).await,
        Err(Error::NoSuchKey(_))
    ));
}

#[tokio::test]
async fn copy_of_an_object_without_a_digest_gets_one() {
    let rig = Rig::new().await;
    let foreign = Attributes {
        content_type: "text/plain".to_owned(),
        sha256: None,
        original_name: None,
        request_id: None,
    };
    rig.blobs
        .store
        .put("foreign", &foreign, crate::s3::Body::Bytes("x".into()))
        .await
        .expect("stored");
    let key = |text: &str| Key::parse(text.to_owned()).expect("a key");
    let copy = Copy {
        from: key("foreign"),
        to: key("ours"),
        request_id: Uuid::nil(),
    };
    assert_eq!(
        rig.blobs.copy(copy).await.expect("copied").sha256,
        hex_digest(b"x")
    );
}

#[tokio::test]
async fn removal_of_a_folder_counts_every_page_and_spares_its_neighbour() {
    let rig = Rig::new().await;
    let plain = Attributes {
        content_type: OCTET_STREAM.to_owned(),
        sha256: None,
        original_name: None,
        request_id: None,
    };
    let keys = (0..1_003)
        .map(|n| format!("images/{n}"))
        .chain(["images2/0".to_owned()]);
    let (store, plain) = (&rig.blobs.store, &plain);
    let puts = keys.map(async |key| {
        store
            .put(&key, plain, crate::s3::Body::Bytes("xy".into()))
            .await
    });
    futures::stream::iter(puts)
        .buffered(16)
        .try_collect::<Vec<()>>()
        .await
        .expect("stored");
    let folder = || Folder::parse("images/".to_owned()).expect("a folder");
    let counts = |steps: &[DeletePrefixResponse]| {
        steps
            .iter()
            .map(|step| (step.matched_count, step.deleted_count, step.done))
            .collect::<Vec<_>>()
    };
    let dry: Vec<_> = prefix::remove(rig.blobs.clone(), folder(), true)
        .try_collect()
        .await
        .expect("counted");
    assert_eq!(
        counts(&dry),
        [(1_000, 0, false), (1_003, 0, false), (1_003, 0, true)]
    );
    assert_eq!(dry[2].matched_bytes, 2_006);
    let wet: Vec<_> = prefix::remove(rig.blobs.clone(), folder(), false)
        .try_collect()
        .await
        .expect("removed");
    assert_eq!(
        counts(&wet),
        [
            (1_000, 1_000, false),
            (1_003, 1_003, false),
            (1_003, 1_003, true)
        ]
    );
    assert_eq!(rig.keys().await, ["images2/0"]);
}

#[test]
fn receipt_depends_on_every_field_and_is_empty_without_a_key() {
    let key = ReceiptKey::new(Some("fake-receipt-key"));
    let digest = Sha256::from([1; 32]);
    let receipt =
        |key: &ReceiptKey, name, size, kind, digest| key.blob_ref(name, size, kind, digest).receipt;
    let first = receipt(&key, "k", 1, "a/b", digest);
    assert_eq!(first.len(), 32);
    assert_eq!(first, receipt(&key, "k", 1, "a/b", digest));
    for other in [
        receipt(&key, "l", 1, "a/b", digest),
        receipt(&key, "k", 2, "a/b", digest),
        receipt(&key, "k", 1, "a/c", digest),
        receipt(&key, "k", 1, "a/b", Sha256::from([2; 32])),
        receipt(
            &ReceiptKey::new(Some("another-fake-key")),
            "k",
            1,
            "a/b",
            digest,
        ),
    ] {
        assert_ne!(first, other);
    }
    assert!(receipt(&ReceiptKey::new(None), "k", 1, "a/b", digest).is_empty());
}

#[test]
fn every_bad_field_of_a_header_is_named() {
    let bad = PutObjectHeader {
        bucket: "other".to_owned(),
        key: "../k".to_owned(),
        content_type: "no type".to_owned(),
        size_bytes: Some(-1),
        sha256: "F00".to_owned(),
        original_name: "a\nb".to_owned(),
        request_id: "7".to_owned(),
    };
    let violations = Upload::parse(bad, "testbucket").expect_err("all of it is bad");
    let mut fields = violations.fields();
    fields.sort_unstable();
    let expected = [
        "bucket",
        "content_type",
        "key",
        "original_name",
        "request_id",
        "sha256",
        "size_bytes",
    ];
    assert_eq!(fields, expected.map(|field| format!("header.{field}")));
}

#[test]
fn media_types_of_the_rfc_are_taken_and_others_are_not() {
    let judge = |text: &str| {
        let header = PutObjectHeader {
            key: "k".to_owned(),
            content_type: text.to_owned(),
            ..PutObjectHeader::default()
        };
        Upload::parse(header, "b").is_ok()
    };
    for good in [
        "",
        "application/pdf",
        "text/plain; charset=utf-8",
        "image/svg+xml",
        "a/b;c=\"d e\"",
    ] {
        assert!(judge(good), "{good}");
    }
    let long = format!("a/{}", "b".repeat(254));
    for bad in [
        "pdf",
        "a/",
        "/b",
        "a/b/c",
        "a /b",
        "a/b;  c=d",
        " a/b",
        "a/b ",
        "a/я",
        "a/b\r\nx: y",
        "a/b\0",
        &long,
    ] {
        assert!(!judge(bad), "{bad:?}");
    }
}
