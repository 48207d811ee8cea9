//! Bad requests to `PresignService` and `BucketService`.

use contract::blob::v1::{
    EnsureBucketsRequest, PresignGetItem, PresignGetRequest, PresignPutItem, PresignPutRequest,
    ProbeStoreRequest,
};
use prost_types::Duration;

use super::{
    LIMIT_MB, THERE,
    table::{Table, bad_batches, bad_keys, bad_names},
};

const GET: &str = "PresignService/PresignGet";
const PUT: &str = "PresignService/PresignPut";
const FREE: &str = "chats/c/images/new.png";

/// Adds them.
pub(super) fn add(table: &mut Table) {
    reads(table);
    writes(table);
    lives(table);
    let ensure = EnsureBucketsRequest {
        request_id: "1".to_owned(),
    };
    table.bad("BucketService/EnsureBuckets", ensure, &["request_id"]);
    let probe = ProbeStoreRequest {
        bucket: "other".to_owned(),
    };
    table.bad("BucketService/ProbeStore", probe, &["bucket"]);
}

fn read(key: &str) -> PresignGetItem {
    PresignGetItem {
        key: key.to_owned(),
        ..Default::default()
    }
}

fn write(key: &str) -> PresignPutItem {
    PresignPutItem {
        key: key.to_owned(),
        ..Default::default()
    }
}

fn reads(table: &mut Table) {
    let mut bad = |items: Vec<PresignGetItem>, fields: &[&'static str]| {
        table.bad(
            GET,
            PresignGetRequest {
                items,
                ..Default::default()
            },
            fields,
        );
    };
    for items in bad_batches(&read(THERE[0])) {
        bad(items, &["items"]);
    }
    for key in bad_keys() {
        bad(vec![read(THERE[0]), read(&key)], &["items[1].key"]);
    }
    for download_name in bad_names() {
        bad(
            vec![PresignGetItem {
                download_name,
                ..read(THERE[0])
            }],
            &["items[0].download_name"],
        );
    }
    let all = PresignGetRequest {
        bucket: "other".to_owned(),
        items: vec![PresignGetItem {
            download_name: "a\0".to_owned(),
            ..read("..")
        }],
        expires_in: Some(Duration::default()),
        stable: true,
    };
    table.bad(
        GET,
        all,
        &[
            "bucket",
            "items[0].key",
            "items[0].download_name",
            "expires_in",
        ],
    );
}

fn writes(table: &mut Table) {
    let mut bad = |items: Vec<PresignPutItem>, fields: &[&'static str]| {
        table.bad(
            PUT,
            PresignPutRequest {
                items,
                ..Default::default()
            },
            fields,
        );
    };
    bad(Vec::new(), &["items"]);
    bad(
        (0..1_001).map(|n| write(&format!("a{n}"))).collect(),
        &["items"],
    );
    for key in bad_keys() {
        bad(vec![write(FREE), write(&key)], &["items[1].key"]);
    }
    bad(vec![write(FREE), write("b"), write(FREE)], &["items[2]"]);
    for kind in [
        "plain",
        "a/b\0",
        "a/b\r\nx: y",
        &format!("a/{}", "b".repeat(254)),
    ] {
        bad(
            vec![PresignPutItem {
                content_type: kind.to_owned(),
                ..write(FREE)
            }],
            &["items[0].content_type"],
        );
    }
    bad(
        vec![PresignPutItem {
            size_bytes: -1,
            ..write(FREE)
        }],
        &["items[0].size_bytes"],
    );
    bad(
        vec![PresignPutItem {
            sha256: "A".repeat(64),
            ..write(FREE)
        }],
        &["items[0].sha256"],
    );
    let item = PresignPutItem {
        key: String::new(),
        content_type: "/".to_owned(),
        size_bytes: -1,
        sha256: "1".to_owned(),
    };
    let all = PresignPutRequest {
        bucket: "other".to_owned(),
        items: vec![item],
        expires_in: Some(Duration {
            seconds: -1,
            nanos: 0,
        }),
    };
    let item_fields = [
        "items[0].key",
        "items[0].content_type",
        "items[0].size_bytes",
        "items[0].sha256",
    ];
    table.bad(
        PUT,
        all,
        &[&["bucket", "expires_in"], &item_fields[..]].concat(),
    );
    let size_bytes = (LIMIT_MB as i64 * (1 << 20)) + 1;
    let over = PresignPutRequest {
        items: vec![PresignPutItem {
            size_bytes,
            ..write(FREE)
        }],
        ..Default::default()
    };
    table.over_limit(PUT, over);
}

fn lives(table: &mut Table) {
    let lives = [
        (0, 0),
        (-1, 0),
        (0, 500_000_000),
        (1, 1),
        (5, -1),
        (i64::MIN, 0),
    ];
    for expires_in in lives.map(|(seconds, nanos)| Some(Duration { seconds, nanos })) {
        let get = PresignGetRequest {
            items: vec![read(THERE[0])],
            expires_in,
            ..Default::default()
        };
        table.bad(GET, get, &["expires_in"]);
        let put = PresignPutRequest {
            items: vec![write(FREE)],
            expires_in,
            ..Default::default()
        };
        table.bad(PUT, put, &["expires_in"]);
    }
}
