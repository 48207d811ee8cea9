//! Bad requests to `PresignPost` and to the rpcs about uploads in parts.

use contract::blob::v1::{
    AbortMultipartUploadRequest, CompleteMultipartUploadRequest, CreateMultipartUploadRequest,
    PresignPartItem, PresignPartsRequest, PresignPostItem, PresignPostRequest, UploadedPart,
};
use prost_types::Duration;

use super::{
    LIMIT_MB,
    table::{Table, bad_keys, bad_names},
};

const POST: &str = "PresignService/PresignPost";
const CREATE: &str = "PresignService/CreateMultipartUpload";
const PARTS: &str = "PresignService/PresignParts";
const COMPLETE: &str = "PresignService/CompleteMultipartUpload";
const ABORT: &str = "PresignService/AbortMultipartUpload";

const FREE: &str = "chats/c/images/new.png";
/// Of the right form; there is no such upload.
const UPLOAD: &str = "0123456789abcdef0123456789abcdef.none";
/// What is no `upload_id`.
const NO_UPLOADS: [&str; 4] = [
    "",
    "none",
    "0123456789abcdef.none",
    "0123456789abcdef0123456789abcdef.a b",
];
const OVER_LIMIT: i64 = (LIMIT_MB as i64 * (1 << 20)) + 1;

/// Adds them.
pub(super) fn add(table: &mut Table) {
    forms(table);
    begins(table);
    parts(table);
    ends(table);
}

fn forms(table: &mut Table) {
    let item = |key: &str| PresignPostItem {
        key: key.to_owned(),
        ..Default::default()
    };
    let request = |items| PresignPostRequest {
        items,
        ..Default::default()
    };
    table.bad(POST, request(Vec::new()), &["items"]);
    let many = (0..1_001).map(|n| item(&format!("a{n}"))).collect();
    table.bad(POST, request(many), &["items"]);
    for key in bad_keys() {
        table.bad(
            POST,
            request(vec![item(FREE), item(&key)]),
            &["items[1].key"],
        );
    }
    table.bad(
        POST,
        request(vec![item(FREE), item("b"), item(FREE)]),
        &["items[2]"],
    );
    let crossed = PresignPostItem {
        min_size_bytes: 2,
        max_size_bytes: 1,
        ..item(FREE)
    };
    table.bad(
        POST,
        request(vec![item("b"), crossed]),
        &["items[1].min_size_bytes"],
    );
    let all = PresignPostRequest {
        bucket: "other".to_owned(),
        items: vec![
            PresignPostItem {
                key: "..".to_owned(),
                content_type: "plain".to_owned(),
                min_size_bytes: -1,
                max_size_bytes: -1,
            },
            item(""),
        ],
        expires_in: Some(Duration::default()),
    };
    let fields = [
        "bucket",
        "expires_in",
        "items[0].key",
        "items[0].content_type",
        "items[0].min_size_bytes",
        "items[0].max_size_bytes",
        "items[1].key",
    ];
    table.bad(POST, all, &fields);
    for (min_size_bytes, max_size_bytes) in [(0, OVER_LIMIT), (OVER_LIMIT, 0)] {
        let item = PresignPostItem {
            min_size_bytes,
            max_size_bytes,
            ..item(FREE)
        };
        table.over_limit(POST, request(vec![item]));
    }
}

fn begins(table: &mut Table) {
    let good = CreateMultipartUploadRequest {
        key: FREE.to_owned(),
        size_bytes: 1,
        ..Default::default()
    };
    for key in bad_keys() {
        table.bad(
            CREATE,
            CreateMultipartUploadRequest {
                key,
                ..good.clone()
            },
            &["key"],
        );
    }
    for original_name in bad_names() {
        let request = CreateMultipartUploadRequest {
            original_name,
            ..good.clone()
        };
        table.bad(CREATE, request, &["original_name"]);
    }
    let all = CreateMultipartUploadRequest {
        bucket: "other".to_owned(),
        key: "/".to_owned(),
        content_type: "/".to_owned(),
        original_name: "\u{7}".to_owned(),
        size_bytes: 0,
        request_id: "1".to_owned(),
    };
    let fields = [
        "bucket",
        "key",
        "content_type",
        "original_name",
        "size_bytes",
        "request_id",
    ];
    table.bad(CREATE, all, &fields);
    let size_bytes = OVER_LIMIT;
    table.over_limit(CREATE, CreateMultipartUploadRequest { size_bytes, ..good });
}

fn parts(table: &mut Table) {
    let part = |part_number, size_bytes| PresignPartItem {
        part_number,
        size_bytes,
    };
    let request = |parts| PresignPartsRequest {
        key: FREE.to_owned(),
        upload_id: UPLOAD.to_owned(),
        parts,
        ..Default::default()
    };
    table.bad(PARTS, request(Vec::new()), &["parts"]);
    table.bad(
        PARTS,
        request((1..=1_001).map(|n| part(n, 1)).collect()),
        &["parts"],
    );
    table.bad(
        PARTS,
        request(vec![part(1, 1), part(2, 1), part(1, 1)]),
        &["parts[2]"],
    );
    for number in [0, -1, 10_001, i32::MIN] {
        table.bad(
            PARTS,
            request(vec![part(number, 1)]),
            &["parts[0].part_number"],
        );
    }
    for size in [0, -1, i64::MIN] {
        table.bad(
            PARTS,
            request(vec![part(1, 1), part(2, size)]),
            &["parts[1].size_bytes"],
        );
    }
    for upload_id in NO_UPLOADS {
        let request = PresignPartsRequest {
            upload_id: upload_id.to_owned(),
            ..request(vec![part(1, 1)])
        };
        table.bad(PARTS, request, &["upload_id"]);
    }
    let all = PresignPartsRequest {
        bucket: "other".to_owned(),
        key: "a b".to_owned(),
        upload_id: ".".to_owned(),
        parts: vec![part(0, 0)],
        expires_in: Some(Duration {
            seconds: 1,
            nanos: 1,
        }),
    };
    let fields = [
        "bucket",
        "key",
        "upload_id",
        "parts[0].part_number",
        "parts[0].size_bytes",
        "expires_in",
    ];
    table.bad(PARTS, all, &fields);
    table.over_limit(PARTS, request(vec![part(1, OVER_LIMIT)]));
}

fn ends(table: &mut Table) {
    let part = |part_number, etag: &str| UploadedPart {
        part_number,
        etag: etag.to_owned(),
    };
    let good = CompleteMultipartUploadRequest {
        key: FREE.to_owned(),
        upload_id: UPLOAD.to_owned(),
        parts: vec![part(1, "\"a\"")],
        size_bytes: 1,
        sha256: "0".repeat(64),
        ..Default::default()
    };
    let mut bad = |parts, fields: &[&'static str]| {
        let request = CompleteMultipartUploadRequest {
            parts,
            ..good.clone()
        };
        table.bad(COMPLETE, request, fields);
    };
    bad(Vec::new(), &["parts"]);
    bad((1..=10_001).map(|n| part(n, "a")).collect(), &["parts"]);
    bad(vec![part(1, "a"), part(1, "b")], &["parts[1].part_number"]);
    bad(vec![part(2, "a"), part(1, "b")], &["parts[1].part_number"]);
    bad(
        vec![part(10_001, "a"), part(2, "")],
        &["parts[0].part_number", "parts[1].etag"],
    );
    bad(vec![part(1, "a b")], &["parts[0].etag"]);
    let all = CompleteMultipartUploadRequest {
        bucket: "other".to_owned(),
        key: "a//b".to_owned(),
        upload_id: "none".to_owned(),
        parts: Vec::new(),
        size_bytes: -1,
        sha256: String::new(),
        request_id: "1".to_owned(),
    };
    let fields = [
        "bucket",
        "key",
        "upload_id",
        "parts",
        "size_bytes",
        "sha256",
        "request_id",
    ];
    table.bad(COMPLETE, all, &fields);
    let sha256 = "A".repeat(64);
    table.bad(
        COMPLETE,
        CompleteMultipartUploadRequest {
            sha256,
            ..good.clone()
        },
        &["sha256"],
    );
    let size_bytes = OVER_LIMIT;
    table.over_limit(
        COMPLETE,
        CompleteMultipartUploadRequest { size_bytes, ..good },
    );
    for upload_id in NO_UPLOADS {
        let abort = AbortMultipartUploadRequest {
            bucket: "other".to_owned(),
            key: "/a".to_owned(),
            upload_id: upload_id.to_owned(),
            request_id: "1".to_owned(),
        };
        table.bad(ABORT, abort, &["bucket", "key", "upload_id", "request_id"]);
    }
}
