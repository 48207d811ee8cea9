//! Claims about appends that share commits, on a real server, directly and through a transaction pooler. The runtime of these
//! tests has one thread: what is polled together waits together, and is one batch.

mod faults;

use std::collections::BTreeSet;

use ::tests::{PgBouncer, Postgres};
use contract::id::{Uuid, new_id};
use futures::future::join_all;
use tonic::Code;

use super::*;
use crate::{
    chat::sql::tests::{new, sql},
    message::sql::tests::{call, id, to_append},
    postgres::{Pool, Settings},
};

/// A server, and the ways to it.
struct Stage {
    server: Postgres,
    _pooler: PgBouncer,
    direct: Sql,
    pooled: Sql,
}

impl Stage {
    async fn set() -> Self {
        let server = Postgres::start();
        let direct = sql(&server).await;
        let pooler = PgBouncer::start(&server, 2);
        let mode = [("DATABASE_POOL_MODE", "transaction")];
        let settings = Settings::of(&pooler.url("postgres"), &mode);
        Self {
            server,
            _pooler: pooler,
            direct,
            pooled: Sql::new(Pool::new(settings)),
        }
    }

    fn ask(&self, sql: &str) -> String {
        self.server.ask("postgres", sql)
    }

    /// In how many commits the messages were written.
    fn commits(&self) -> usize {
        let commits = self.ask("select count(distinct xmin::text) from chat_messages");
        commits.parse().expect("it is a number")
    }

    /// Creates chats.
    async fn chats(&self, count: usize) -> Vec<Uuid> {
        let chats: Vec<_> = (0..count).map(|_| new_id()).collect();
        for chat in &chats {
            let (chat, user) = (*chat, chats.len() % 3);
            let created = self.direct.write(move |connection, now| {
                Box::pin(async move {
                    crate::chat::sql::create(connection, new(chat, user, None), now).await
                })
            });
            created.await.expect("the id is free");
        }
        chats
    }
}

fn seqs(answer: &Result<AppendMessagesResponse, Status>) -> Vec<i64> {
    let turns = answer.iter().flat_map(|answer| &answer.turns);
    let messages = turns.filter_map(|turn| turn.message.as_ref());
    messages.map(|message| message.seq).collect()
}

#[tokio::test]
async fn appends_that_wait_together_share_a_commit_and_each_gets_his_own_answer() {
    let stage = Stage::set().await;
    for (way, base) in [(&stage.direct, 1_000), (&stage.pooled, 2_000)] {
        let writer = Writer::new(way);
        let chats = stage.chats(3).await;
        let before = stage.commits();
        // Ids without remainder by 3 and 5: messages alone.
        let appends = (0..30).map(|number| {
            let chat = chats[number % 3];
            let first = base + u128::try_from(number).expect("it is small") * 30;
            writer.append(call("", ""), to_append(chat, None, &[first + 1, first + 2]))
        });
        let answers = join_all(appends).await;
        assert_eq!(stage.commits(), before + 1);
        for (number, answer) in answers.iter().enumerate() {
            let last = i64::try_from(number / 3 * 2 + 2).expect("it is small");
            assert_eq!(seqs(answer), [last - 1, last], "{answer:?}");
            let chat = answer.as_ref().ok().and_then(|answer| answer.chat.as_ref());
            let chat = chat.expect("it is answered");
            assert_eq!(
                (chat.last_seq, &chat.id),
                (last, &chats[number % 3].to_string())
            );
        }
        let kept = format!(
            "select count(*), min(seq), max(seq) from chat_messages where chat_id = '{}'",
            chats[0]
        );
        assert_eq!(stage.ask(&kept), "20|1|20");
    }
    let counted = "select sum(messages) = (select count(*) from chat_messages) from usage_days";
    assert_eq!(stage.ask(counted), "t");
    let noted = "select count(*) = (select count(*) from chat_messages) from unindexed_messages";
    assert_eq!(stage.ask(noted), "t");
}

#[tokio::test]
async fn what_is_wrong_with_one_append_is_his_alone() {
    let stage = Stage::set().await;
    for (way, base) in [(&stage.direct, 0), (&stage.pooled, 99_990)] {
        let writer = Writer::new(way);
        let chat = stage.chats(1).await[0];
        let (fine, known) = (new_id().to_string(), new_id().to_string());
        let first = writer.append(call(&known, "one"), to_append(chat, None, &[base + 15]));
        let first = first.await.expect("nothing is in its way");
        let (deleted, pending) = (new_id(), base + 33);
        stage.server.psql(
            "postgres",
            &format!(
                "insert into deleted_chats (id) values ('{deleted}');
                 insert into pending_deletes (id, target, is_prefix)
                 values (gen_random_uuid(), 'chats/x/images/{pending}_1.png', false)"
            ),
        );
        let before = stage.commits();
        let mut crowded = to_append(chat, None, &[base + 3]);
        let image = crowded.turns[0].images[0].clone();
        crowded.turns[0].images = (0..=1_000_u128)
            .map(|number| {
                let mut image = image.clone();
                image.id = id(900_000_000 + base * 10_000 + number);
                image
            })
            .collect();
        let answers = join_all([
            writer.append(call("", ""), to_append(chat, None, &[base + 1])),
            writer.append(call("", ""), to_append(chat, None, &[base + 2, base + 15])),
            writer.append(call("", ""), to_append(new_id(), None, &[base + 4])),
            writer.append(call(&fine, "two"), to_append(chat, None, &[base + 5])),
            writer.append(call(&known, "other"), to_append(chat, None, &[base + 8])),
            writer.append(call(&known, "one"), to_append(chat, None, &[base + 15])),
            writer.append(call("", ""), to_append(chat, None, &[pending])),
            writer.append(
                call("", ""),
                to_append(deleted, Some(new(deleted, 0, None)), &[base + 11]),
            ),
            writer.append(call("", ""), to_append(chat, None, &[base + 9, base + 10])),
            // More than fits in with the others.
            writer.append(call("", ""), crowded),
        ])
        .await;
        let told = answers
            .iter()
            .map(|answer| answer.as_ref().map_or_else(Status::code, |_| Code::Ok));
        assert_eq!(
            told.collect::<Vec<_>>(),
            [
                Code::Ok,
                Code::AlreadyExists,
                Code::NotFound,
                Code::Ok,
                Code::AlreadyExists,
                Code::Ok,
                Code::FailedPrecondition,
                Code::AlreadyExists,
                Code::Ok,
                Code::ResourceExhausted,
            ]
        );
        assert_eq!(
            answers[5].as_ref().ok(),
            Some(&first),
            "the first one's answer"
        );
        let seqs: BTreeSet<_> = answers
            .iter()
            .enumerate()
            .filter(|(place, _)| *place != 5)
            .flat_map(|(_, answer)| seqs(answer))
            .collect();
        assert_eq!(
            seqs.into_iter().collect::<Vec<_>>(),
            [2, 3, 4, 5],
            "without gap"
        );
        assert_eq!(
            stage.commits(),
            before + 1,
            "those that are fine stay together"
        );
    }
    let counted = "select sum(messages) = (select count(*) from chat_messages), sum(images) = (select count(*) from chat_images)
        from usage_days";
    assert_eq!(stage.ask(counted), "t|t");
}

#[tokio::test]
async fn what_postgres_refuses_of_one_append_without_our_knowing_why_is_his_alone() {
    let stage = Stage::set().await;
    let writer = Writer::new(&stage.direct);
    let chat = stage.chats(1).await[0];
    // No request gets as far as this with a NUL.
    let mut refused = to_append(chat, None, &[7]);
    refused.turns[0].message.content = "\0".into();
    let answers = join_all([
        writer.append(call("", ""), to_append(chat, None, &[1])),
        writer.append(call("", ""), refused),
        writer.append(call("", ""), to_append(chat, None, &[2])),
    ])
    .await;
    let told = answers
        .iter()
        .map(|answer| answer.as_ref().map_or_else(Status::code, |_| Code::Ok));
    assert_eq!(
        told.collect::<Vec<_>>(),
        [Code::Ok, Code::Internal, Code::Ok]
    );
    assert_eq!(
        stage.ask("select min(seq), max(seq), count(*) from chat_messages"),
        "1|2|2"
    );
}

#[tokio::test]
async fn two_of_one_request_id_have_one_effect_in_one_batch_and_from_two_processes() {
    let stage = Stage::set().await;
    let chat = stage.chats(1).await[0];
    let writers = [
        Writer::new(&stage.direct),
        Writer::new(&stage.direct),
        Writer::new(&stage.pooled),
    ];
    for round in 0..20_u128 {
        let request_id = new_id().to_string();
        let answers = (0..9).map(|number| {
            let content = if number == 8 { "other" } else { "same" };
            // Ids of the service's own making differ from call to call.
            let own = 10_000 + round * 100 + number;
            writers[usize::try_from(number % 3).expect("it is small")]
                .append(call(&request_id, content), to_append(chat, None, &[own]))
        });
        let mut answers = join_all(answers).await;
        let other = answers.pop().expect("there are nine");
        let same: Vec<_> = answers.into_iter().filter_map(Result::ok).collect();
        if let Ok(other) = other {
            assert!(same.is_empty(), "it came first: {other:?}");
        } else {
            assert_eq!(same.len(), 8);
            assert!(same.iter().all(|answer| *answer == same[0]));
        }
    }
    assert_eq!(
        stage.ask("select count(*), max(seq) from chat_messages"),
        "20|20"
    );
}

#[tokio::test]
async fn a_chat_that_several_create_is_created_once() {
    let stage = Stage::set().await;
    for (way, base) in [(&stage.direct, 1_000), (&stage.pooled, 2_000)] {
        let writers = [Writer::new(way), Writer::new(&stage.direct)];
        let chats: Vec<_> = (0..10).map(|_| new_id()).collect();
        let appends = (0..40).map(|number| {
            let chat = chats[number % 10];
            let create = (number < 30).then(|| new(chat, 0, None));
            let own = base + u128::try_from(number).expect("it is small");
            writers[number % 2].append(call("", ""), to_append(chat, create, &[own]))
        });
        let answers = join_all(appends).await;
        let created = answers
            .iter()
            .flatten()
            .filter(|answer| answer.chat_created);
        assert_eq!(created.count(), 10);
        // Who may not create it may have come first.
        assert!(answers[..30].iter().all(Result::is_ok));
    }
    let counted =
        "select sum(chats), sum(messages) = (select count(*) from chat_messages) from usage_days";
    assert_eq!(stage.ask(counted), "20|t");
    let numbered = "select bool_and(count = last_seq) from (select count(*), last_seq from chats
        join chat_messages m on m.chat_id = chats.id group by chats.id) as chats";
    assert_eq!(stage.ask(numbered), "t");
}

#[tokio::test]
async fn several_processes_append_to_the_same_chats_without_error_or_deadlock() {
    let stage = Stage::set().await;
    let chats = stage.chats(8).await;
    let writers = [&stage.direct, &stage.direct, &stage.pooled].map(Writer::new);
    let callers = (0..64_u128).map(|caller| {
        let (writer, chats) = (
            &writers[usize::try_from(caller % 3).expect("it is small")],
            &chats,
        );
        async move {
            for number in 0..10_u128 {
                // With images and search results now and then.
                let own = 1_000_000 + caller * 1_000 + number;
                let chat = chats[usize::try_from((caller * 7 + number) % 8).expect("it is small")];
                let request_id = if own.is_multiple_of(2) {
                    new_id().to_string()
                } else {
                    String::new()
                };
                let appended = writer.append(call(&request_id, ""), to_append(chat, None, &[own]));
                appended.await.expect("nothing is in its way");
            }
        }
    });
    join_all(callers).await;
    assert!(stage.commits() < 640, "commits are shared");
    let numbered = "select count(*), bool_and(count = last_seq and count = max) from (select count(*), max(seq), last_seq
        from chats join chat_messages m on m.chat_id = chats.id group by chats.id) as chats";
    assert_eq!(stage.ask(numbered), "8|t");
    let deadlocks = "select deadlocks from pg_stat_database where datname = 'postgres'";
    assert_eq!(stage.ask(deadlocks), "0");
}
