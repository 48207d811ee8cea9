//! What belongs to messages, over the wire: images and search results, added, listed and deleted.

use std::collections::BTreeSet;

use contract::metadata::v1::{
    AddImagesRequest, AddSearchResultsRequest, DeleteImageRequest, GetImageRequest, Image,
    ListImagesRequest, ListSearchResultsRequest, SearchResult,
};
use prost_types::{ListValue, Value, value::Kind};
use tests::Storage;
use tonic::{Code, Status};

use crate::{
    metadata::{Client, Metadata, found, id, image, targets, turn},
    storage::on_each_storage,
};

on_each_storage![
    images_are_added_read_listed_and_deleted,
    a_message_is_deleted_with_its_rows_and_its_keys_go_to_the_ledger,
    search_results_keep_their_json_and_a_page_of_them_fits_into_an_answer,
    a_message_has_at_most_a_thousand_images,
    history_has_each_message_with_what_belongs_to_it_in_the_order_it_came
];

async fn images_are_added_read_listed_and_deleted(storage: Storage) {
    let metadata = Metadata::start(storage).await;
    let chat = metadata.chat("t").await;
    let (one, two) = (
        metadata.say(&chat.id, "1").await,
        metadata.say(&chat.id, "2").await,
    );
    let keys = ["uploads/documents/1.png", "uploads/documents/2.png"];
    let first = add_images(&metadata, &one.id, vec![image(keys[0]), image(keys[1])]).await;
    let mut all = first.expect("they are added");
    let shared = add_images(&metadata, &two.id, vec![image(keys[0])]).await;
    all.extend(shared.expect("it is added"));
    assert_eq!(
        list_images(&metadata, &chat.id, "").await.expect("listed"),
        all
    );
    assert_eq!(
        list_images(&metadata, "", &two.id).await.expect("listed"),
        all[2..]
    );
    let request = GetImageRequest {
        image_id: all[1].id.clone(),
    };
    let read = metadata
        .images()
        .get_image(request)
        .await
        .expect("it is there");
    assert_eq!(read.into_inner().image.as_ref(), Some(&all[1]));

    let mut pending = Vec::new();
    for image in &all {
        let request = DeleteImageRequest {
            image_id: image.id.clone(),
            request_id: String::new(),
        };
        let deleted = metadata.images().delete_image(request.clone()).await;
        pending.push(deleted.expect("it is deleted").into_inner().pending_deletes);
        let again = metadata.images().delete_image(request).await;
        assert_eq!(again.expect_err("gone").code(), Code::NotFound);
    }
    let pending: Vec<_> = pending.iter().map(|pending| targets(pending)).collect();
    assert_eq!(
        pending,
        [&[][..], &[keys[1]], &[keys[0]]],
        "a key goes with its last row"
    );
    let absent = add_images(&metadata, &id(), vec![image("uploads/documents/4.png")]).await;
    assert_eq!(absent.expect_err("no message").code(), Code::NotFound);
    let named = add_images(&metadata, &one.id, vec![image(keys[0])]).await;
    assert_eq!(
        named.expect_err("it is pending").code(),
        Code::FailedPrecondition
    );
}

async fn a_message_is_deleted_with_its_rows_and_its_keys_go_to_the_ledger(storage: Storage) {
    let metadata = Metadata::start(storage).await;
    let chat = metadata.chat("t").await;
    let mut with_rows = turn("x");
    with_rows.images = vec![
        image("uploads/documents/1.png"),
        image("uploads/documents/2.png"),
    ];
    with_rows.search_results = vec![found("one"); 3];
    let mut other = turn("y");
    other.images = vec![image("uploads/documents/2.png")];
    let appended = metadata.append(&chat.id, vec![with_rows, other]).await;
    let turns = appended.expect("it is appended").turns;
    let message_id = &turns[0].message.as_ref().expect("a message").id;
    let deleted = metadata
        .delete_message(message_id)
        .await
        .expect("it is deleted");
    assert_eq!((deleted.image_count, deleted.search_result_count), (2, 3));
    assert_eq!(
        targets(&deleted.pending_deletes),
        ["uploads/documents/1.png"]
    );
    assert_eq!(metadata.pending().await, deleted.pending_deletes);
    assert_eq!(
        metadata.message(message_id).await.expect_err("gone").code(),
        Code::NotFound
    );
    let images = list_images(&metadata, &chat.id, "").await.expect("listed");
    assert_eq!(images, turns[1].images);
    assert!(
        list_results(&metadata, &chat.id, "")
            .await
            .expect("listed")
            .concat()
            .is_empty()
    );
}

async fn search_results_keep_their_json_and_a_page_of_them_fits_into_an_answer(storage: Storage) {
    let metadata = Metadata::start(storage).await;
    let chat = metadata.chat("t").await;
    let message = metadata.say(&chat.id, "x").await;
    let text = "a".repeat(64 << 10);
    let batch = vec![with_coords(found(&text)); 20];
    let mut all = Vec::new();
    for _ in 0..2 {
        let request = AddSearchResultsRequest {
            message_id: message.id.clone(),
            search_results: batch.clone(),
            request_id: String::new(),
        };
        let added = metadata.search_results().add_search_results(request).await;
        all.extend(added.expect("they are added").into_inner().search_results);
    }
    assert_eq!(all[0].coords_norm, batch[0].coords_norm);
    let ids: BTreeSet<_> = all.iter().map(|result| &result.id).collect();
    assert_eq!(ids.len(), 40);
    for (chat_id, message_id) in [(chat.id.as_str(), ""), ("", message.id.as_str())] {
        let pages = list_results(&metadata, chat_id, message_id)
            .await
            .expect("listed");
        assert!(pages.len() > 1 && pages.iter().all(|page| page.len() < 33));
        assert_eq!(pages.concat(), all);
    }
}

async fn a_message_has_at_most_a_thousand_images(storage: Storage) {
    let metadata = Metadata::start(storage).await;
    let chat = metadata.chat("t").await;
    let message = metadata.say(&chat.id, "x").await;
    let images = |count| vec![image("uploads/documents/1.png"); count];
    add_images(&metadata, &message.id, images(999))
        .await
        .expect("they are added");
    let over = add_images(&metadata, &message.id, images(2)).await;
    assert_eq!(
        over.expect_err("1,001 in all").code(),
        Code::ResourceExhausted
    );
    add_images(&metadata, &message.id, images(1))
        .await
        .expect("1,000 in all");
    let history = metadata.history(&chat.id, 0).await.expect("it can be read");
    assert_eq!(history[0].images.len(), 1_000);
}

async fn history_has_each_message_with_what_belongs_to_it_in_the_order_it_came(storage: Storage) {
    let metadata = Metadata::start(storage).await;
    let chat = metadata.chat("t").await;
    let mut first = turn("first");
    first.images = vec![
        image("uploads/documents/1.png"),
        image("uploads/documents/2.png"),
    ];
    first.search_results = vec![with_coords(found("one")), found("two")];
    let appended = metadata.append(&chat.id, vec![first, turn("second")]).await;
    let appended = appended.expect("it is appended").turns;
    let message_id = appended[0].message.as_ref().expect("a message").id.clone();
    let added = add_images(
        &metadata,
        &message_id,
        vec![image("uploads/documents/3.png")],
    )
    .await;
    let mut expected = appended;
    expected[0].images.extend(added.expect("it is added"));
    for (turn, content) in expected.iter_mut().zip(["first", "second"]) {
        turn.message.as_mut().expect("a message").content = content.to_owned();
    }
    assert_eq!(
        metadata.history(&chat.id, 0).await.expect("it can be read"),
        expected
    );
}

pub(crate) async fn add_images(
    metadata: &Client,
    message_id: &str,
    images: Vec<Image>,
) -> Result<Vec<Image>, Status> {
    let request = AddImagesRequest {
        message_id: message_id.to_owned(),
        images,
        request_id: String::new(),
    };
    Ok(metadata
        .images()
        .add_images(request)
        .await?
        .into_inner()
        .images)
}

/// All images of a chat or message, walked in pages of two.
pub(crate) async fn list_images(
    metadata: &Client,
    chat_id: &str,
    message_id: &str,
) -> Result<Vec<Image>, Status> {
    let mut request = ListImagesRequest {
        chat_id: chat_id.to_owned(),
        message_id: message_id.to_owned(),
        page_size: 2,
        page_token: String::new(),
    };
    let mut images = Vec::new();
    loop {
        let page = metadata
            .images()
            .list_images(request.clone())
            .await?
            .into_inner();
        images.extend(page.images);
        if page.next_page_token.is_empty() {
            return Ok(images);
        }
        request.page_token = page.next_page_token;
    }
}

/// The pages of the search results of a chat or message.
async fn list_results(
    metadata: &Client,
    chat_id: &str,
    message_id: &str,
) -> Result<Vec<Vec<SearchResult>>, Status> {
    let mut request = ListSearchResultsRequest {
        chat_id: chat_id.to_owned(),
        message_id: message_id.to_owned(),
        page_size: 1_000,
        page_token: String::new(),
    };
    let mut pages = Vec::new();
    loop {
        let page = metadata
            .search_results()
            .list_search_results(request.clone())
            .await?;
        let page = page.into_inner();
        pages.push(page.search_results);
        if page.next_page_token.is_empty() {
            return Ok(pages);
        }
        request.page_token = page.next_page_token;
    }
}

fn with_coords(result: SearchResult) -> SearchResult {
    let number = |number| Value {
        kind: Some(Kind::NumberValue(number)),
    };
    let values = [0.1, 0.25, 1e300, -0.5].map(number).to_vec();
    SearchResult {
        coords_norm: Some(Value {
            kind: Some(Kind::ListValue(ListValue { values })),
        }),
        ..result
    }
}
