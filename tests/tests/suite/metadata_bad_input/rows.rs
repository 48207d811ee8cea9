//! Rows of a message that are none: images and search results, each with the field that is bad.

use contract::metadata::v1::{Image, SearchResult};

use super::table::{bad_blobs, bad_bytes, bad_json, bad_names, bad_texts, malformed_ids};
use crate::metadata::{found, image};

/// Images to add, each with the field that is bad.
pub(super) fn bad_images() -> Vec<(String, Image)> {
    let base = || image("a");
    let mut bad = vec![
        (
            "blob".to_owned(),
            Image {
                blob: None,
                ..base()
            },
        ),
        (
            "width".to_owned(),
            Image {
                width: -1,
                ..base()
            },
        ),
        (
            "height".to_owned(),
            Image {
                height: -1,
                ..base()
            },
        ),
        (
            "chat_id".to_owned(),
            Image {
                chat_id: "1".to_owned(),
                ..base()
            },
        ),
    ];
    let mut add = |field: &str, image: Image| bad.push((field.to_owned(), image));
    malformed_ids()
        .into_iter()
        .for_each(|id| add("id", Image { id, ..base() }));
    for image_name in bad_names(512) {
        add(
            "image_name",
            Image {
                image_name,
                ..base()
            },
        );
    }
    for image_type in bad_texts(50) {
        add(
            "image_type",
            Image {
                image_type,
                ..base()
            },
        );
    }
    for description in bad_bytes(64 << 10) {
        add(
            "description",
            Image {
                description,
                ..base()
            },
        );
    }
    for (blob, part) in bad_blobs(1_024) {
        add(
            &format!("blob.{part}"),
            Image {
                blob: Some(blob),
                ..base()
            },
        );
    }
    bad
}

/// Search results to add, each with the field that is bad.
pub(super) fn bad_results() -> Vec<(String, SearchResult)> {
    let base = || found("x");
    let mut bad = vec![
        (
            "page_number".to_owned(),
            SearchResult {
                page_number: -1,
                ..base()
            },
        ),
        (
            "chat_id".to_owned(),
            SearchResult {
                chat_id: "1".to_owned(),
                ..base()
            },
        ),
    ];
    let mut add = |field: &str, result: SearchResult| bad.push((field.to_owned(), result));
    malformed_ids()
        .into_iter()
        .for_each(|id| add("id", SearchResult { id, ..base() }));
    for block_id in bad_texts(255) {
        add("block_id", SearchResult { block_id, ..base() });
    }
    for block_text in bad_bytes(64 << 10) {
        add(
            "block_text",
            SearchResult {
                block_text,
                ..base()
            },
        );
    }
    for json in bad_json() {
        add(
            "coords_norm",
            SearchResult {
                coords_norm: Some(json.clone()),
                ..base()
            },
        );
        add(
            "coords_px",
            SearchResult {
                coords_px: Some(json),
                ..base()
            },
        );
    }
    bad
}
