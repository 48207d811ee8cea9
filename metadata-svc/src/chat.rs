//! Chats: conversations of one user, often about a document.

mod judge;
pub(crate) mod kv;
pub(crate) mod rpc;
pub(crate) mod sql;

use contract::{Violations, blob::v1::BlobRef, id::Uuid, metadata::v1, time::Time, violation::Max};
use prost_types::{FieldMask, Struct};

use futures::FutureExt as _;

use crate::{
    blob_ref,
    error::{Error, Result},
    mask,
    store::Store,
};

/// The greatest length of a `user_id` and of a title, in characters.
const MAX_NAME: Max = Max::Chars(255);
const MAX_DESCRIPTION: Max = Max::Bytes(64 << 10);
/// The width of the column `document_path`.
const MAX_DOCUMENT_KEY_BYTES: usize = 512;

/// A chat as it is kept.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Chat {
    pub(crate) id: Uuid,
    pub(crate) user_id: String,
    pub(crate) title: String,
    pub(crate) description: String,
    pub(crate) document: Option<BlobRef>,
    pub(crate) metadata: Option<Struct>,
    pub(crate) is_archived: bool,
    /// The sequence number given last; stays when that message is deleted.
    pub(crate) last_seq: i64,
    pub(crate) create_time: Time,
    pub(crate) update_time: Time,
    /// Counts the changes that an etag tells apart.
    pub(crate) revision: i64,
}

/// Reads a chat of the store.
pub(crate) async fn get(store: &Store, id: Uuid) -> Result<Chat> {
    let chat = store.read(id, kv::get, |connection, id| {
        sql::get(connection, id).boxed()
    });
    chat.await
}

/// A chat to create.
#[derive(Clone, Debug)]
pub(crate) struct NewChat {
    pub(crate) id: Uuid,
    pub(crate) user_id: String,
    pub(crate) title: String,
    pub(crate) description: String,
    pub(crate) document: Option<BlobRef>,
    pub(crate) metadata: Option<Struct>,
}

/// New values for some fields of a chat; an inner `None` clears.
#[derive(Clone, Debug, Default)]
pub(crate) struct ChatPatch {
    title: Option<String>,
    description: Option<String>,
    document: Option<Option<BlobRef>>,
    metadata: Option<Option<Struct>>,
}

/// Judges a `user_id` that must be set.
pub(crate) fn judge_user_id(v: &mut Violations, user_id: String) -> String {
    v.required_text("user_id", user_id, MAX_NAME)
}

impl NewChat {
    /// Judges the fields of a chat to create; makes its id where there is none.
    pub(crate) fn judge(v: &mut Violations, chat: v1::Chat) -> Self {
        Self {
            id: v.id_or_new("id", &chat.id),
            user_id: judge_user_id(v, chat.user_id),
            title: v.required_text("title", chat.title, MAX_NAME),
            description: v.text("description", chat.description, MAX_DESCRIPTION),
            document: judge_document(v, chat.document),
            metadata: v.json_object("metadata", chat.metadata),
        }
    }

    /// The chat that it becomes at `now`.
    pub(crate) fn create(self, now: Time) -> Chat {
        Chat {
            id: self.id,
            user_id: self.user_id,
            title: self.title,
            description: self.description,
            document: self.document,
            metadata: self.metadata,
            is_archived: false,
            last_seq: 0,
            create_time: now,
            update_time: now,
            revision: 1,
        }
    }
}

impl ChatPatch {
    /// Judges `chat`'s new values as far as `mask` names them.
    pub(crate) fn judge(v: &mut Violations, mask: Option<FieldMask>, chat: v1::Chat) -> Self {
        let [title, description, document, metadata] = mask::named(
            v,
            mask,
            [
                ("title", !chat.title.is_empty()),
                ("description", !chat.description.is_empty()),
                ("document", chat.document.is_some()),
                ("metadata", chat.metadata.is_some()),
            ],
        );
        v.within("chat", |v| Self {
            title: title.then(|| v.required_text("title", chat.title, MAX_NAME)),
            description: description
                .then(|| v.text("description", chat.description, MAX_DESCRIPTION)),
            document: document.then(|| judge_document(v, chat.document)),
            metadata: metadata.then(|| v.json_object("metadata", chat.metadata)),
        })
    }
}

impl Chat {
    /// Changes whenever a patch or archiving changed the chat (AIP-154).
    pub(crate) fn etag(&self) -> String {
        format!("r{}", self.revision)
    }

    /// Checks that the chat still has the etag that the caller read; an empty one is no condition.
    pub(crate) fn demand_etag(&self, etag: &str) -> Result<()> {
        if etag.is_empty() || etag == self.etag() {
            Ok(())
        } else {
            Err(Error::EtagMismatch(self.id))
        }
    }

    /// The chat with `patch` on it at `now`; the same chat where nothing differs.
    pub(crate) fn patched(&self, patch: ChatPatch, now: Time) -> Self {
        let mut chat = self.clone();
        set(&mut chat.title, patch.title);
        set(&mut chat.description, patch.description);
        set(&mut chat.document, patch.document);
        set(&mut chat.metadata, patch.metadata);
        chat.touched_unless_same(self, now)
    }

    /// The chat, archived or not, at `now`; the same chat where nothing differs.
    pub(crate) fn archived(&self, is_archived: bool, now: Time) -> Self {
        let mut chat = self.clone();
        chat.is_archived = is_archived;
        chat.touched_unless_same(self, now)
    }

    fn touched_unless_same(mut self, before: &Self, now: Time) -> Self {
        if self != *before {
            self.update_time = now;
            self.revision += 1;
        }
        self
    }

    /// What its document weighs.
    pub(crate) fn document_bytes(&self) -> i64 {
        self.document.as_ref().map_or(0, |blob| blob.size_bytes)
    }

    /// The prefix of the keys of its own objects.
    pub(crate) fn prefix(id: Uuid) -> String {
        format!("chats/{id}/")
    }
}

impl From<Chat> for v1::Chat {
    fn from(chat: Chat) -> Self {
        Self {
            etag: chat.etag(),
            id: chat.id.to_string(),
            user_id: chat.user_id,
            title: chat.title,
            description: chat.description,
            document: chat.document,
            metadata: chat.metadata,
            is_archived: chat.is_archived,
            last_seq: chat.last_seq,
            create_time: Some(chat.create_time.to_wire()),
            update_time: Some(chat.update_time.to_wire()),
        }
    }
}

fn judge_document(v: &mut Violations, document: Option<BlobRef>) -> Option<BlobRef> {
    let blob = document?;
    Some(v.within("document", |v| {
        blob_ref::judge(v, blob, MAX_DOCUMENT_KEY_BYTES)
    }))
}

fn set<T>(field: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *field = value;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chat() -> Chat {
        let mut v = Violations::default();
        let wire = v1::Chat {
            user_id: "ann".into(),
            title: "Pumps".into(),
            description: "of the station".into(),
            ..v1::Chat::default()
        };
        let new = NewChat::judge(&mut v, wire);
        let new = v.accept(Some(new)).expect("fine");
        new.create(Time::from_micros(1))
    }

    fn patch(paths: &[&str], chat: v1::Chat) -> std::result::Result<ChatPatch, Violations> {
        let mut v = Violations::default();
        let paths = paths.iter().map(ToString::to_string).collect();
        let patch = ChatPatch::judge(&mut v, Some(FieldMask { paths }), chat);
        v.accept(Some(patch))
    }

    #[test]
    fn a_named_field_that_is_not_set_is_cleared_and_a_title_cannot_be() {
        let cleared = patch(&["description"], v1::Chat::default()).expect("fine");
        assert_eq!(
            chat().patched(cleared, Time::from_micros(2)).description,
            ""
        );
        let violations = patch(&["title"], v1::Chat::default()).expect_err("title is required");
        assert_eq!(violations.fields(), ["chat.title"]);
    }

    #[test]
    fn only_what_changes_the_chat_changes_its_etag_and_update_time() {
        let before = chat();
        let same = v1::Chat {
            title: "Pumps".into(),
            ..v1::Chat::default()
        };
        let same = patch(&[], same).expect("fine");
        assert_eq!(before.patched(same, Time::from_micros(2)), before);
        assert_eq!(before.archived(false, Time::from_micros(2)), before);

        let after = before.archived(true, Time::from_micros(2));
        assert_ne!(after.etag(), before.etag());
        assert_eq!(after.update_time, Time::from_micros(2));
        assert!(after.demand_etag(&before.etag()).is_err());
        assert!(after.demand_etag("").is_ok());
    }

    #[test]
    fn fields_that_the_mask_does_not_name_are_not_judged() {
        let wire = v1::Chat {
            title: "t".repeat(256),
            description: "d".into(),
            ..v1::Chat::default()
        };
        assert!(patch(&["description"], wire.clone()).is_ok());
        assert!(patch(&["*"], wire).is_err());
    }
}
