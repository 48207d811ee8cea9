//! What the model asks the service for.

use contract::{
    blob::v1::BlobRef,
    metadata::v1::{self, CreateChatRequest, Role},
};
use tonic::Request;

use super::{BLOB_BYTES, chat_id, key};

pub(super) fn user_id(user: u8) -> String {
    format!("user {user}")
}

pub(super) fn create(chat: v1::Chat) -> Request<CreateChatRequest> {
    Request::new(CreateChatRequest {
        chat: Some(chat),
        request_id: String::new(),
    })
}

pub(super) fn new_chat(chat: u8, user: u8, document: Option<u8>) -> v1::Chat {
    v1::Chat {
        id: chat_id(chat).to_string(),
        user_id: user_id(user),
        title: "t".to_owned(),
        document: document.map(blob),
        ..v1::Chat::default()
    }
}

pub(super) fn turn(pumps: u8, keys: &[u8]) -> v1::Turn {
    v1::Turn {
        message: Some(v1::Message {
            role: Role::User.into(),
            content: format!("x{}", " pump".repeat(usize::from(pumps))),
            ..v1::Message::default()
        }),
        images: keys.iter().copied().map(image).collect(),
        search_results: vec![v1::SearchResult::default()],
    }
}

pub(super) fn image(number: u8) -> v1::Image {
    v1::Image {
        image_name: "i".to_owned(),
        blob: Some(blob(number)),
        ..v1::Image::default()
    }
}

pub(super) fn blob(number: u8) -> BlobRef {
    BlobRef {
        key: key(number),
        size_bytes: BLOB_BYTES,
        sha256: "0a".repeat(32),
        ..BlobRef::default()
    }
}
