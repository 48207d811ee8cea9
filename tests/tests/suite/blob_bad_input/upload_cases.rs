//! Bad uploads and copies: headers, frames out of order, and words that are not kept.

use contract::blob::v1::{
    CopyObjectRequest, PutObjectCommit, PutObjectHeader, PutObjectRequest,
    put_object_request::Frame,
};

use super::{
    LIMIT_MB, THERE,
    table::{Table, bad_keys, bad_names},
};
use crate::blob::{bytes, frames, header, sha256};

const FREE: &str = "chats/c/images/new.png";

/// Adds them.
pub(super) fn add(table: &mut Table) {
    headers(table);
    order(table);
    ends(table);
    declared(table);
    larger_than_memory(table);
    over_limit(table);
    copies(table);
}

fn headers(table: &mut Table) {
    let mut bad = |header: PutObjectHeader, fields: &[&'static str]| {
        table.bad_upload(frames(header, b"abc"), fields);
    };
    for key in bad_keys() {
        bad(header(&key), &["header.key"]);
    }
    for name in bad_names() {
        bad(
            PutObjectHeader {
                original_name: name,
                ..header(FREE)
            },
            &["header.original_name"],
        );
    }
    for kind in [
        "plain",
        "a/b\0",
        "a/b\r\nx: y",
        "a/б",
        &format!("a/{}", "b".repeat(254)),
    ] {
        bad(
            PutObjectHeader {
                content_type: kind.to_owned(),
                ..header(FREE)
            },
            &["header.content_type"],
        );
    }
    for digest in ["abc", &"A".repeat(64), &"g".repeat(64)] {
        bad(
            PutObjectHeader {
                sha256: digest.to_owned(),
                ..header(FREE)
            },
            &["header.sha256"],
        );
    }
    bad(
        PutObjectHeader {
            bucket: "other".to_owned(),
            ..header(FREE)
        },
        &["header.bucket"],
    );
    bad(
        PutObjectHeader {
            size_bytes: Some(-1),
            ..header(FREE)
        },
        &["header.size_bytes"],
    );
    bad(
        PutObjectHeader {
            request_id: "1".to_owned(),
            ..header(FREE)
        },
        &["header.request_id"],
    );
    let all = PutObjectHeader {
        bucket: "other".to_owned(),
        key: "/".to_owned(),
        content_type: "plain".to_owned(),
        size_bytes: Some(-1),
        sha256: "abc".to_owned(),
        original_name: "a\0b".to_owned(),
        request_id: "1".to_owned(),
    };
    bad(
        all,
        &[
            "header.bucket",
            "header.key",
            "header.content_type",
            "header.size_bytes",
            "header.sha256",
            "header.original_name",
            "header.request_id",
        ],
    );
}

fn chunk(length: usize) -> Frame {
    Frame::Chunk(bytes(length).into())
}

fn commit(size_bytes: i64, sha256: String) -> Frame {
    Frame::Commit(PutObjectCommit { size_bytes, sha256 })
}

/// Frames that are missing, or not in their place.
fn order(table: &mut Table) {
    let begin = || Frame::Header(header(FREE));
    let end = || commit(3, sha256(&bytes(3)));
    table.bad_upload(vec![], &["header"]);
    table.bad_upload(vec![chunk(3), end()], &["header"]);
    table.bad_upload(vec![end()], &["header"]);
    table.bad_upload(vec![begin(), begin()], &["header"]);
    table.bad_upload(vec![begin()], &["commit"]);
    table.bad_upload(vec![begin(), chunk(3)], &["commit"]);
    table.bad_upload(vec![begin(), chunk(3), end(), chunk(3)], &["commit"]);
    table.bad_upload(vec![begin(), chunk(3), end(), end()], &["commit"]);
    table.bad_upload(vec![begin(), chunk((2 << 20) + 1)], &["chunk"]);
    table.bad(
        "ObjectService/PutObject",
        PutObjectRequest { frame: None },
        &["frame"],
    );
}

/// Commit frames that tell of other bytes than those that came.
fn ends(table: &mut Table) {
    let mut bad = |commit: Frame, fields: &[&'static str]| {
        table.bad_upload(vec![Frame::Header(header(FREE)), chunk(3), commit], fields);
    };
    for size in [-1, 0, 2, 4, i64::MAX] {
        bad(commit(size, sha256(&bytes(3))), &["commit.size_bytes"]);
    }
    for digest in [String::new(), "abc".to_owned(), sha256(b"other")] {
        bad(commit(3, digest), &["commit.sha256"]);
    }
    bad(
        commit(2, sha256(b"other")),
        &["commit.size_bytes", "commit.sha256"],
    );
}

/// Uploads that do not fit into the memory of one: they are on their way to the store when they break.
fn larger_than_memory(table: &mut Table) {
    let known = PutObjectHeader {
        size_bytes: Some((8 << 20) + 3),
        sha256: sha256(b"other"),
        ..header(FREE)
    };
    let differing = ["commit.size_bytes", "commit.sha256", "header.sha256"];
    for (header, fields) in [(header(FREE), &differing[..2]), (known, &differing)] {
        let mut begun = frames(header, &bytes(8 << 20));
        begun.pop();
        table.bad_upload([begun.clone(), vec![chunk(1)]].concat(), &["commit"]);
        table.bad_upload(
            [begun, vec![chunk(3), commit(0, sha256(b"more"))]].concat(),
            fields,
        );
    }
}

/// Uploads that are not what their header declared.
fn declared(table: &mut Table) {
    for size in [0, 2, 4] {
        let declared = PutObjectHeader {
            size_bytes: Some(size),
            ..header(FREE)
        };
        table.bad_upload(frames(declared, b"abc"), &["header.size_bytes"]);
    }
    let declared = PutObjectHeader {
        sha256: sha256(b"other"),
        ..header(FREE)
    };
    table.bad_upload(frames(declared, b"abc"), &["header.sha256"]);
}

fn over_limit(table: &mut Table) {
    let content = bytes((LIMIT_MB << 20) + 1);
    table.upload_over_limit(frames(header(FREE), &content));
    let size_bytes = Some((LIMIT_MB as i64 * (1 << 20)) + 1);
    table.upload_over_limit(vec![Frame::Header(PutObjectHeader {
        size_bytes,
        ..header(FREE)
    })]);
}

fn copies(table: &mut Table) {
    let copy = |from: &str, to: &str| CopyObjectRequest {
        source_key: from.to_owned(),
        destination_key: to.to_owned(),
        ..Default::default()
    };
    for key in bad_keys() {
        table.bad(
            "ObjectService/CopyObject",
            copy(&key, FREE),
            &["source_key"],
        );
        table.bad(
            "ObjectService/CopyObject",
            copy(THERE[0], &key),
            &["destination_key"],
        );
    }
    let all = CopyObjectRequest {
        bucket: "other".to_owned(),
        request_id: "1".to_owned(),
        ..copy("/", "")
    };
    table.bad(
        "ObjectService/CopyObject",
        all,
        &["bucket", "source_key", "destination_key", "request_id"],
    );
}
