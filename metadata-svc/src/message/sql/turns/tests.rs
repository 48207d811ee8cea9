//! Claims about turns: a page is bounded, and none is torn.

use std::sync::Arc;

use ::tests::Postgres;
use contract::id::new_id;
use futures::FutureExt as _;

use super::*;
use crate::chat::sql::tests::sql;

/// A chat with `messages` messages of `bytes` bytes each, and of each so many images.
fn seed(server: &Postgres, chat: Uuid, messages: u32, bytes: u32, images: u32) {
    server.psql(
        "postgres",
        &format!(
            "insert into chats (id, title, user_id, last_seq) values ('{chat}', 't', 'u', {messages});
             insert into chat_messages (chat_id, role, content, seq)
             select '{chat}', 'user', repeat('x', {bytes}), seq from generate_series(1, {messages}) seq;
             insert into chat_images (chat_id, message_id, message_seq, image_name)
             select '{chat}', id, seq, n from chat_messages, generate_series(1, {images}) n where chat_id = '{chat}'
             order by n, seq"
        ),
    );
}

/// How many turns each page of a chat has; all images must be there, in order.
async fn pages(server: &Postgres, chat: Uuid, images: usize) -> Vec<usize> {
    let sql = sql(server).await;
    let (mut pages, mut after) = (Vec::new(), 0);
    loop {
        let page = sql
            .read(|connection| async move { turns(connection, chat, after).await }.boxed())
            .await
            .expect("it is there");
        let Some(last) = page.as_slice().last() else {
            return pages;
        };
        after = last.message.seq;
        for turn in &page {
            let names = turn
                .images
                .iter()
                .map(|image| image.given.image_name.parse());
            assert!(names.eq((1..=images).map(Ok)), "{}", turn.message.seq);
        }
        pages.push(page.len());
    }
}

#[tokio::test]
async fn a_page_of_turns_ends_by_count_by_bytes_or_by_attachments_and_has_one_turn_in_any_case() {
    let server = Postgres::start();
    let _ = sql(&server).await;
    for (messages, bytes, images, sizes) in [
        (0, 1, 0, vec![]),
        (2_500, 1, 0, vec![1_000, 1_000, 500]),
        // The contents before a page's last come to 1 MiB at most.
        (5, 1 << 20, 0, vec![2, 2, 1]),
        (3, 3 << 20, 0, vec![1, 1, 1]),
        // A thousand rows, and the rest of the last message's.
        (5, 1, 400, vec![3, 2]),
        // More than the service itself lets a message have.
        (3, 1, 1_500, vec![1, 1, 1]),
    ] {
        let chat = new_id();
        seed(&server, chat, messages, bytes, images);
        let images = usize::try_from(images).expect("it is small");
        assert_eq!(
            pages(&server, chat, images).await,
            sizes,
            "{messages} of {bytes}"
        );
    }
}

#[tokio::test]
async fn a_chat_that_is_absent_has_no_turns_to_give() {
    let server = Postgres::start();
    let sql = sql(&server).await;
    let read = sql
        .read(|connection| async move { turns(connection, Uuid::from_u128(1), 0).await }.boxed());
    assert!(matches!(read.await, Err(Error::Absent("chat", _))));
}

/// How many messages are appended.
const ROUNDS: i64 = 500;
/// What is appended, and what is deleted, beside the reading.
const CHANGES: &str = "
    do $$
    begin
        for round in 1..500 loop
            insert into chat_messages (chat_id, role, content, seq) values ('CHAT', 'user', 'x', round);
            insert into chat_images (chat_id, message_id, message_seq, image_name)
            select chat_id, id, seq, n from chat_messages, generate_series(1, 2) n where chat_id = 'CHAT' and seq = round;
            insert into search_results (chat_id, message_id, message_seq, block_id)
            select chat_id, id, seq, n from chat_messages, generate_series(1, 2) n where chat_id = 'CHAT' and seq = round;
            update chats set last_seq = round where id = 'CHAT';
            commit;
            delete from chat_messages where chat_id = 'CHAT' and seq = round - 3;
            commit;
        end loop;
    end
    $$";

#[tokio::test]
async fn a_turn_is_seen_whole_or_not_at_all_while_others_append_and_delete() {
    let server = Arc::new(Postgres::start());
    let sql = sql(&server).await;
    let chat = new_id();
    seed(&server, chat, 0, 1, 0);
    let changes = CHANGES.replace("CHAT", &chat.to_string());
    let changed = server.clone();
    let changing = tokio::task::spawn_blocking(move || changed.psql("postgres", &changes));
    let mut seen = 0;
    while seen < ROUNDS {
        let page = sql.read(|connection| async move { turns(connection, chat, 0).await }.boxed());
        let page = page.await.expect("it is there");
        for turn in &page {
            let whole = (turn.images.len(), turn.search_results.len());
            assert_eq!(whole, (2, 2), "{}", turn.message.seq);
        }
        seen = page.as_slice().last().map_or(seen, |last| last.message.seq);
    }
    changing.await.expect("it changes what it may");
}
