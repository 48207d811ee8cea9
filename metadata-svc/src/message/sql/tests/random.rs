//! Random operations on what belongs to chats, on both storages: their answers and what they keep.

mod run;

use contract::{metadata::v1::pending_delete::Target, page::MAX_SIZE};
use proptest::prelude::*;

use self::run::Run;
use super::*;
use crate::{
    attachment::{
        Owner,
        kv::{IMAGES, SEARCH_RESULTS},
    },
    blob_ledger::{self, PendingDelete},
    chat, image,
    message::{NewMessage, Turn},
    search_result,
    store::{Store, kv::Kv},
};

/// Chats, messages, images and keys are a few each, so that they meet.
#[derive(Clone, Debug)]
enum Op {
    /// Messages, each with images of these keys and so many search results.
    Append {
        chat: u128,
        messages: Vec<(Vec<usize>, usize)>,
    },
    AddImages {
        message: usize,
        chat_said: Option<u128>,
        images: Vec<(u128, usize)>,
    },
    AddSearchResults {
        message: usize,
        count: usize,
    },
    DeleteMessage {
        message: usize,
    },
    DeleteImage {
        image: u128,
    },
    DeleteChat {
        chat: u128,
    },
    Ack {
        count: usize,
    },
    /// Everything that can be read, in pages of this size.
    Read {
        size: usize,
    },
}

fn op() -> impl Strategy<Value = Op> {
    let (chat, message, key, image) = (0..3_u128, 0..6_usize, 0..14_usize, 0..9_u128);
    let keys = prop::collection::vec(key.clone(), 0..3);
    prop_oneof![
        4 => (chat.clone(), prop::collection::vec((keys, 0..3_usize), 1..4))
            .prop_map(|(chat, messages)| Op::Append { chat, messages }),
        3 => (
            message.clone(),
            prop::option::weighted(0.2, chat.clone()),
            prop::collection::vec((image.clone(), key), 1..4),
        )
            .prop_map(|(message, chat_said, images)| Op::AddImages { message, chat_said, images }),
        2 => (message.clone(), prop_oneof![4 => 1..4_usize, 1 => Just(MAX_SIZE)])
            .prop_map(|(message, count)| Op::AddSearchResults { message, count }),
        2 => message.prop_map(|message| Op::DeleteMessage { message }),
        2 => image.prop_map(|image| Op::DeleteImage { image }),
        1 => chat.prop_map(|chat| Op::DeleteChat { chat }),
        1 => (1..4_usize).prop_map(|count| Op::Ack { count }),
        3 => (1..4_usize).prop_map(|size| Op::Read { size }),
    ]
}

fn targets(pending: &[PendingDelete]) -> Vec<Target> {
    pending.iter().map(|delete| delete.target.clone()).collect()
}

/// What is to be done, the same for both.
#[derive(Clone)]
enum Do {
    Append(Box<Append>),
    AddImages(Uuid, Vec<NewImage>, Vec<Option<Uuid>>),
    AddSearchResults(Uuid, Vec<NewSearchResult>),
    DeleteMessage(Uuid),
    DeleteImage(Uuid),
    DeleteChat(Uuid),
}

async fn change(store: &Store, to_do: Do) -> String {
    let changed = match to_do {
        Do::Append(given) => {
            let appended = match store {
                Store::Kv(kv) => {
                    let appended = kv.write(move |txn| kv::append(txn, *given).map(answer));
                    appended.await.map_err(Into::into)
                }
                Store::Sql(sql) => Writer::new(sql).append(call("", ""), *given).await,
            };
            return sent(appended);
        }
        Do::AddImages(message, images, said) => store
            .write(
                (message, images, said),
                |txn, (message, images, said)| image::kv::add(txn, message, images, &said),
                |connection, (message, images, said), now| {
                    async move { image::sql::add(connection, message, images, &said, now).await }
                        .boxed()
                },
            )
            .await
            .map(|images| told(Ok(images))),
        Do::AddSearchResults(message, results) => store
            .write(
                (message, results),
                |txn, (message, results)| search_result::kv::add(txn, message, results, &[]),
                |connection, (message, results), now| {
                    search_result::sql::add(connection, message, results, &[], now).boxed()
                },
            )
            .await
            .map(|results| told(Ok(results))),
        Do::DeleteMessage(id) => store
            .write(id, kv::delete, |connection, id, now| {
                super::super::delete::delete(connection, id, now).boxed()
            })
            .await
            .map(|d| {
                format!(
                    "{} {} {:?}",
                    d.images,
                    d.search_results,
                    targets(&d.pending)
                )
            }),
        Do::DeleteImage(id) => store
            .write(id, image::kv::delete, |connection, id, now| {
                image::sql::delete(connection, id, now).boxed()
            })
            .await
            .map(|pending| format!("{:?}", targets(&pending))),
        Do::DeleteChat(id) => store
            .write(
                id,
                |txn, id| chat::kv::delete(txn, id, ""),
                |connection, id, now| chat::sql::delete::delete(connection, id, "", now).boxed(),
            )
            .await
            .map(|d| {
                format!(
                    "{} {} {} {:?}",
                    d.messages,
                    d.images,
                    d.search_results,
                    targets(&d.pending)
                )
            }),
    };
    told(changed)
}

/// All turns of a chat, page by page.
async fn turns(store: &Store, chat: Uuid) -> Result<Vec<Turn>> {
    let (mut all, mut after) = (Vec::new(), 0);
    loop {
        let page = store.read(
            (chat, after),
            |txn, (chat, after)| kv::turns(txn, chat, after),
            |connection, (chat, after)| super::super::turns::turns(connection, chat, after).boxed(),
        );
        let page = page.await?;
        let Some(last) = page.last() else {
            return Ok(all);
        };
        after = last.message.seq;
        all.extend(page);
    }
}

/// All attachments of an owner, page by page.
async fn lists(store: &Store, owner: Owner, size: usize) -> Result<String> {
    use crate::{attachment, page::Paging};
    use contract::page::PageScope;

    let mut told = String::new();
    let paging = |after| Paging {
        scope: PageScope::new("", &v1::ListImagesRequest::default()),
        size,
        after,
    };
    let next = |token: &str| {
        let mut v = Violations::default();
        let scope = PageScope::new("", &v1::ListImagesRequest::default());
        v.page_token(token, &scope, crate::page::read_number_cursor)
    };
    let mut after = None;
    loop {
        let (rows, token) = attachment::page(
            store,
            IMAGES,
            |connection, owner, after, size| {
                image::sql::list(connection, owner, after, size).boxed()
            },
            owner,
            paging(after),
        )
        .await?;
        told += &super::told(Ok(rows));
        after = next(&token);
        if after.is_none() {
            break;
        }
    }
    loop {
        let (rows, token) = attachment::page(
            store,
            SEARCH_RESULTS,
            |connection, owner, after, size| {
                search_result::sql::list(connection, owner, after, size).boxed()
            },
            owner,
            // A message may have 1,000.
            Paging {
                size: size * 100,
                ..paging(after)
            },
        )
        .await?;
        told += &super::told(Ok(rows));
        after = next(&token);
        if after.is_none() {
            return Ok(told);
        }
    }
}

/// All pending deletes, page by page.
async fn pending(store: &Store, size: usize) -> Vec<PendingDelete> {
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let page = store.read(
            (after, size),
            |txn, (after, size)| blob_ledger::kv::pending::list(txn, after.map(|(_, id)| id), size),
            |connection, (after, size)| {
                blob_ledger::sql::pending::list(connection, after, size).boxed()
            },
        );
        let page = page.await.expect("it can be listed");
        after = page
            .rows
            .last()
            .map(|last| (last.create_time.micros(), last.id));
        all.extend(page.rows);
        if after.is_none() || !page.has_more {
            return all;
        }
    }
}

async fn read(store: &Store, run: &Run, size: usize) -> String {
    let mut all = String::new();
    for chat in run.chats {
        all += &told(turns(store, chat).await);
        all += &told(lists(store, Owner::Chat(chat), size).await);
    }
    for message in 0..6 {
        let owner = Owner::Message(run.message(message));
        all += &told(lists(store, owner, size).await);
    }
    for image in 0..9 {
        let image = store.read(
            run.image(image),
            |txn, id| IMAGES.get(txn, id),
            |connection, id| image::sql::get(connection, id).boxed(),
        );
        all += &told(image.await);
    }
    all += &format!("{:?}", targets(&pending(store, size).await));
    let days = store.read(
        (),
        |txn, ()| usage::kv::days(txn, "user 0", None, None),
        |connection, ()| usage::sql::days(connection, "user 0", None, None).boxed(),
    );
    all + &told(days.await)
}

async fn ack(store: &Store, count: usize) -> i64 {
    let ids: Vec<_> = pending(store, 9)
        .await
        .iter()
        .map(|delete| delete.id)
        .take(count)
        .collect();
    // And one that is not there.
    let ids = [ids, vec![new_id()]].concat();
    let acked = store.write(
        ids,
        blob_ledger::kv::pending::ack,
        |connection, ids, now| blob_ledger::sql::pending::ack(connection, ids, now).boxed(),
    );
    acked.await.expect("it can be struck out")
}

async fn perform(kv: &Store, sql: &Store, run: &mut Run, op: Op) -> (String, String) {
    let to_do = match op {
        Op::Append { chat, messages } => Do::Append(Box::new(run.append(chat, messages))),
        Op::AddImages {
            message,
            chat_said,
            images,
        } => {
            let mut images: Vec<_> = images;
            images.sort_unstable();
            images.dedup_by_key(|(image, _)| *image);
            let images = images.into_iter();
            let images = images.map(|(image, key)| run.new_image(run.image(image), key));
            let said = vec![chat_said.map(|chat| run.chat(chat))];
            Do::AddImages(run.message(message), images.collect(), said)
        }
        Op::AddSearchResults { message, count } => {
            Do::AddSearchResults(run.message(message), Run::new_results(count))
        }
        Op::DeleteMessage { message } => Do::DeleteMessage(run.message(message)),
        Op::DeleteImage { image } => Do::DeleteImage(run.image(image)),
        Op::DeleteChat { chat } => Do::DeleteChat(run.chat(chat)),
        Op::Ack { count } => {
            let (kv, sql) = (ack(kv, count).await, ack(sql, count).await);
            return (kv.to_string(), sql.to_string());
        }
        Op::Read { size } => return (read(kv, run, size).await, read(sql, run, size).await),
    };
    (change(kv, to_do.clone()).await, change(sql, to_do).await)
}

#[test]
fn random_operations_on_what_belongs_to_chats_are_answered_as_the_embedded_store_answers_them() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime can be made");
    let server = Postgres::start();
    let sql = Store::Sql(runtime.block_on(sql(&server)));
    let config = ProptestConfig {
        cases: 24,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    proptest!(config, |(ops in prop::collection::vec(op(), 1..40))| {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let kv = Store::Kv(Kv::open(folder.path()).expect("it is empty"));
        server.psql("postgres", "truncate chats, deleted_chats, pending_deletes, usage_days cascade");
        let mut run = Run::new();
        for op in ops.into_iter().chain([Op::Read { size: 2 }]) {
            let (kv, sql) = runtime.block_on(perform(&kv, &sql, &mut run, op.clone()));
            prop_assert_eq!(kv, sql, "{:?}", op);
        }
    });
}
