//! Bad requests for lists.

use contract::blob::v1::ListObjectsRequest;

use super::table::{Table, bad_keys};

/// A list of one object a page.
pub(super) fn list(prefix: &str) -> ListObjectsRequest {
    ListObjectsRequest {
        prefix: prefix.to_owned(),
        page_size: 1,
        ..Default::default()
    }
}

/// Adds them. `token` is of the second page of [`list`] of `chats/`.
pub(super) fn add(table: &mut Table, token: &str) {
    let mut bad = |request: ListObjectsRequest, fields: &[&'static str]| {
        table.bad("ObjectService/ListObjects", request, fields);
    };
    for prefix in bad_keys().iter().filter(|prefix| !prefix.is_empty()) {
        bad(list(prefix), &["prefix"]);
    }
    let mut corrupted = token.to_owned();
    corrupted.pop();
    for token in ["!", "AAAA", &corrupted, &format!("{token}A")] {
        bad(
            ListObjectsRequest {
                page_token: token.to_owned(),
                ..list("chats/")
            },
            &["page_token"],
        );
    }
    let page_token = token.to_owned();
    bad(
        ListObjectsRequest {
            page_token: page_token.clone(),
            ..list("chats/a/")
        },
        &["page_token"],
    );
    bad(
        ListObjectsRequest {
            page_token,
            delimiter: "/".to_owned(),
            ..list("chats/")
        },
        &["page_token"],
    );
    bad(
        ListObjectsRequest {
            delimiter: "a".to_owned(),
            ..list("")
        },
        &["delimiter"],
    );
    bad(
        ListObjectsRequest {
            page_size: -1,
            ..list("")
        },
        &["page_size"],
    );
    let all = ListObjectsRequest {
        bucket: "other".to_owned(),
        prefix: "/".to_owned(),
        delimiter: "//".to_owned(),
        page_size: i32::MIN,
        page_token: "!".to_owned(),
    };
    bad(
        all,
        &["bucket", "prefix", "delimiter", "page_size", "page_token"],
    );
}
