//! Rows of an existing deployment, which name what they like.

use contract::metadata::v1::{Chat, DeleteImageRequest, Image};
use tests::Storage;

use crate::{
    metadata::{Metadata, blob, image, new_chat, targets, turn},
    storage::on_databases,
};

on_databases![rows_that_name_no_key_of_ours_go_and_leave_nothing_to_be_removed];

/// What is no key, for which the store is never asked.
const NO_KEYS: [&str; 6] = [
    "",
    "/",
    "/uploads/a",
    "uploads/documents/",
    "uploads/documents/Отчёт.pdf",
    "a//b",
];

async fn rows_that_name_no_key_of_ours_go_and_leave_nothing_to_be_removed(storage: Storage) {
    let metadata = Metadata::start(storage).await;
    let chat = Chat {
        document: Some(blob("uploads/documents/to_be_adopted")),
        ..new_chat("adopted")
    };
    let chat = metadata.create(chat).await.expect("it is created");
    let moved = metadata.update(&chat, Chat::default(), &["document"]).await;
    let chat = moved.expect("it moves");

    for image in adopt(&metadata, &chat, None).await {
        let delete = DeleteImageRequest {
            image_id: image.id,
            request_id: String::new(),
        };
        let deleted = metadata.images().delete_image(delete).await;
        let deleted = deleted.expect("it is deleted").into_inner();
        assert_eq!(targets(&deleted.pending_deletes), [""; 0]);
    }

    let of_message = "uploads/documents/of_message";
    let images = adopt(&metadata, &chat, Some(of_message)).await;
    let deleted = metadata.delete_message(&images[0].message_id).await;
    let deleted = deleted.expect("it is deleted");
    assert_eq!(targets(&deleted.pending_deletes), [of_message]);
    assert_eq!(deleted.image_count, 7);

    for name in NO_KEYS {
        let document = format!("update chats set document_path = '{name}' returning document_path");
        assert_eq!(metadata.database().ask(&document), name);
        let moved = metadata.update(&chat, Chat::default(), &["document"]).await;
        assert_eq!(moved.expect("it moves").document, None);
    }
    let reserved = "select key from reserved_keys";
    assert_eq!(
        metadata.database().ask(reserved),
        "uploads/documents/to_be_adopted"
    );

    let of_chat = "uploads/documents/of_chat";
    adopt(&metadata, &chat, Some(of_chat)).await;
    let document = "update chats set document_path = '' returning document_path";
    assert_eq!(metadata.database().ask(document), "");
    let deleted = metadata.delete(&chat.id, "").await.expect("it is deleted");
    let prefix = format!("chats/{}/", chat.id);
    assert_eq!(targets(&deleted.pending_deletes), [&prefix, of_chat]);

    let pending = metadata.pending().await;
    let expected = [of_message, &prefix, of_chat];
    let mut pending = targets(&pending);
    pending.sort_unstable_by_key(|target| expected.iter().position(|e| e == target));
    assert_eq!(pending, expected);
}

/// A message with images of names that are no keys, and perhaps of one that is.
async fn adopt(metadata: &Metadata, chat: &Chat, key: Option<&str>) -> Vec<Image> {
    let mut message = turn("adopted");
    message.images = (0..NO_KEYS.len())
        .map(|number| image(&format!("to/be/adopted/{number}")))
        .chain(key.map(image))
        .collect();
    let appended = metadata.append(&chat.id, vec![message]).await;
    let images = appended.expect("it is appended").turns.remove(0).images;
    for (name, image) in NO_KEYS.iter().zip(&images) {
        let adopted = metadata.database().ask(&format!(
            "update chat_images set s3_path = '{name}' where id = '{}' returning s3_path",
            image.id
        ));
        assert_eq!(adopted, *name);
    }
    images
}
