//! What a bucket takes bounds what is signed for it.

use std::fs;

use contract::blob::v1::{
    CreateMultipartUploadRequest, PresignPostItem, PresignPostRequest, PresignPutItem,
    PresignPutRequest,
};
use tempfile::TempDir;
use tests::Service;
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use crate::blob;

const BUCKET: &str = "banners";
const RULES: &str =
    r#"{"buckets": [{"name": "banners", "max_size_bytes": 1000, "content_types": ["image/*"]}]}"#;

/// The bad fields that a status names, and what it tells of the first.
fn told(status: &Status) -> (Vec<String>, String) {
    assert_eq!(status.code(), Code::InvalidArgument, "{status:?}");
    let bad = status.get_details_bad_request();
    let bad = bad.expect("it names the bad fields").field_violations;
    let first = bad[0].description.clone();
    (bad.into_iter().map(|bad| bad.field).collect(), first)
}

fn puts(items: &[(&str, i64)]) -> PresignPutRequest {
    let item = |(i, &(content_type, size_bytes)): (usize, &(&str, i64))| PresignPutItem {
        key: format!("a{i}"),
        content_type: content_type.to_owned(),
        size_bytes,
        ..Default::default()
    };
    PresignPutRequest {
        bucket: BUCKET.to_owned(),
        items: items.iter().enumerate().map(item).collect(),
        ..Default::default()
    }
}

fn posts(items: &[(&str, i64)]) -> PresignPostRequest {
    let item = |(i, &(content_type, max_size_bytes)): (usize, &(&str, i64))| PresignPostItem {
        key: format!("a{i}"),
        content_type: content_type.to_owned(),
        max_size_bytes,
        ..Default::default()
    };
    PresignPostRequest {
        bucket: BUCKET.to_owned(),
        items: items.iter().enumerate().map(item).collect(),
        ..Default::default()
    }
}

#[tokio::test]
async fn types_and_sizes_that_a_bucket_does_not_take_are_refused_by_item() {
    let folder = TempDir::new().expect("a temporary folder can be made");
    let file = folder.path().join("buckets.json");
    fs::write(&file, RULES).expect("a file can be written");
    let file = file.to_str().expect("its name is text").to_owned();
    let service = Service::start("blob-svc", &[("S3_BUCKETS_FILE", file)]).await;
    let mut presign = blob::presign(&service);
    let create = |content_type: &str, size_bytes| CreateMultipartUploadRequest {
        bucket: BUCKET.to_owned(),
        key: "a".to_owned(),
        content_type: content_type.to_owned(),
        size_bytes,
        ..Default::default()
    };

    let types = [
        ("image/png", 1),
        ("text/html", 1),
        ("IMAGE/GIF; a=b", 1),
        ("", 1),
    ];
    let bad = ["items[1].content_type", "items[3].content_type"];
    let put = presign
        .presign_put(puts(&types))
        .await
        .expect_err("two are not taken");
    let post = presign
        .presign_post(posts(&types))
        .await
        .expect_err("two are not taken");
    for refused in [put, post] {
        let (fields, description) = told(&refused);
        assert_eq!(fields, bad);
        assert!(description.contains("`image/*`"), "{description}");
    }
    let refused = presign
        .create_multipart_upload(create("text/html", 1))
        .await;
    let (fields, description) = told(&refused.expect_err("it is not taken"));
    assert_eq!(fields, ["content_type"]);
    assert!(description.contains("`image/*`"), "{description}");

    let over = [("image/png", 1_000), ("image/png", 1_001)];
    let refused = [
        presign.presign_put(puts(&over)).await.err(),
        presign.presign_post(posts(&over)).await.err(),
        presign
            .create_multipart_upload(create("image/png", 1_001))
            .await
            .err(),
    ];
    for refused in refused {
        let refused = refused.expect("one is too large");
        assert_eq!(refused.code(), Code::ResourceExhausted, "{refused:?}");
        assert!(refused.message().contains("1000"), "{refused:?}");
    }
    presign
        .presign_put(puts(&over[..1]))
        .await
        .expect("it is taken");
    presign
        .presign_post(posts(&over[..1]))
        .await
        .expect("it is taken");
    presign
        .create_multipart_upload(create("image/png", 1_000))
        .await
        .expect("it is taken");
}
