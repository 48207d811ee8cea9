//! Bad requests for objects that are there: reads, removals, batches; and for new keys.

use contract::blob::v1::{
    AbortStaleUploadsRequest, BatchHeadObjectsRequest, DeleteObjectRequest, DeleteObjectsRequest,
    DeletePrefixRequest, GetObjectRequest, HeadObjectRequest, KeyKind, NewKeyRequest,
};

use prost_types::Duration as WireDuration;

use super::{
    THERE,
    table::{Table, bad_batches, bad_keys, bad_names},
};

const FREE: &str = "chats/c/images/new.png";

/// Adds them.
pub(super) fn add(table: &mut Table) {
    single_keys(table);
    ranges(table);
    batches(table);
    stale_uploads(table);
    new_keys(table);
}

fn single_keys(table: &mut Table) {
    for key in bad_keys() {
        table.bad(
            "ObjectService/HeadObject",
            HeadObjectRequest {
                key: key.clone(),
                ..Default::default()
            },
            &["key"],
        );
        table.bad(
            "ObjectService/GetObject",
            GetObjectRequest {
                key: key.clone(),
                ..Default::default()
            },
            &["key"],
        );
        table.bad(
            "ObjectService/DeleteObject",
            DeleteObjectRequest {
                key: key.clone(),
                ..Default::default()
            },
            &["key"],
        );
        // `k` 1,025 times and then a slash, so that the length is what is wrong with it.
        let prefix = if key.len() > 1_024 {
            format!("{key}/")
        } else {
            key
        };
        table.bad(
            "ObjectService/DeletePrefix",
            DeletePrefixRequest {
                prefix,
                ..Default::default()
            },
            &["prefix"],
        );
    }
    let (bucket, key, request_id) = ("other".to_owned(), "/".to_owned(), "1".to_owned());
    table.bad(
        "ObjectService/HeadObject",
        HeadObjectRequest {
            bucket: bucket.clone(),
            key: key.clone(),
        },
        &["bucket", "key"],
    );
    table.bad(
        "ObjectService/DeleteObject",
        DeleteObjectRequest {
            bucket: bucket.clone(),
            key: key.clone(),
            request_id: request_id.clone(),
        },
        &["bucket", "key", "request_id"],
    );
    for prefix in ["chats", "chats/a/images", "chats//", "/", "chats/../"] {
        let request = DeletePrefixRequest {
            bucket: bucket.clone(),
            prefix: prefix.to_owned(),
            request_id: request_id.clone(),
            ..Default::default()
        };
        table.bad(
            "ObjectService/DeletePrefix",
            request,
            &["bucket", "prefix", "request_id"],
        );
    }
}

fn ranges(table: &mut Table) {
    let there = || GetObjectRequest {
        key: THERE[0].to_owned(),
        ..Default::default()
    };
    let mut bad = |request: GetObjectRequest, fields: &[&'static str]| {
        table.bad("ObjectService/GetObject", request, fields);
    };
    bad(
        GetObjectRequest {
            offset_bytes: -1,
            ..there()
        },
        &["offset_bytes"],
    );
    bad(
        GetObjectRequest {
            length_bytes: -1,
            ..there()
        },
        &["length_bytes"],
    );
    bad(
        GetObjectRequest {
            offset_bytes: 11,
            ..there()
        },
        &["offset_bytes"],
    );
    bad(
        GetObjectRequest {
            offset_bytes: i64::MAX,
            length_bytes: i64::MAX,
            ..there()
        },
        &["offset_bytes"],
    );
    bad(
        GetObjectRequest {
            if_match: "ж".to_owned(),
            ..there()
        },
        &["if_match"],
    );
    bad(
        GetObjectRequest {
            if_none_match: "a\r\nb".to_owned(),
            ..there()
        },
        &["if_none_match"],
    );
    let all = GetObjectRequest {
        bucket: "other".to_owned(),
        key: "/".to_owned(),
        offset_bytes: -1,
        length_bytes: -1,
        if_match: "\n".to_owned(),
        if_none_match: "e".repeat(5_000),
    };
    bad(
        all,
        &[
            "bucket",
            "key",
            "offset_bytes",
            "length_bytes",
            "if_match",
            "if_none_match",
        ],
    );
}

fn batches(table: &mut Table) {
    let mut bad = |keys: Vec<String>, fields: &[&'static str]| {
        let bucket = String::new();
        table.bad(
            "ObjectService/BatchHeadObjects",
            BatchHeadObjectsRequest {
                bucket: bucket.clone(),
                keys: keys.clone(),
            },
            fields,
        );
        table.bad(
            "ObjectService/DeleteObjects",
            DeleteObjectsRequest {
                bucket,
                keys,
                request_id: String::new(),
            },
            fields,
        );
    };
    for keys in bad_batches(&FREE.to_owned()) {
        bad(keys, &["keys"]);
    }
    for key in bad_keys() {
        bad(vec![FREE.to_owned(), key], &["keys[1]"]);
    }
    bad(
        ["a", "b", "a", "/"].map(str::to_owned).to_vec(),
        &["keys[2]", "keys[3]"],
    );
    let (bucket, keys) = ("other".to_owned(), Vec::new());
    table.bad(
        "ObjectService/BatchHeadObjects",
        BatchHeadObjectsRequest {
            bucket: bucket.clone(),
            keys: keys.clone(),
        },
        &["bucket", "keys"],
    );
    table.bad(
        "ObjectService/DeleteObjects",
        DeleteObjectsRequest {
            bucket,
            keys,
            request_id: "1".to_owned(),
        },
        &["bucket", "keys", "request_id"],
    );
}

fn stale_uploads(table: &mut Table) {
    let mut bad = |request: AbortStaleUploadsRequest, fields: &[&'static str]| {
        table.bad("ObjectService/AbortStaleUploads", request, fields);
    };
    let ages = [(-1, 0), (i64::MIN, 0), (365 * 86_400 + 1, 0), (i64::MAX, 0)];
    let fractions = [(0, 1), (1, 999_999_999), (1, -1), (0, i32::MAX)];
    for (seconds, nanos) in ages.into_iter().chain(fractions) {
        bad(
            AbortStaleUploadsRequest {
                older_than: Some(WireDuration { seconds, nanos }),
                ..Default::default()
            },
            &["older_than"],
        );
    }
    bad(AbortStaleUploadsRequest::default(), &["older_than"]);
    bad(
        AbortStaleUploadsRequest {
            bucket: "other".to_owned(),
            older_than: None,
            dry_run: true,
            request_id: "1".to_owned(),
        },
        &["bucket", "older_than", "request_id"],
    );
}

fn new_keys(table: &mut Table) {
    let chat = "0190a5c8-7d6e-7000-8000-000000000001";
    let mut bad = |kind: i32, chat_id: &str, original_name: &str, fields: &[&'static str]| {
        let request = NewKeyRequest {
            kind,
            chat_id: chat_id.to_owned(),
            original_name: original_name.to_owned(),
        };
        table.bad("ObjectService/NewKey", request, fields);
    };
    let (of_chat, upload) = (KeyKind::ChatImage.into(), KeyKind::UploadTemp.into());
    bad(0, "", "a.png", &["kind"]);
    bad(99, "", "a.png", &["kind"]);
    bad(of_chat, "", "a.png", &["chat_id"]);
    bad(of_chat, "1", "a.png", &["chat_id"]);
    bad(upload, chat, "a.png", &["chat_id"]);
    bad(upload, "", "", &["original_name"]);
    for name in bad_names() {
        bad(of_chat, chat, &name, &["original_name"]);
    }
    bad(of_chat, "1", "", &["chat_id", "original_name"]);
}
