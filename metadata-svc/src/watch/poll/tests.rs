//! Claims about what watching costs a server, counted in its own log.

use std::time::Instant;

use ::tests::Postgres;
use contract::{
    id::new_id,
    metadata::v1::{WatchChatResponse, watch_chat_response::Event},
};
use futures::StreamExt as _;
use tokio::sync::mpsc;
use tonic::Status;

use super::*;
use crate::{
    chat::sql::tests::{new, sql},
    store::Store,
    watch,
};

/// What begins the statement that reads a page's messages.
const READ: &str = "-- Up to $3 messages";
const WATCHES: usize = 40;
/// How long anything may take; far above what it takes.
const LIMIT: Duration = Duration::from_secs(60);

fn seq(event: std::result::Result<WatchChatResponse, Status>) -> i64 {
    let Ok(Some(Event::TurnAppended(turn))) = event.map(|event| event.event) else {
        panic!("turns are told until the service ends");
    };
    turn.message.expect("a turn has one").seq
}

fn say(server: &Postgres, chat: Uuid) {
    server.psql(
        "postgres",
        &format!(
            "with numbered as (update chats set last_seq = last_seq + 1 where id = '{chat}' returning id, last_seq) \
             insert into chat_messages (id, chat_id, role, content, message_type, seq) \
             select gen_random_uuid(), id, 'user', 'x', 'text', last_seq from numbered"
        ),
    );
}

async fn until_read(server: &Postgres, times: usize) {
    let begin = Instant::now();
    while server.log().matches(READ).count() < times {
        assert!(begin.elapsed() < LIMIT, "the watches do not read");
        sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn many_who_watch_a_chat_cost_one_read_of_what_comes_and_hear_all_of_it_in_order() {
    let server = Postgres::start();
    server.psql(
        "postgres",
        "alter database postgres set log_statement = 'all'",
    );
    let sql = sql(&server).await;
    let chat = new_id();
    let created = sql.write(move |connection, now| {
        crate::chat::sql::create(connection, new(chat, 0, None), now).boxed()
    });
    created.await.expect("the id is free");
    say(&server, chat);

    let (heard, mut hears) = mpsc::unbounded_channel();
    for _ in 0..WATCHES {
        let watch = watch::stream(Store::Sql(sql.clone()), chat, 0).await;
        let (mut events, heard) = (watch.expect("the chat is there"), heard.clone());
        tokio::spawn(async move {
            while let Some(event) = events.next().await {
                // Fails only when the test has failed.
                let _ = heard.send(event);
            }
        });
    }
    let asking = tokio::spawn(sql.clone().keep_asking());
    for _ in 0..WATCHES {
        assert_eq!(seq(hears.recv().await.expect("all watch")), 1);
    }
    // Each reads the first turn, then that there is no other, and that once more when it is told to look for the first time.
    until_read(&server, 3 * WATCHES).await;

    for later in [2, 3] {
        say(&server, chat);
        for _ in 0..WATCHES {
            assert_eq!(seq(hears.recv().await.expect("all watch")), later);
        }
    }
    let reads = server.log().matches(READ).count() - 3 * WATCHES;
    assert_eq!(reads, 2, "one for each turn that came");

    sql.watched().end();
    for _ in 0..WATCHES {
        assert!(hears.recv().await.expect("each is told").is_err());
    }
    asking.abort();
}
