//! Media types: told, or found; taken by the bucket, or not.

use super::*;
use crate::s3::{Client, Endpoint};
use contract::receipt::ReceiptKeys;

const PDF: &[u8] = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj";

impl Rig {
    /// The same store, with a bucket that takes only some types.
    async fn taking(types: &[&str]) -> Self {
        let mut rig = Self::new().await;
        let mut rules = rig.bucket.rules.clone();
        rules.content_types = types.iter().map(|&name| name.to_owned()).collect();
        let endpoint: &Endpoint = &rig._embedded.endpoint;
        rig.blobs.buckets = Buckets::new(&Client::new(endpoint), &[rules], &ReceiptKeys::default());
        rig
    }
}

/// An upload in chunks of `step` bytes.
fn stepwise(content: &[u8], content_type: &str, step: usize) -> Vec<Result<Frame, Status>> {
    let header = PutObjectHeader {
        content_type: content_type.to_owned(),
        ..header(WAYS[1], content)
    };
    let chunks = content
        .chunks(step)
        .map(|chunk| Frame::Chunk(chunk.to_vec().into()));
    [Frame::Header(header)]
        .into_iter()
        .chain(chunks)
        .chain([Frame::Commit(commit(content))])
        .map(Ok)
        .collect()
}

#[tokio::test]
async fn type_that_nobody_told_is_found_whatever_the_chunks() {
    let long = [PDF, &bytes(6 * MIB)].concat();
    for (content, expected) in [
        (PDF, "application/pdf"),
        (&long, "application/pdf"),
        ("План".as_bytes(), "text/plain; charset=utf-8"),
        (b"<html><script>", "text/plain; charset=utf-8"),
        (b"\0\x01", OCTET_STREAM),
        (b"", OCTET_STREAM),
    ] {
        let rig = Rig::new().await;
        let mut answers = Vec::new();
        // The same request again, cut otherwise: the same object.
        for step in [1_000_000, 3_000] {
            let stored = rig.put(stepwise(content, "", step)).await;
            answers.push(stored.expect("stored, or stored before"));
        }
        assert_eq!(answers[0], answers[1]);
        assert_eq!(answers[0].content_type, expected);
        let head = rig.bucket.store.head("docs/plan.pdf").await;
        assert_eq!(head.expect("it is there").attributes.content_type, expected);
    }
}

#[tokio::test]
async fn type_that_was_told_is_kept_whatever_the_bytes() {
    let rig = Rig::new().await;
    let stored = rig.put(stepwise(PDF, "image/png", 10)).await;
    assert_eq!(stored.expect("stored").content_type, "image/png");
}

#[tokio::test]
async fn type_that_the_bucket_does_not_take_is_refused_by_name_and_nothing_is_stored() {
    let rig = Rig::taking(&["image/*", "application/pdf"]).await;
    let long = bytes(6 * MIB);
    for (content, told) in [
        (PDF, "text/html"),
        (b"text", ""),
        (&long, ""),
        (b"", ""),
        (&long, OCTET_STREAM),
    ] {
        let refused = rig.put(stepwise(content, told, MIB)).await;
        let status = Status::from(refused.expect_err("not taken"));
        assert_eq!(status.code(), Code::InvalidArgument);
        let text = status.message();
        assert!(text.starts_with("header.content_type: "), "{text}");
        assert!(text.contains("`image/*`, `application/pdf`"), "{text}");
        assert!(rig.is_empty().await);
    }
    let stored = rig.put(stepwise(PDF, "", 10)).await;
    stored.expect("found to be one that is taken");
}

#[tokio::test]
async fn type_that_is_not_taken_is_refused_before_anything_else_is_read() {
    let rig = Rig::taking(&["image/*"]).await;
    let mut frames = stepwise(PDF, "text/html", 10);
    frames.truncate(1);
    let header = frames
        .into_iter()
        .map(|frame| frame.map(|frame| PutObjectRequest { frame: Some(frame) }));
    let stream = futures::stream::iter(header).chain(futures::stream::pending());
    let refused = rig.receive(stream, HOUR).await.expect_err("not taken");
    assert_eq!(code(refused), Code::InvalidArgument);
    // What was found is refused with the first bytes that tell it.
    let mut frames = stepwise(&bytes(MIB), "", 8_000);
    frames.truncate(2);
    let begun = frames
        .into_iter()
        .map(|frame| frame.map(|frame| PutObjectRequest { frame: Some(frame) }));
    let stream = futures::stream::iter(begun).chain(futures::stream::pending());
    let refused = rig.receive(stream, HOUR).await.expect_err("not taken");
    assert_eq!(code(refused), Code::InvalidArgument);
}
