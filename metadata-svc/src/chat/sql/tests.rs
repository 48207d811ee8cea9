//! Claims about chats in Postgres; first that they are what they are in the embedded store.

mod random;

use ::tests::Postgres;
use contract::{Violations, blob::v1::BlobRef, id::new_id, metadata::v1};
use futures::FutureExt as _;

use super::{delete::delete, *};
use crate::{
    chat::kv,
    db,
    postgres::{Pool, Settings},
    store::kv::Kv,
    txn::Sql,
};

pub(crate) async fn sql(server: &Postgres) -> Sql {
    let settings = Settings::of(&server.url("postgres"), &[]);
    db::init(settings.clone())
        .await
        .expect("an empty database gets its schema");
    Sql::new(Pool::new(settings))
}

pub(crate) fn new(id: Uuid, user: usize, document: Option<BlobRef>) -> NewChat {
    let json = serde_json::json!({"pages": 3, "tags": ["a", null], "deep": {"x": -0.5}});
    let metadata = json
        .as_object()
        .cloned()
        .map(crate::postgres::value::object);
    let wire = v1::Chat {
        id: id.to_string(),
        user_id: format!("user {user}"),
        title: "Насосная".into(),
        document,
        metadata,
        ..v1::Chat::default()
    };
    let mut v = Violations::default();
    let new = NewChat::judge(&mut v, wire);
    v.accept(Some(new)).expect("it is well-formed")
}

/// An answer without what differs between two runs: times and the ids of pending deletes.
pub(crate) fn told<T: std::fmt::Debug>(answer: Result<T>) -> String {
    let text = format!("{answer:?}");
    let mut told = String::new();
    for part in text.split("Time(") {
        let rest = if told.is_empty() {
            part
        } else {
            part.split_once(')').map_or("", |(_, rest)| rest)
        };
        told.push_str(rest);
    }
    told
}

#[tokio::test]
async fn an_adopted_chat_without_user_sizes_or_an_object_of_metadata_can_be_read_and_changed() {
    let server = Postgres::start();
    let sql = sql(&server).await;
    let id = new_id();
    server.psql(
        "postgres",
        &format!("insert into chats (id, title, user_id, document_path, metadata) values ('{id}', '', '', 'uploads/x', '[1]')"),
    );
    let chat = sql
        .read(|connection| get(connection, id).boxed())
        .await
        .expect("it is there");
    let document = chat.document.expect("it has one");
    assert_eq!(
        (
            document.key.as_str(),
            document.size_bytes,
            document.sha256.as_str()
        ),
        ("uploads/x", 0, "")
    );
    assert_eq!(chat.metadata, None);
    let archived = sql
        .write(move |connection, now| archive(connection, id, "", true, now).boxed())
        .await
        .expect("it can be");
    assert_eq!((archived.is_archived, archived.revision), (true, 2));
}
