//! Attachments: rows that belong to a message, images and search results alike.

pub(crate) mod kv;
pub(crate) mod sql;

use std::collections::HashSet;

use contract::{Violations, id::parse_id};
use futures::future::BoxFuture;
use tracing::field::display;
use uuid::Uuid;

use self::kv::Attachments;
use crate::{
    chat,
    error::Result,
    message,
    page::{self, Page, Paging},
    postgres::Connection,
    store::Store,
};

/// A row that belongs to a message.
pub(crate) trait Attachment: Sized {
    /// Its id.
    fn id(&self) -> Uuid;
    /// The message it belongs to.
    fn message_id(&self) -> Uuid;
    /// What counts against the weight of a page, in bytes.
    fn weight(&self) -> usize;
    /// Its record; the chat stands in the key.
    fn encode(&self) -> Vec<u8>;
    /// The row that a record of `chat` holds.
    fn decode(chat: Uuid, record: &[u8]) -> Result<Self>;
}

/// A row to add, as it came.
pub(crate) trait Said {
    /// The id that it is to have.
    fn id(&self) -> &str;
    /// The chat that it says it belongs to.
    fn chat_id(&self) -> &str;
    /// The message that it says it belongs to.
    fn message_id(&self) -> &str;
}

/// What rows may say that they belong to, beside nothing.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Parents {
    /// The chat: `None` where it is known in the transaction only, `Some(None)` where the service is to make its id.
    pub(crate) chat: Option<Option<Uuid>>,
    /// The message: `None` where the service is to make its id.
    pub(crate) message: Option<Uuid>,
}

impl Parents {
    fn judge(self, v: &mut Violations, row: &impl Said) {
        match self.chat {
            None => {
                v.optional_id("chat_id", row.chat_id());
            }
            Some(chat) => judge_parent(v, "chat_id", row.chat_id(), chat),
        }
        judge_parent(v, "message_id", row.message_id(), self.message);
    }
}

/// The message that a row belongs to, as callers are told; nil is none.
pub(crate) fn message_text(message: Uuid) -> String {
    if message.is_nil() {
        String::new()
    } else {
        message.to_string()
    }
}

/// Judges what a row to add says that it belongs to: nothing, or what it is added to.
pub(crate) fn judge_parent(v: &mut Violations, field: &str, said: &str, parent: Option<Uuid>) {
    if !said.is_empty() && (parent.is_none() || parse_id(said) != parent) {
        v.add(field, "must be empty or the id of what it is added to");
    }
}

/// Judges that an id of a batch was not `seen` in it.
pub(crate) fn judge_unseen(v: &mut Violations, seen: &mut HashSet<Uuid>, id: &str) {
    if parse_id(id).is_some_and(|id| !seen.insert(id)) {
        v.add("id", "stands in the batch twice");
    }
}

/// Judges a row of a batch: what it belongs to, that its id was not `seen`, and with `judge` the rest.
pub(crate) fn judge_row<W: Said, N>(
    v: &mut Violations,
    row: W,
    parents: Parents,
    seen: &mut HashSet<Uuid>,
    judge: impl FnOnce(&mut Violations, W) -> Option<N>,
) -> Option<N> {
    parents.judge(v, &row);
    judge_unseen(v, seen, row.id());
    judge(v, row)
}

/// The chats that rows say they belong to.
pub(crate) fn chats_said(rows: &[impl Said]) -> Vec<Option<Uuid>> {
    rows.iter().map(|row| parse_id(row.chat_id())).collect()
}

/// Checks what rows to add said of their chat before it was known.
pub(crate) fn demand_chat(field: &str, said: &[Option<Uuid>], chat: Uuid) -> Result<()> {
    let mut v = Violations::default();
    for (i, said) in said.iter().enumerate() {
        if said.is_some_and(|said| said != chat) {
            let field = format!("{field}[{i}].chat_id");
            v.add(&field, "must be empty or the chat of the message");
        }
    }
    Ok(v.accept(Some(()))?)
}

/// Whose attachments a list holds.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Owner {
    /// A chat's.
    Chat(Uuid),
    /// A message's.
    Message(Uuid),
}

impl Owner {
    /// Judges the `chat_id` and `message_id` of a list: exactly one is required.
    pub(crate) fn judge(v: &mut Violations, chat_id: &str, message_id: &str) -> Option<Self> {
        let span = tracing::Span::current();
        let chat = v.optional_id("chat_id", chat_id);
        let message = v.optional_id("message_id", message_id);
        if chat_id.is_empty() == message_id.is_empty() {
            for field in ["chat_id", "message_id"] {
                v.add(field, "exactly one of chat_id and message_id is required");
            }
        }
        match (chat, message) {
            (Some(chat), _) => {
                span.record("chat_id", display(chat));
                Some(Self::Chat(chat))
            }
            (None, Some(message)) => {
                span.record("message_id", display(message));
                Some(Self::Message(message))
            }
            (None, None) => None,
        }
    }
}

/// Reads a page of what belongs to `owner`, and the token of the next.
pub(crate) async fn page<T: Attachment + Send + 'static>(
    store: &Store,
    attachments: Attachments<T>,
    in_sql: impl for<'c> FnOnce(
        &'c mut Connection,
        Owner,
        i64,
        usize,
    ) -> BoxFuture<'c, Result<Page<(i64, T)>>>
    + Send,
    owner: Owner,
    paging: Paging<i64>,
) -> Result<(Vec<T>, String)> {
    let (after, size) = (paging.after.unwrap_or_default(), paging.size);
    let page = store.read(
        owner,
        move |txn, owner| {
            let (chat, message) = match owner {
                Owner::Chat(chat) => (chat::kv::get(txn, chat)?.id, None),
                Owner::Message(message) => (message::kv::find(txn, message)?.0, Some(message)),
            };
            attachments.list(txn, chat, message, after, size)
        },
        |connection, owner| in_sql(connection, owner, after, size),
    );
    let page = page.await?;
    let token = page.next_token(&paging.scope, |(number, _)| page::number_cursor(*number));
    Ok((page.rows.into_iter().map(|(_, row)| row).collect(), token))
}
