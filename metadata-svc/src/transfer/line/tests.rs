//! Claims about lines.

use contract::blob::v1::BlobRef;

use super::*;
use crate::{
    chat::Chat,
    message::{Message, NewMessage},
    request_id::Kept,
    search_result::{NewSearchResult, SearchResult},
};

const ID: &str = "01890a5d-ac96-774b-bcce-b302099a8057";

fn time() -> Time {
    Time::from_micros(1_763_719_200_123_456)
}

fn id() -> contract::id::Uuid {
    ID.parse().expect("it is a UUID")
}

fn read_row(text: &str) -> Row {
    match read(text.as_bytes()) {
        Ok(Line::Row(row)) => row,
        other => panic!("{text}: {other:?}"),
    }
}

fn problem(text: &str) -> String {
    read(text.as_bytes()).expect_err("it is bad")
}

#[test]
fn a_chat_is_written_in_the_words_of_the_contract() {
    let json = r#"{"b":[1e300,9007199254740993,-0.0,0.1],"a":null,"":{}}"#;
    let json: Value = serde_json::from_str(json).expect("it is JSON");
    let chat = Chat {
        id: id(),
        user_id: "ann".into(),
        title: "Насос \u{202e}\u{1f9ea}\u{7f}\n".into(),
        description: String::new(),
        document: Some(BlobRef {
            key: "uploads/a.pdf".into(),
            size_bytes: 7,
            sha256: "0f".repeat(32),
            content_type: "application/pdf".into(),
            receipt: vec![1, 2, 255].into(),
        }),
        metadata: json
            .as_object()
            .cloned()
            .map(crate::postgres::value::object),
        is_archived: true,
        last_seq: 3,
        create_time: time(),
        update_time: time(),
        revision: 2,
    };
    let line = write(&Row::Chat(chat.clone()));
    // A double is the nearest that there is to 9007199254740993, and Postgres has no negative zero.
    assert_eq!(
        line,
        format!(
            concat!(
                r#"{{"chat":{{"create_time":"2025-11-21T10:00:00.123456Z","document":{{"content_type":"application/pdf","#,
                r#""key":"uploads/a.pdf","receipt":"AQL/","sha256":"{}","size_bytes":7}},"id":"{}","is_archived":true,"#,
                r#""last_seq":3,"metadata":{{"":{{}},"a":null,"b":[1e+300,9007199254740992,0,0.1]}},"revision":2,"#,
                r#""title":"Насос {}{}{}\n","update_time":"2025-11-21T10:00:00.123456Z","user_id":"ann"}}}}"#
            ),
            "0f".repeat(32),
            ID,
            '\u{202e}',
            '\u{1f9ea}',
            '\u{7f}'
        )
    );
    let Row::Chat(read) = read_row(&line) else {
        panic!("it is a chat")
    };
    assert_eq!(read, chat);
}

#[test]
fn json_of_null_and_no_json_are_told_apart() {
    let null = prost_types::Value {
        kind: Some(prost_types::value::Kind::NullValue(0)),
    };
    let result = SearchResult {
        chat_id: id(),
        message_id: id(),
        create_time: time(),
        given: NewSearchResult {
            id: id(),
            block_id: String::new(),
            page_number: 0,
            block_text: String::new(),
            coords_norm: Some(null.clone()),
            coords_px: None,
        },
    };
    let line = write(&Row::SearchResult(result));
    assert!(
        line.contains(r#""coords_norm":null"#) && !line.contains("coords_px"),
        "{line}"
    );
    let Row::SearchResult(read) = read_row(&line) else {
        panic!("it is a search result")
    };
    assert_eq!(
        (read.given.coords_norm, read.given.coords_px),
        (Some(null), None)
    );
}

#[test]
fn an_answer_keeps_its_bytes() {
    let kept = Kept {
        id: id(),
        digest: vec![15; 32],
        answer: (0..=255).collect(),
        create_time: time(),
    };
    let Row::RequestId(read) = read_row(&write(&Row::RequestId(kept.clone()))) else {
        panic!("it is a request id")
    };
    assert_eq!((read.digest, read.answer), (kept.digest, kept.answer));
}

#[test]
fn each_bad_field_is_told_with_what_is_allowed() {
    let message = |role: &str, seq: &str, more: &str| {
        format!(
            r#"{{"message":{{"id":"{ID}","chat_id":"x","role":{role},"seq":{seq},"content":"c","create_time":"yesterday"{more}}}}}"#
        )
    };
    let told = problem(&message("\"ROLE_KING\"", "0", ",\"colour\":1"));
    for field in ["chat_id", "role", "seq", "create_time", "colour"] {
        assert!(
            told.contains(&format!("message.{field} ")),
            "{field} in {told}"
        );
    }
    for (text, part) in [
        ("", "not JSON"),
        ("{\"chat\":", "not JSON"),
        ("[]", "one noun"),
        ("{\"user\":{}}", "one noun"),
        ("{\"chat\":{},\"message\":{}}", "one noun"),
        ("{\"chat\":{\"id\":5}}", "chat.id must be a text"),
        (
            "{\"chat\":{\"document\":{\"x\":1}}}",
            "chat.document.x is no field",
        ),
        ("{\"image\":{}}", "image.blob is required"),
        (
            "{\"image\":{\"width\":4294967296}}",
            "image.width must be a whole number of 32 bits",
        ),
        ("{\"pending_delete\":{}}", "exactly one of key and prefix"),
        (
            "{\"pending_delete\":{\"key\":\"a/b/\"}}",
            "pending_delete.key must name an object",
        ),
        (
            "{\"pending_delete\":{\"prefix\":\"a\"}}",
            "pending_delete.prefix must end in /",
        ),
        (
            "{\"pending_delete\":{\"prefix\":\"a/b/c/\"}}",
            "pending_delete.prefix must be two folders deep",
        ),
        (
            "{\"request_id\":{\"digest\":\"0F\"}}",
            "request_id.digest must be 64",
        ),
        (
            "{\"message\":{\"content\":\"\\u0000\"}}",
            "message.content must not hold",
        ),
        (
            "{\"chatstore_export\":{\"format\":2}}",
            "format must be 1, is 2",
        ),
        (
            "{\"end\":{\"chats\":{\"rows\":-1}}}",
            "end.chats.rows must not be negative",
        ),
    ] {
        let told = problem(text);
        assert!(told.contains(part), "{text}: {told}");
    }
}

#[test]
fn a_message_comes_back_whatever_its_text() {
    let texts = [
        "\u{feff}\u{200d}\u{fffd}\u{10ffff}",
        "\\u0041 \" \\ / \r\n\t\u{1}",
        "e\u{301}é",
    ];
    for text in texts {
        let message = Message {
            chat_id: id(),
            seq: i64::MAX,
            create_time: time(),
            given: NewMessage {
                id: id(),
                role: contract::metadata::v1::Role::Tool,
                content: text.into(),
                message_type: "code".into(),
            },
        };
        let Row::Message(read) = read_row(&write(&Row::Message(message.clone()))) else {
            panic!("it is a message")
        };
        assert_eq!(format!("{read:?}"), format!("{message:?}"));
    }
}
