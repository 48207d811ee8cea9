//! Bad requests to `MessageService`.

use contract::metadata::v1::{
    AppendMessagesRequest, Chat, DeleteMessageRequest, GetMessageRequest, Image,
    ListMessagesRequest, Message, SearchResult, Turn,
};

use super::{
    rows::{bad_images, bad_results},
    table::{
        Seed, Table, bad_batches, bad_blobs, bad_bytes, bad_ids, bad_names, bad_texts, bad_tokens,
        malformed_ids,
    },
};
use crate::metadata::{found, id, image, new_chat, turn};

const APPEND: &str = "MessageService/AppendMessages";
const LIST: &str = "MessageService/ListMessages";

/// Adds them.
pub(super) fn add(table: &mut Table, seed: &Seed) {
    chats(table, seed);
    messages(table, seed);
    rows(table, seed);
    batches(table, seed);
    others(table, seed);
}

fn append(seed: &Seed, turns: Vec<Turn>) -> AppendMessagesRequest {
    AppendMessagesRequest {
        chat_id: seed.chat_id.clone(),
        turns,
        ..AppendMessagesRequest::default()
    }
}

fn chats(table: &mut Table, seed: &Seed) {
    let base = || append(seed, vec![turn("x")]);
    table.each(APPEND, "chat_id", bad_ids(), |chat_id| {
        AppendMessagesRequest { chat_id, ..base() }
    });
    table.each(APPEND, "request_id", malformed_ids(), |request_id| {
        AppendMessagesRequest {
            request_id,
            ..base()
        }
    });
    let create = |chat: Chat| AppendMessagesRequest {
        create_chat: Some(chat),
        ..base()
    };
    let ids = malformed_ids().into_iter().chain([id()]);
    table.each(APPEND, "create_chat.id", ids, |id| {
        create(Chat {
            id,
            ..new_chat("t")
        })
    });
    table.each(APPEND, "create_chat.title", bad_names(255), |title| {
        create(new_chat(&title))
    });
    for (bad, part) in bad_blobs(512) {
        let chat = Chat {
            document: Some(bad),
            ..new_chat("t")
        };
        table.bad(
            APPEND,
            create(chat),
            &[&format!("create_chat.document.{part}")],
        );
    }
}

fn messages(table: &mut Table, seed: &Seed) {
    let base = || turn("x").message.expect("set there");
    let request = |message: Message| {
        let bad = Turn {
            message: Some(message),
            ..Turn::default()
        };
        append(seed, vec![turn("x"), bad])
    };
    let at = |field: &str| format!("turns[1].message.{field}");
    table.bad(
        APPEND,
        append(seed, vec![Turn::default()]),
        &["turns[0].message"],
    );
    table.each(APPEND, &at("id"), malformed_ids(), |id| {
        request(Message { id, ..base() })
    });
    let foreign = malformed_ids().into_iter().chain([id()]);
    table.each(APPEND, &at("chat_id"), foreign, |chat_id| {
        request(Message { chat_id, ..base() })
    });
    table.each(APPEND, &at("role"), [0, 5, -1], |role| {
        request(Message { role, ..base() })
    });
    let contents = [bad_bytes(1 << 20), vec![String::new()]].concat();
    table.each(APPEND, &at("content"), contents, |content| {
        request(Message { content, ..base() })
    });
    table.each(APPEND, &at("message_type"), bad_texts(50), |message_type| {
        request(Message {
            message_type,
            ..base()
        })
    });
    let empty = [at("role"), at("content")];
    table.bad(
        APPEND,
        request(Message::default()),
        &empty.each_ref().map(String::as_str),
    );
}

fn rows(table: &mut Table, seed: &Seed) {
    let request = |images: Vec<Image>, search_results: Vec<SearchResult>| {
        append(
            seed,
            vec![Turn {
                images,
                search_results,
                ..turn("x")
            }],
        )
    };
    let with_image = |image: Image| request(vec![image], Vec::new());
    let with_result = |result: SearchResult| request(Vec::new(), vec![result]);
    for (field, bad) in bad_images() {
        table.bad(
            APPEND,
            with_image(bad),
            &[&format!("turns[0].images[0].{field}")],
        );
    }
    for (field, bad) in bad_results() {
        table.bad(
            APPEND,
            with_result(bad),
            &[&format!("turns[0].search_results[0].{field}")],
        );
    }
    let (image, result) = (image("a"), found("x"));
    table.each(APPEND, "turns[0].images[0].chat_id", [id()], |chat_id| {
        with_image(Image {
            chat_id,
            ..image.clone()
        })
    });
    table.each(
        APPEND,
        "turns[0].images[0].message_id",
        [id()],
        |message_id| {
            with_image(Image {
                message_id,
                ..image.clone()
            })
        },
    );
    table.each(
        APPEND,
        "turns[0].search_results[0].message_id",
        [id()],
        |message_id| {
            with_result(SearchResult {
                message_id,
                ..result.clone()
            })
        },
    );
}

fn batches(table: &mut Table, seed: &Seed) {
    table.each(APPEND, "turns", bad_batches(&turn("x")), |turns| {
        append(seed, turns)
    });
    let crowded = Turn {
        images: vec![image("a"); 1_001],
        ..turn("x")
    };
    table.bad(APPEND, append(seed, vec![crowded]), &["turns[0].images"]);
    let crowded = Turn {
        search_results: vec![found("x"); 1_001],
        ..turn("x")
    };
    table.bad(
        APPEND,
        append(seed, vec![crowded]),
        &["turns[0].search_results"],
    );
    let full = Turn {
        search_results: vec![SearchResult::default(); 1_000],
        ..turn("x")
    };
    table.bad(APPEND, append(seed, vec![full; 11]), &["turns"]);

    let twice = id();
    let message = Message {
        id: twice.clone(),
        ..turn("x").message.expect("set there")
    };
    let same = Turn {
        message: Some(message),
        ..Turn::default()
    };
    table.bad(
        APPEND,
        append(seed, vec![same; 2]),
        &["turns[1].message.id"],
    );
    let same = Image {
        id: twice.clone(),
        ..image("a")
    };
    let same = Turn {
        images: vec![same],
        ..turn("x")
    };
    table.bad(
        APPEND,
        append(seed, vec![same; 2]),
        &["turns[1].images[0].id"],
    );
    let same = SearchResult {
        id: twice,
        ..found("x")
    };
    let same = Turn {
        search_results: vec![same; 2],
        ..turn("x")
    };
    table.bad(
        APPEND,
        append(seed, vec![same]),
        &["turns[0].search_results[1].id"],
    );
}

fn others(table: &mut Table, seed: &Seed) {
    table.each(
        "MessageService/GetMessage",
        "message_id",
        bad_ids(),
        |message_id| GetMessageRequest { message_id },
    );
    let delete = "MessageService/DeleteMessage";
    table.each(delete, "message_id", bad_ids(), |message_id| {
        DeleteMessageRequest {
            message_id,
            request_id: String::new(),
        }
    });
    table.each(delete, "request_id", malformed_ids(), |request_id| {
        DeleteMessageRequest {
            message_id: seed.message_id.clone(),
            request_id,
        }
    });
    let base = || ListMessagesRequest {
        chat_id: seed.chat_id.clone(),
        ..ListMessagesRequest::default()
    };
    table.each(LIST, "chat_id", bad_ids(), |chat_id| ListMessagesRequest {
        chat_id,
        ..base()
    });
    table.each(LIST, "order", [3, -1], |order| ListMessagesRequest {
        order,
        ..base()
    });
    table.each(LIST, "page_size", [-1], |page_size| ListMessagesRequest {
        page_size,
        ..base()
    });
    table.each(LIST, "page_token", bad_tokens(seed), |page_token| {
        ListMessagesRequest {
            page_token,
            ..base()
        }
    });
}
