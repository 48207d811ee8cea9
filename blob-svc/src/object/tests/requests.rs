//! What is judged and said without a store.

use super::*;
use crate::s3::{Client, Endpoint};
use contract::receipt::ReceiptKeys;

fn buckets() -> Buckets {
    let rules = Rules::new("testbucket", 1);
    let client = Client::new(&Endpoint::fake("localhost".to_owned()));
    Buckets::new(&client, &[rules], &ReceiptKeys::default())
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
    let violations = Upload::parse(bad, &buckets()).expect_err("all of it is bad");
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
        Upload::parse(header, &buckets()).is_ok()
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
