//! Bad requests to `ImageService` and `SearchResultService`.

use contract::metadata::v1::{
    AddImagesRequest, AddSearchResultsRequest, DeleteImageRequest, GetImageRequest, Image,
    ListImagesRequest, ListSearchResultsRequest, SearchResult,
};

use super::{
    rows::{bad_images, bad_results},
    table::{Seed, Table, bad_batches, bad_ids, bad_tokens, malformed_ids},
};
use crate::metadata::{found, id, image};

const ADD_IMAGES: &str = "ImageService/AddImages";
const LIST_IMAGES: &str = "ImageService/ListImages";
const ADD_RESULTS: &str = "SearchResultService/AddSearchResults";
const LIST_RESULTS: &str = "SearchResultService/ListSearchResults";

/// Adds them.
pub(super) fn add(table: &mut Table, seed: &Seed) {
    images(table, seed);
    image_lists(table, seed);
    results(table, seed);
    result_lists(table, seed);
}

fn images(table: &mut Table, seed: &Seed) {
    let base = |images: Vec<Image>| AddImagesRequest {
        message_id: seed.message_id.clone(),
        images,
        request_id: String::new(),
    };
    table.each(ADD_IMAGES, "message_id", bad_ids(), |message_id| {
        AddImagesRequest {
            message_id,
            ..base(vec![image("a")])
        }
    });
    table.each(ADD_IMAGES, "request_id", malformed_ids(), |request_id| {
        AddImagesRequest {
            request_id,
            ..base(vec![image("a")])
        }
    });
    table.each(ADD_IMAGES, "images", bad_batches(&image("a")), base);
    for (field, bad) in bad_images() {
        table.bad(
            ADD_IMAGES,
            base(vec![image("a"), bad]),
            &[&format!("images[1].{field}")],
        );
    }
    let of_other_chat = Image {
        chat_id: id(),
        ..image("a")
    };
    table.bad(
        ADD_IMAGES,
        base(vec![of_other_chat]),
        &["images[0].chat_id"],
    );
    let of_other_message = Image {
        message_id: id(),
        ..image("a")
    };
    table.bad(
        ADD_IMAGES,
        base(vec![of_other_message]),
        &["images[0].message_id"],
    );
    let same = Image {
        id: id(),
        ..image("a")
    };
    table.bad(ADD_IMAGES, base(vec![same; 2]), &["images[1].id"]);

    table.each("ImageService/GetImage", "image_id", bad_ids(), |image_id| {
        GetImageRequest { image_id }
    });
    let delete = "ImageService/DeleteImage";
    table.each(delete, "image_id", bad_ids(), |image_id| {
        DeleteImageRequest {
            image_id,
            request_id: String::new(),
        }
    });
    table.each(delete, "request_id", malformed_ids(), |request_id| {
        DeleteImageRequest {
            image_id: id(),
            request_id,
        }
    });
}

fn image_lists(table: &mut Table, seed: &Seed) {
    let base = || ListImagesRequest {
        chat_id: seed.chat_id.clone(),
        ..ListImagesRequest::default()
    };
    let both = ListImagesRequest {
        message_id: seed.message_id.clone(),
        ..base()
    };
    for request in [ListImagesRequest::default(), both] {
        table.bad(LIST_IMAGES, request, &["chat_id", "message_id"]);
    }
    table.each(LIST_IMAGES, "chat_id", malformed_ids(), |chat_id| {
        ListImagesRequest {
            chat_id,
            ..ListImagesRequest::default()
        }
    });
    table.each(LIST_IMAGES, "message_id", malformed_ids(), |message_id| {
        ListImagesRequest {
            message_id,
            ..ListImagesRequest::default()
        }
    });
    table.each(LIST_IMAGES, "page_size", [-1], |page_size| {
        ListImagesRequest {
            page_size,
            ..base()
        }
    });
    table.each(LIST_IMAGES, "page_token", bad_tokens(seed), |page_token| {
        ListImagesRequest {
            page_token,
            ..base()
        }
    });
}

fn results(table: &mut Table, seed: &Seed) {
    let base = |search_results: Vec<SearchResult>| AddSearchResultsRequest {
        message_id: seed.message_id.clone(),
        search_results,
        request_id: String::new(),
    };
    table.each(ADD_RESULTS, "message_id", bad_ids(), |message_id| {
        AddSearchResultsRequest {
            message_id,
            ..base(vec![found("x")])
        }
    });
    table.each(ADD_RESULTS, "request_id", malformed_ids(), |request_id| {
        AddSearchResultsRequest {
            request_id,
            ..base(vec![found("x")])
        }
    });
    table.each(
        ADD_RESULTS,
        "search_results",
        bad_batches(&found("x")),
        base,
    );
    for (field, bad) in bad_results() {
        table.bad(
            ADD_RESULTS,
            base(vec![bad]),
            &[&format!("search_results[0].{field}")],
        );
    }
    let of_other_chat = SearchResult {
        chat_id: id(),
        ..found("x")
    };
    table.bad(
        ADD_RESULTS,
        base(vec![of_other_chat]),
        &["search_results[0].chat_id"],
    );
    let of_other_message = SearchResult {
        message_id: id(),
        ..found("x")
    };
    table.bad(
        ADD_RESULTS,
        base(vec![of_other_message]),
        &["search_results[0].message_id"],
    );
    let same = SearchResult {
        id: id(),
        ..found("x")
    };
    table.bad(ADD_RESULTS, base(vec![same; 2]), &["search_results[1].id"]);
}

fn result_lists(table: &mut Table, seed: &Seed) {
    let base = || ListSearchResultsRequest {
        message_id: seed.message_id.clone(),
        ..ListSearchResultsRequest::default()
    };
    let both = ListSearchResultsRequest {
        chat_id: seed.chat_id.clone(),
        ..base()
    };
    for request in [ListSearchResultsRequest::default(), both] {
        table.bad(LIST_RESULTS, request, &["chat_id", "message_id"]);
    }
    table.each(LIST_RESULTS, "chat_id", malformed_ids(), |chat_id| {
        ListSearchResultsRequest {
            chat_id,
            ..ListSearchResultsRequest::default()
        }
    });
    table.each(LIST_RESULTS, "message_id", malformed_ids(), |message_id| {
        ListSearchResultsRequest {
            message_id,
            ..ListSearchResultsRequest::default()
        }
    });
    table.each(LIST_RESULTS, "page_size", [-1], |page_size| {
        ListSearchResultsRequest {
            page_size,
            ..base()
        }
    });
    table.each(LIST_RESULTS, "page_token", bad_tokens(seed), |page_token| {
        ListSearchResultsRequest {
            page_token,
            ..base()
        }
    });
}
