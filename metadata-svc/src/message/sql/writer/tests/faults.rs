//! Claims about what happens when callers, connections or the server go, and when too much comes.

use std::{sync::Arc, time::Duration};

use diesel::{sql_query, sql_types::Uuid as SqlUuid};
use diesel_async::RunQueryDsl as _;
use tokio::{sync::oneshot, task::yield_now};

use super::*;

/// Keeps `chat` locked until what is given back is dropped.
async fn lock(stage: &Stage, chat: Uuid) -> oneshot::Sender<()> {
    let (release, released) = oneshot::channel::<()>();
    let (locked, is_locked) = oneshot::channel();
    let signals = std::sync::Mutex::new(Some((locked, released)));
    let sql = stage.direct.clone();
    tokio::spawn(async move {
        sql.write(move |connection, _| {
            let signals = signals.lock().ok().and_then(|mut signals| signals.take());
            Box::pin(async move {
                let (locked, released) = signals.expect("nothing is in its way");
                sql_query("select 1 from chats where id = $1 for update")
                    .bind::<SqlUuid, _>(chat)
                    .execute(connection)
                    .await?;
                let _ = locked.send(());
                let _ = released.await;
                Ok(())
            })
        })
        .await
    });
    is_locked.await.expect("the chat is there");
    release
}

async fn wait_until(stage: &Stage, sql: &str) {
    while stage.ask(sql) != "t" {
        yield_now().await;
    }
}

const IS_LOCKED_OUT: &str =
    "select count(*) > 0 from pg_stat_activity where wait_event_type = 'Lock'";

#[tokio::test]
async fn what_was_begun_is_written_whole_when_its_caller_is_gone() {
    let stage = Stage::set().await;
    for (way, base) in [(&stage.direct, 0), (&stage.pooled, 100)] {
        let writer = Writer::new(way);
        let chat = stage.chats(1).await[0];
        let release = lock(&stage, chat).await;
        let append = to_append(chat, None, &[base + 15, base + 1, base + 2]);
        let caller = tokio::spawn(async move { writer.append(call("", ""), append).await });
        wait_until(&stage, IS_LOCKED_OUT).await;
        caller.abort();
        assert!(caller.await.is_err());
        drop(release);
        let whole = format!("select count(*) = 3 from chat_messages where chat_id = '{chat}'");
        wait_until(&stage, &whole).await;
    }
}

#[tokio::test]
async fn a_full_queue_is_told_at_once_and_who_waits_is_answered() {
    let stage = Stage::set().await;
    let writer = Writer::new(&stage.direct);
    let chat = stage.chats(1).await[0];
    let release = lock(&stage, chat).await;
    let mut waiting = Vec::new();
    let refused = loop {
        let mut append = to_append(chat, None, &[1_000 + 15 * waiting.len() as u128 + 1]);
        append.turns[0].message.content = "x".repeat(1 << 20);
        let writer = writer.clone();
        let mut call = tokio::spawn(async move { writer.append(call("", ""), append).await });
        // What is let in waits; what is not is told without waiting for anything.
        yield_now().await;
        match futures::poll!(&mut call) {
            std::task::Poll::Ready(told) => break told.expect("it did not panic"),
            std::task::Poll::Pending => waiting.push(call),
        }
    };
    let refused = refused.expect_err("it is one too many");
    assert_eq!(refused.code(), Code::ResourceExhausted);
    assert!(!refused.details().is_empty(), "it says when to come again");
    assert_eq!(waiting.len(), 63, "64 MiB, of which rows take a part");
    drop(release);
    for call in waiting {
        let answer = call.await.expect("it did not panic");
        answer.expect("it was let in");
    }
}

#[tokio::test]
async fn who_waits_for_a_database_that_is_away_is_told_so_and_may_come_again() {
    let mut stage = Stage::set().await;
    let writer = Writer::new(&stage.direct);
    let chat = stage.chats(1).await[0];
    let append = |number: u128| {
        let request_id = Uuid::from_u128(number).to_string();
        writer.append(call(&request_id, ""), to_append(chat, None, &[number]))
    };
    stage.server.stop();
    // More than one batch holds.
    let away = join_all((1..=BATCH_ROWS as u128 + 500).map(append));
    let limit = Duration::from_secs(30);
    let away = tokio::time::timeout(limit, away).await;
    for answer in away.expect("all are told by the first who tries") {
        let status = answer.expect_err("the server is away");
        assert_eq!(status.code(), Code::Unavailable);
        assert!(!status.details().is_empty(), "it says when to come again");
    }
    stage.server.restart();
    // As they were told: until then the pool speaks of its last attempt.
    tokio::time::sleep(contract::status::RETRY_AFTER).await;
    let back = join_all((1..=50).map(append)).await;
    assert!(back.iter().all(Result::is_ok));
    assert_eq!(
        stage.ask("select count(*), max(seq) from chat_messages"),
        "50|50"
    );
}

#[tokio::test]
async fn what_was_answered_is_kept_and_what_was_not_converges_however_connections_break() {
    let stage = Arc::new(Stage::set().await);
    let chats = stage.chats(4).await;
    let writers = [&stage.direct, &stage.pooled].map(Writer::new);
    let killer = {
        let stage = stage.clone();
        tokio::task::spawn_blocking(move || {
            let kill = "select count(pg_terminate_backend(pid)) from pg_stat_activity
                where pid <> pg_backend_pid() and backend_type = 'client backend'";
            let killed = (0..10).map(|_| stage.ask(kill).parse::<usize>().unwrap_or_default());
            killed.sum::<usize>()
        })
    };
    let callers = (0..16_u128).map(|caller| {
        let (writer, chat) = (
            &writers[usize::from(caller % 2 == 0)],
            chats[(caller % 4) as usize],
        );
        let killer = &killer;
        async move {
            let mut calls = 0;
            while !killer.is_finished() || calls < 10 {
                let number = 1_000_000 + caller * 10_000 + calls;
                let request_id = Uuid::from_u128(number).to_string();
                calls += 1;
                loop {
                    let append = to_append(chat, None, &[number]);
                    match writer.append(call(&request_id, ""), append).await {
                        Ok(_) => break,
                        Err(status) => assert_eq!(status.code(), Code::Unavailable, "{status:?}"),
                    }
                }
            }
            calls
        }
    });
    let calls: u128 = join_all(callers).await.into_iter().sum();
    assert!(killer.await.expect("it did not panic") > 0);
    let kept = "select count(*), bool_and(count = last_seq) from (select count(*), last_seq
        from chats join chat_messages m on m.chat_id = chats.id group by chats.id) as chats";
    assert_eq!(
        stage.ask("select count(*) from chat_messages"),
        calls.to_string()
    );
    assert_eq!(stage.ask(kept), "4|t");
}
