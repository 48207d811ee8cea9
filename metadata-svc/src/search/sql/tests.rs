//! Claims about search in Postgres; first that it answers as the embedded store does.

mod plan;

use std::collections::BTreeSet;

use ::tests::{PgBouncer, Postgres};
use contract::{
    metadata::v1::{
        self, AppendMessagesRequest, DeleteChatRequest, Role, SearchHit, SearchMessagesRequest,
        SearchMessagesResponse, chat_service_server::ChatService as _,
        message_service_server::MessageService as _,
    },
    receipt::ReceiptKeys,
};
use futures::FutureExt as _;
use prost_types::Timestamp;
use tempfile::TempDir;
use tonic::{Request, Status};

use super::*;
use crate::{
    chat::{rpc::Chats, sql::tests::sql},
    db,
    message::rpc::Messages,
    postgres::{Pool, Settings},
    search::{
        indexer::{Indexer, waiting},
        rpc,
    },
    store::{Store, kv::Kv},
    txn::Sql,
};

const USER: &str = "anna";
const OTHER_USER: &str = "boris";

fn id(number: u128) -> String {
    Uuid::from_u128(number).to_string()
}

/// A message of this content; its number makes its id and its role.
fn turn(number: u128, content: &str) -> v1::Turn {
    let message = v1::Message {
        id: id(number),
        role: 1 + i32::try_from(number % 4).expect("it is small"),
        content: content.into(),
        ..v1::Message::default()
    };
    v1::Turn {
        message: Some(message),
        ..v1::Turn::default()
    }
}

/// Appends to a chat, which is made of this user's when it is absent.
async fn append(store: &Store, user: &str, chat: u128, turns: Vec<v1::Turn>) {
    let request = AppendMessagesRequest {
        chat_id: id(chat),
        create_chat: Some(v1::Chat {
            user_id: user.into(),
            title: "t".into(),
            ..v1::Chat::default()
        }),
        turns,
        ..AppendMessagesRequest::default()
    };
    let messages = Messages::of(store.clone(), ReceiptKeys::default());
    let appended = messages.append_messages(Request::new(request)).await;
    appended.expect("it can be appended");
}

async fn index(store: &Store) {
    if let Store::Sql(sql) = store {
        Indexer::new(sql.clone())
            .index_all(|_| {})
            .await
            .expect("the server is there");
        let waiting = waiting(sql).await.expect("the server is there");
        assert_eq!(waiting.notes, 0);
    }
}

fn of_user(user: &str, query: &str) -> SearchMessagesRequest {
    SearchMessagesRequest {
        user_id: user.into(),
        query: query.into(),
        ..SearchMessagesRequest::default()
    }
}

async fn search(
    store: &Store,
    request: &SearchMessagesRequest,
) -> std::result::Result<SearchMessagesResponse, Status> {
    Ok(rpc::search(store, request.clone()).await?)
}

/// All hits of a search, page by page; without their times, in which two stores differ.
async fn walk(
    store: &Store,
    request: &SearchMessagesRequest,
    page_size: i32,
) -> std::result::Result<Vec<SearchHit>, String> {
    let mut request = SearchMessagesRequest {
        page_size,
        ..request.clone()
    };
    let mut hits = Vec::new();
    loop {
        let page = search(store, &request).await;
        let page = page.map_err(|status| format!("{:?} {}", status.code(), status.message()))?;
        assert!(page.hits.len() <= usize::try_from(page_size).expect("it is positive"));
        hits.extend(page.hits);
        if page.next_page_token.is_empty() {
            break;
        }
        request.page_token = page.next_page_token;
    }
    for hit in &mut hits {
        hit.create_time = None;
    }
    Ok(hits)
}

/// A sentence of Russian and English words, another for each number.
fn sentence(number: u128) -> String {
    let words = [
        "насос",
        "Насоса",
        "насосная",
        "станция",
        "станции",
        "клапан",
        "клапаны",
        "закрыт",
        "в",
        "расход",
        "воды",
        "и",
        "давление",
        "чертёж",
        "чертежи",
        "the",
        "pump",
        "Pumps",
        "valve",
        "valves",
        "of",
        "station",
        "3.14",
        "101",
        "Ёж",
    ];
    let joints = [" ", " ", " ", " ", ", ", ". ", " — ", "; ", " (", "\n"];
    let mut state = number.wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835);
    let mut die = |sides: usize| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from((state >> 64) % sides as u128).expect("it is small")
    };
    let count = 1 + die(60);
    (0..count)
        .map(|_| format!("{}{}", words[die(words.len())], joints[die(joints.len())]))
        .collect()
}

/// Asks both stores alike.
async fn demand_equal_answers(sql: Sql) {
    let folder = TempDir::new().expect("a temporary folder can be made");
    let kv = Store::Kv(Kv::open(folder.path()).expect("it is empty"));
    let sql = Store::Sql(sql);
    let mut middle: Vec<Option<Timestamp>> = Vec::new();
    for store in [&kv, &sql] {
        // A user's chats, in turn, so that times, chats and numbers do not rise together.
        for (user, chat, numbers) in [
            (USER, 1, 100..140),
            (USER, 2, 200..230),
            (OTHER_USER, 3, 300..330),
            (USER, 1, 400..430),
        ] {
            let turns = numbers.map(|number| turn(number, &sentence(number)));
            append(store, user, chat, turns.collect()).await;
        }
        index(store).await;
        let hits = search(store, &of_user(USER, "насос or pump")).await;
        let hits = hits.expect("it is well-formed").hits;
        let of_second = hits.into_iter().find(|hit| hit.chat_id == id(2));
        middle.push(of_second.expect("many match").create_time);
    }

    let mut found = 0;
    for query in [
        "насос",
        "насосы клапан",
        "насос or valve",
        "pump -клапан",
        "\"насосная станция\"",
        "-\"насосная станция\" станция",
        "\"станция в воды\"",
        "\"valves of station\" or \"расход воды\" -ёж",
        "расход воды or давление -pump",
        "3.14",
        "ежи 101",
        "чертежей",
        "VALVES",
        "отсутствует",
        "насос or -клапан",
        "и the -pump",
        "\"the and\"",
        "насос\u{0}",
    ] {
        let roles = [Role::User, Role::Tool].map(i32::from);
        for request in [
            of_user(USER, query),
            of_user(OTHER_USER, query),
            of_user("nobody", query),
            SearchMessagesRequest {
                chat_id: id(1),
                ..of_user("", query)
            },
            SearchMessagesRequest {
                chat_id: id(1),
                ..of_user(USER, query)
            },
            SearchMessagesRequest {
                chat_id: id(1),
                ..of_user(OTHER_USER, query)
            },
            SearchMessagesRequest {
                chat_id: id(9),
                ..of_user("", query)
            },
            SearchMessagesRequest {
                roles: roles.into(),
                ..of_user(USER, query)
            },
        ] {
            let in_kv = walk(&kv, &request, 1_000).await;
            found += in_kv.as_ref().map_or(0, Vec::len);
            for page_size in [7, 1_000] {
                assert_eq!(
                    walk(&sql, &request, page_size).await,
                    in_kv,
                    "{page_size} {request:?}"
                );
            }
        }
        let between = |time: &Option<Timestamp>| {
            let request = of_user(USER, query);
            let from = SearchMessagesRequest {
                start_time: *time,
                ..request.clone()
            };
            [
                from,
                SearchMessagesRequest {
                    end_time: *time,
                    ..request
                },
            ]
        };
        for (kv_request, sql_request) in between(&middle[0]).iter().zip(&between(&middle[1])) {
            let in_kv = walk(&kv, kv_request, 7).await;
            assert_eq!(walk(&sql, sql_request, 7).await, in_kv, "{sql_request:?}");
        }
    }
    assert!(found > 500, "{found} is too few to mean anything");
}

#[tokio::test]
async fn the_same_is_found_in_the_same_order_as_in_the_embedded_store() {
    let server = Postgres::start();
    demand_equal_answers(sql(&server).await).await;
}

#[tokio::test]
async fn the_same_is_found_through_a_transaction_pooler() {
    let server = Postgres::start();
    let direct = Settings::of(&server.url("postgres"), &[]);
    db::init(direct)
        .await
        .expect("an empty database gets its schema");
    let bouncer = PgBouncer::start(&server, 2);
    let pooled = Settings::of(
        &bouncer.url("postgres"),
        &[("DATABASE_POOL_MODE", "transaction")],
    );
    demand_equal_answers(Sql::new(Pool::new(pooled))).await;
}

#[tokio::test]
async fn a_user_of_any_name_finds_his_own_alone() {
    let server = Postgres::start();
    let store = Store::Sql(sql(&server).await);
    let users = [
        "a b",
        "a",
        "b",
        "o'brien",
        "o''brien",
        "'",
        "back\\slash",
        "back\\\\slash",
        "\\",
        "x & y | !z",
        "\"q\"",
        "user a",
        "chat 1",
        "юзер Ёж",
        "a:*",
        "<->",
    ];
    for (user, number) in users.iter().zip(1_u128..) {
        append(&store, user, number, vec![turn(number, "насос")]).await;
    }
    index(&store).await;
    for (user, number) in users.iter().zip(1_u128..) {
        let hits = walk(&store, &of_user(user, "насосы"), 50).await;
        let hits = hits.expect("it is well-formed");
        let found: Vec<_> = hits.into_iter().map(|hit| hit.message_id).collect();
        assert_eq!(found, [id(number)], "{user}");
    }
}

#[tokio::test]
async fn what_is_deleted_is_not_found() {
    let server = Postgres::start();
    let store = Store::Sql(sql(&server).await);
    for chat in [1, 2] {
        let turns = (0..3).map(|at| turn(chat * 10 + at, "насос"));
        append(&store, USER, chat, turns.collect()).await;
    }
    index(&store).await;
    server.psql(
        "postgres",
        &format!("delete from chat_messages where id = '{}'", id(11)),
    );
    let chats = Chats {
        store: store.clone(),
        receipts: ReceiptKeys::default(),
    };
    let deleted = chats.delete_chat(Request::new(DeleteChatRequest {
        chat_id: id(2),
        ..DeleteChatRequest::default()
    }));
    deleted.await.expect("it is there");
    let hits = walk(&store, &of_user(USER, "насос"), 50).await;
    let found: BTreeSet<_> = hits
        .expect("it is well-formed")
        .into_iter()
        .map(|hit| hit.message_id)
        .collect();
    assert_eq!(found, BTreeSet::from([id(10), id(12)]));
}

#[tokio::test]
async fn what_postgres_reads_as_an_exclusion_alone_finds_nothing() {
    let server = Postgres::start();
    let store = Store::Sql(sql(&server).await);
    append(&store, USER, 1, vec![turn(1, "рыба")]).await;
    index(&store).await;
    // A word here, and a sign to Postgres.
    for query in ["① -насос", "① -насос or ②"] {
        let hits = walk(&store, &of_user(USER, query), 50).await;
        assert_eq!(hits, Ok(Vec::new()), "{query}");
    }
    let hits = walk(&store, &of_user(USER, "① -насос or рыбы"), 50).await;
    assert_eq!(hits.expect("it is well-formed").len(), 1);
}

#[tokio::test]
async fn who_appends_tells_the_indexer_of_his_process() {
    let server = Postgres::start();
    let sql = sql(&server).await;
    assert_eq!(sql.noted.notified().now_or_never(), None);
    append(&Store::Sql(sql.clone()), USER, 1, vec![turn(1, "насос")]).await;
    assert_eq!(sql.noted.notified().now_or_never(), Some(()));
}

#[tokio::test]
async fn a_word_counts_up_to_255_times() {
    let server = Postgres::start();
    let store = Store::Sql(sql(&server).await);
    let turns = vec![
        turn(1, &"насос ".repeat(254)),
        turn(2, &"насос ".repeat(300)),
    ];
    append(&store, USER, 1, turns).await;
    index(&store).await;
    let hits = walk(&store, &of_user(USER, "насос"), 50).await;
    let scores = hits.expect("it is well-formed");
    let scores: Vec<_> = scores.into_iter().map(|hit| hit.score).collect();
    assert_eq!(scores, [255, 254]);
}
