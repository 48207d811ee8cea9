//! Claims about chats in Postgres; first that they are what they are in the embedded store.

use ::tests::Postgres;
mod scans;

use contract::{Violations, blob::v1::BlobRef, id::new_id, metadata::v1};
use diesel::sql_query;
use diesel_async::AsyncConnection as _;
use futures::FutureExt as _;
use proptest::prelude::*;

use super::{delete::delete, *};
use crate::chat::kv::Deleted;
use crate::{
    chat::kv,
    db,
    postgres::{Pool, Settings},
    store::Store,
    txn::Sql,
};

pub(crate) async fn sql(server: &Postgres) -> Sql {
    let settings = Settings::of(&server.url("postgres"), &[]);
    db::init(settings.clone())
        .await
        .expect("an empty database gets its schema");
    Sql::new(Pool::new(settings))
}

#[derive(Clone, Debug)]
enum Op {
    Create {
        chat: usize,
        user: usize,
        document: Option<usize>,
    },
    Update {
        chat: usize,
        title: Option<String>,
        document: Option<Option<usize>>,
        stale: bool,
    },
    Archive {
        chat: usize,
        archived: bool,
    },
    Delete {
        chat: usize,
    },
    Get {
        chat: usize,
    },
    List {
        user: usize,
        state: i32,
        size: usize,
    },
    Usage {
        user: usize,
    },
}

fn op() -> impl Strategy<Value = Op> {
    let (chat, user, key) = (0..4_usize, 0..2_usize, 0..3_usize);
    prop_oneof![
        3 => (chat.clone(), user.clone(), prop::option::of(key.clone()))
            .prop_map(|(chat, user, document)| Op::Create { chat, user, document }),
        2 => (chat.clone(), prop::option::of("[a-zа-я]{1,5}"), prop::option::of(prop::option::of(key)), prop::bool::weighted(0.2))
            .prop_map(|(chat, title, document, stale)| Op::Update { chat, title, document, stale }),
        1 => (chat.clone(), any::<bool>()).prop_map(|(chat, archived)| Op::Archive { chat, archived }),
        1 => chat.clone().prop_map(|chat| Op::Delete { chat }),
        1 => chat.prop_map(|chat| Op::Get { chat }),
        2 => (user.clone(), 0..4_i32, 1..3_usize).prop_map(|(user, state, size)| Op::List { user, state, size }),
        1 => user.prop_map(|user| Op::Usage { user }),
    ]
}

fn document(key: usize, chats: &[Uuid; 4]) -> BlobRef {
    let key = match key {
        0 => format!("chats/{}/documents/plan.pdf", chats[0]),
        1 => "uploads/documents/shared.pdf".to_owned(),
        _ => "uploads/temp/x".to_owned(),
    };
    let size_bytes = i64::try_from(key.len()).expect("it is short");
    BlobRef {
        key,
        size_bytes,
        sha256: "0f".repeat(32),
        content_type: "application/pdf".into(),
        receipt: vec![7; 32].into(),
    }
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

fn patch(title: Option<String>, document: Option<Option<BlobRef>>) -> ChatPatch {
    ChatPatch {
        title,
        document,
        ..ChatPatch::default()
    }
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

fn told_deleted(deleted: Result<Deleted>) -> String {
    let told = |d: Deleted| {
        let targets: Vec<_> = d
            .pending
            .into_iter()
            .map(|pending| pending.target)
            .collect();
        format!(
            "{} {} {} {targets:?}",
            d.messages, d.images, d.search_results
        )
    };
    match deleted {
        Ok(deleted) => told(deleted),
        Err(error) => format!("{error:?}"),
    }
}

async fn in_kv(store: &Store, op: Op, ids: &[Uuid; 4]) -> String {
    let key = |key: usize| document(key, ids);
    match op {
        Op::Create {
            chat,
            user,
            document,
        } => {
            let new = new(ids[chat], user, document.map(key));
            told(store.write(move |txn| kv::create(txn, new)).await)
        }
        Op::Update {
            chat,
            title,
            document,
            stale,
        } => {
            let (id, etag) = (ids[chat], if stale { "r0" } else { "" });
            let patch = patch(title, document.map(|document| document.map(key)));
            told(
                store
                    .write(move |txn| kv::update(txn, id, etag, patch))
                    .await,
            )
        }
        Op::Archive { chat, archived } => {
            let id = ids[chat];
            told(
                store
                    .write(move |txn| kv::archive(txn, id, "", archived))
                    .await,
            )
        }
        Op::Delete { chat } => {
            let id = ids[chat];
            told_deleted(store.write(move |txn| kv::delete(txn, id, "")).await)
        }
        Op::Get { chat } => {
            let id = ids[chat];
            told(store.read(move |txn| kv::get(txn, id)).await)
        }
        Op::List { user, state, size } => {
            let state = ChatState::try_from(state).expect("it is one");
            let (mut after, mut pages) = (None, String::new());
            loop {
                let user = format!("user {user}");
                let page = store
                    .read(move |txn| kv::list(txn, &user, state, after, size))
                    .await;
                let next = page
                    .as_ref()
                    .ok()
                    .and_then(|page| page.rows.last())
                    .map(|last| (last.create_time.micros(), last.id));
                pages += &told(page);
                if next.is_none() {
                    return pages;
                }
                after = next;
            }
        }
        Op::Usage { user } => {
            let user = format!("user {user}");
            told(
                store
                    .read(move |txn| usage::kv::days(txn, &user, None, None))
                    .await,
            )
        }
    }
}

async fn in_sql(sql: &Sql, op: Op, ids: &[Uuid; 4]) -> String {
    let key = |key: usize| document(key, ids);
    match op {
        Op::Create {
            chat,
            user,
            document,
        } => {
            let new = new(ids[chat], user, document.map(key));
            told(
                sql.write(move |connection, now| create(connection, new.clone(), now).boxed())
                    .await,
            )
        }
        Op::Update {
            chat,
            title,
            document,
            stale,
        } => {
            let (id, etag) = (ids[chat], if stale { "r0" } else { "" });
            let patch = patch(title, document.map(|document| document.map(key)));
            told(
                sql.write(move |connection, now| {
                    update(connection, id, etag, patch.clone(), now).boxed()
                })
                .await,
            )
        }
        Op::Archive { chat, archived } => {
            let id = ids[chat];
            told(
                sql.write(move |connection, now| {
                    archive(connection, id, "", archived, now).boxed()
                })
                .await,
            )
        }
        Op::Delete { chat } => {
            let id = ids[chat];
            told_deleted(
                sql.write(move |connection, now| delete(connection, id, "", now).boxed())
                    .await,
            )
        }
        Op::Get { chat } => {
            let id = ids[chat];
            told(sql.read(|connection| get(connection, id).boxed()).await)
        }
        Op::List { user, state, size } => {
            let state = ChatState::try_from(state).expect("it is one");
            let user = format!("user {user}");
            let (mut after, mut pages) = (None, String::new());
            loop {
                let user = user.clone();
                let page = sql.read(move |connection| {
                    async move { list(connection, &user, state, after, size).await }.boxed()
                });
                let page = page.await;
                let next = page
                    .as_ref()
                    .ok()
                    .and_then(|page| page.rows.last())
                    .map(|last| (last.create_time.micros(), last.id));
                pages += &told(page);
                if next.is_none() {
                    return pages;
                }
                after = next;
            }
        }
        Op::Usage { user } => {
            let user = format!("user {user}");
            let days = sql.read(move |connection| {
                async move { usage::sql::days(connection, &user, None, None).await }.boxed()
            });
            told(days.await)
        }
    }
}

#[test]
fn random_operations_are_answered_as_the_embedded_store_answers_them() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime can be made");
    let server = Postgres::start();
    let sql = runtime.block_on(sql(&server));
    let config = ProptestConfig {
        cases: 24,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    proptest!(config, |(ops in prop::collection::vec(op(), 1..40))| {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let store = Store::open(folder.path()).expect("it is empty");
        server.psql("postgres", "truncate chats, deleted_chats, pending_deletes, usage_days cascade");
        // New ids each time: nothing else may be left of the run before.
        let ids = [new_id(), new_id(), new_id(), new_id()];
        for op in ops {
            let (kv, sql) = runtime.block_on(async {
                (in_kv(&store, op.clone(), &ids).await, in_sql(&sql, op.clone(), &ids).await)
            });
            prop_assert_eq!(kv, sql, "{:?}", op);
        }
    });
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
