//! Claims about images and search results of an existing deployment, which may lack what the service itself demands.

use ::tests::Postgres;
use contract::{id::new_id, metadata::v1};
use futures::FutureExt as _;

use super::*;
use crate::{chat::sql::tests::sql, postgres::value::json, search_result};

#[tokio::test]
async fn an_adopted_image_without_message_name_or_key_can_be_read_and_deleted() {
    let server = Postgres::start();
    let sql = sql(&server).await;
    let (chat, id) = (new_id(), new_id());
    server.psql(
        "postgres",
        &format!(
            "insert into chats (id, title, user_id) values ('{chat}', 't', 'u');
             insert into chat_images (id, chat_id) values ('{id}', '{chat}');
             insert into usage_days (user_id, day, images) select 'u', (now() at time zone 'utc')::date, 1"
        ),
    );
    let read = sql.read(|connection| get(connection, id).boxed());
    let wire = v1::Image::from(read.await.expect("it is there"));
    assert_eq!((wire.id, wire.chat_id), (id.to_string(), chat.to_string()));
    assert_eq!(
        (wire.message_id, wire.image_name, wire.blob),
        Default::default()
    );
    let page = sql.read(|connection| list(connection, Owner::Chat(chat), 0, 9).boxed());
    assert_eq!(page.await.expect("the chat is there").rows.len(), 1);
    let deleted = sql.write(move |connection, now| delete(connection, id, now).boxed());
    assert_eq!(deleted.await.expect("it can be"), []);
    let days = sql.read(|connection| usage::sql::days(connection, "u", None, None).boxed());
    assert_eq!(days.await.expect("they can be read"), []);
}

#[tokio::test]
async fn whatever_json_an_adopted_search_result_has_comes_back() {
    let server = Postgres::start();
    let sql = sql(&server).await;
    let chat = new_id();
    let shapes = [
        r#"{"x": [1, 2.5], "Лист": null}"#,
        "[[0, 0], [1e300, -1]]",
        r#""0,0,10,10""#,
        "null",
        "7",
        "true",
    ];
    server.psql(
        "postgres",
        &format!("insert into chats (id, title, user_id) values ('{chat}', 't', 'u')"),
    );
    for shape in shapes {
        server.psql(
            "postgres",
            &format!(
                "insert into search_results (chat_id, coords_norm) values ('{chat}', '{shape}')"
            ),
        );
    }
    let page = sql
        .read(|connection| search_result::sql::list(connection, Owner::Chat(chat), 0, 9).boxed());
    let page = page.await.expect("the chat is there");
    let read = page
        .rows
        .into_iter()
        .map(|(_, result)| result.given.coords_norm);
    let shapes = shapes.map(|shape| Some(json(serde_json::from_str(shape).expect("it is JSON"))));
    assert!(read.eq(shapes));
}
