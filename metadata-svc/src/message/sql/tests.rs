//! Claims about messages in Postgres; first that they are what they are in the embedded store.

mod random;

use ::tests::Postgres;
use contract::{Violations, blob::v1::BlobRef, id::new_id, metadata::v1};
use futures::FutureExt as _;

use super::{writer::Writer, *};
use crate::{
    chat::{
        NewChat,
        sql::tests::{new, sql, told},
    },
    image::NewImage,
    message::{
        NewTurn,
        kv::{self, Append},
        rpc::answer,
    },
    request_id::Call,
    search_result::NewSearchResult,
    store::kv::Kv,
    usage,
};

pub(super) fn id(number: u128) -> Uuid {
    Uuid::from_u128(number)
}

/// A turn of ids that are made of `number`; every third has images, every fifth search results.
pub(super) fn turn(number: u128) -> NewTurn {
    let mut v = Violations::default();
    let blob = |at: u128| BlobRef {
        key: format!("chats/x/images/{number}_{at}.png"),
        size_bytes: i64::try_from(number + at).expect("it is small"),
        sha256: "0f".repeat(32),
        content_type: "image/png".into(),
        receipt: vec![7].into(),
    };
    let image = |at: u128| v1::Image {
        id: id(number * 100 + at).to_string(),
        image_name: format!("viewport {at}"),
        blob: Some(blob(at)),
        width: 800,
        ..v1::Image::default()
    };
    let result = |at: u128| v1::SearchResult {
        id: id(number * 100 + at).to_string(),
        block_text: "Насос Н-1".into(),
        coords_norm: Some(crate::postgres::value::json(serde_json::json!([
            0.1, 0.25, at
        ]))),
        ..v1::SearchResult::default()
    };
    let message = v1::Message {
        id: id(number).to_string(),
        role: 1 + i32::try_from(number % 4).expect("it is small"),
        content: format!("message {number}"),
        ..v1::Message::default()
    };
    let images = (0..3).filter(|_| number.is_multiple_of(3)).map(image);
    let results = (0..4).filter(|_| number.is_multiple_of(5)).map(result);
    let images: Vec<_> = images
        .filter_map(|image| NewImage::judge(&mut v, image))
        .collect();
    let search_results: Vec<_> = results
        .filter_map(|result| NewSearchResult::judge(&mut v, result))
        .collect();
    let message = NewMessage::judge(&mut v, message);
    v.accept(Some(())).expect("all are well-formed");
    NewTurn {
        message: message.expect("it is well-formed"),
        images,
        search_results,
    }
}

pub(super) fn to_append(chat: Uuid, create: Option<NewChat>, numbers: &[u128]) -> Append {
    let turns: Vec<_> = numbers.iter().map(|number| turn(*number)).collect();
    let lexemes = turns.iter().map(|_| Default::default()).collect();
    Append {
        chat_id: chat,
        create,
        turns,
        lexemes,
    }
}

/// A call of `request_id`, none when it is empty, whose content is told by `content`.
pub(super) fn call(request_id: &str, content: &str) -> Call {
    let mut v = Violations::default();
    let request = v1::GetMessageRequest {
        message_id: content.into(),
    };
    let call = Call::of(&mut v, "AppendMessages", request_id, &request);
    v.accept(Some(call)).expect("it is well-formed")
}

/// An answer as it goes over the wire, without its times.
fn sent<T: std::fmt::Debug>(answer: std::result::Result<T, tonic::Status>) -> String {
    let text = format!("{answer:?}");
    let mut parts = text.split("Timestamp {");
    let first = parts.next().unwrap_or_default().to_owned();
    let behind = |part: &str| part.split_once('}').map(|(_, rest)| rest.to_owned());
    first + &parts.filter_map(behind).collect::<String>()
}

#[tokio::test]
async fn appends_and_lists_are_answered_as_the_embedded_store_answers_them() {
    let server = Postgres::start();
    let sql = sql(&server).await;
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let store = Kv::open(folder.path()).expect("it is empty");
    let writer = Writer::new(&sql);
    let (one, other) = (new_id(), new_id());
    for (chat, creates, numbers) in [
        (one, false, &[1][..]),
        (one, true, &[1, 2, 3]),
        (one, true, &[4, 5]),
        (other, true, &[15, 6, 7]),
        // Taken, in another chat and in the same call: nothing of the call is kept.
        (other, true, &[8, 9, 3]),
        (other, false, &[9, 8, 30]),
    ] {
        let create = || creates.then(|| new(chat, 0, None));
        let (in_kv, in_sql) = (
            to_append(chat, create(), numbers),
            to_append(chat, create(), numbers),
        );
        let kv = store.write(move |txn| kv::append(txn, in_kv).map(answer));
        let in_sql = writer.append(call("", ""), in_sql).await;
        assert_eq!(
            sent(in_sql),
            sent(kv.await.map_err(Into::into)),
            "{numbers:?}"
        );
    }
    for (chat, order, after, size) in [
        (one, MessageOrder::OldestFirst, None, 2),
        (one, MessageOrder::OldestFirst, Some(2), 9),
        (one, MessageOrder::NewestFirst, Some(4), 2),
        (other, MessageOrder::NewestFirst, None, 50),
        (other, MessageOrder::OldestFirst, Some(99), 50),
        (new_id(), MessageOrder::OldestFirst, None, 50),
    ] {
        let kv = store
            .read(move |txn| kv::list(txn, chat, order, after, size))
            .await;
        let sql = sql
            .read(|connection| list(connection, chat, order, after, size).boxed())
            .await;
        assert_eq!(told(sql), told(kv), "{order:?} {after:?}");
    }
    for number in [1, 8, 77] {
        let kv = store.read(move |txn| kv::get(txn, id(number))).await;
        let sql = sql
            .read(|connection| get(connection, id(number)).boxed())
            .await;
        assert_eq!(told(sql), told(kv));
    }
    let kv = store
        .read(|txn| usage::kv::days(txn, "user 0", None, None))
        .await;
    let days = sql
        .read(|connection| usage::sql::days(connection, "user 0", None, None).boxed())
        .await;
    assert_eq!(told(days), told(kv));
    let noted =
        "select (select count(*) from unindexed_messages) = (select count(*) from chat_messages)";
    assert_eq!(
        server.ask("postgres", noted),
        "t",
        "each message waits to be indexed"
    );
    let order = "select string_agg(image_name, ',' order by number) from chat_images where message_id::text like '%f'";
    assert_eq!(
        server.ask("postgres", order),
        "viewport 0,viewport 1,viewport 2"
    );
}
