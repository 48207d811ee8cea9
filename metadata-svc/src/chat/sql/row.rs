//! A chat's row. A text of nothing and NULL mean the same; NULL is written.

use contract::{blob::v1::BlobRef, id::Uuid};
use diesel::{
    AsChangeset, Insertable, Queryable, QueryableByName, Selectable, pg::data_types::PgTimestamp,
};

use crate::{
    chat::Chat,
    postgres::value::{json_object, object, time, timestamp},
    schema::chats,
};

#[derive(AsChangeset, Insertable, Queryable, QueryableByName, Selectable)]
#[diesel(table_name = chats, check_for_backend(diesel::pg::Pg), treat_none_as_null = true)]
pub(crate) struct ChatRow {
    pub(super) id: Uuid,
    pub(super) title: String,
    pub(super) description: Option<String>,
    pub(super) created_at: PgTimestamp,
    pub(super) updated_at: PgTimestamp,
    pub(super) user_id: String,
    pub(super) is_archived: bool,
    pub(super) document_path: Option<String>,
    pub(super) metadata: Option<serde_json::Value>,
    pub(super) last_seq: i64,
    pub(super) revision: i64,
    pub(super) document_size_bytes: Option<i64>,
    pub(super) document_sha256: Option<Vec<u8>>,
    pub(super) document_content_type: Option<String>,
    pub(super) document_receipt: Option<Vec<u8>>,
}

impl ChatRow {
    /// The chat of the row. What an existing deployment left out is empty; metadata that is no object is none.
    pub(crate) fn into_chat(self) -> Chat {
        let metadata = match self.metadata {
            Some(serde_json::Value::Object(fields)) => Some(object(fields)),
            _ => None,
        };
        let document = self.document_path.map(|key| BlobRef {
            key,
            size_bytes: self.document_size_bytes.unwrap_or_default(),
            sha256: self.document_sha256.map(hex::encode).unwrap_or_default(),
            content_type: self.document_content_type.unwrap_or_default(),
            receipt: self.document_receipt.unwrap_or_default().into(),
        });
        Chat {
            id: self.id,
            user_id: self.user_id,
            title: self.title,
            description: self.description.unwrap_or_default(),
            document,
            metadata,
            is_archived: self.is_archived,
            last_seq: self.last_seq,
            create_time: time(self.created_at),
            update_time: time(self.updated_at),
            revision: self.revision,
        }
    }
}

impl From<Chat> for ChatRow {
    fn from(chat: Chat) -> Self {
        let mut row = Self {
            id: chat.id,
            title: chat.title,
            description: text(chat.description),
            created_at: timestamp(chat.create_time),
            updated_at: timestamp(chat.update_time),
            user_id: chat.user_id,
            is_archived: chat.is_archived,
            document_path: None,
            metadata: chat.metadata.map(json_object),
            last_seq: chat.last_seq,
            revision: chat.revision,
            document_size_bytes: None,
            document_sha256: None,
            document_content_type: None,
            document_receipt: None,
        };
        if let Some(document) = chat.document {
            row.document_path = Some(document.key);
            row.document_size_bytes = Some(document.size_bytes);
            // It was judged to be hexadecimal; of a row of an existing deployment it is empty.
            row.document_sha256 = hex::decode(document.sha256)
                .ok()
                .filter(|sha256| !sha256.is_empty());
            row.document_content_type = text(document.content_type);
            row.document_receipt =
                Some(document.receipt.to_vec()).filter(|receipt| !receipt.is_empty());
        }
        row
    }
}

fn text(text: String) -> Option<String> {
    (!text.is_empty()).then_some(text)
}
