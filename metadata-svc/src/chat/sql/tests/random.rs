//! Random operations, on both storages.

use proptest::prelude::*;

use super::*;
use crate::chat::kv::Deleted;

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

fn patch(title: Option<String>, document: Option<Option<BlobRef>>) -> ChatPatch {
    ChatPatch {
        title,
        document,
        ..ChatPatch::default()
    }
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

async fn in_kv(store: &Kv, op: Op, ids: &[Uuid; 4]) -> String {
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
        let store = Kv::open(folder.path()).expect("it is empty");
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
