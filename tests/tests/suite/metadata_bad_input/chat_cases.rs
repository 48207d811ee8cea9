//! Bad requests to `ChatService`.

use contract::{
    blob::v1::BlobRef,
    metadata::v1::{
        ArchiveChatRequest, Chat, CreateChatRequest, DeleteChatRequest, GetChatHistoryRequest,
        GetChatRequest, GetUsageRequest, ListChatsRequest, SearchMessagesRequest,
        UnarchiveChatRequest, UpdateChatRequest, WatchChatRequest,
    },
};
use prost_types::FieldMask;

use super::table::{
    Seed, Table, bad_blobs, bad_bytes, bad_ids, bad_names, bad_objects, bad_texts, bad_times,
    bad_tokens, malformed_ids,
};
use crate::metadata::{USER, blob, new_chat};

const CREATE: &str = "ChatService/CreateChat";
const UPDATE: &str = "ChatService/UpdateChat";
const SEARCH: &str = "ChatService/SearchMessages";
const LIST: &str = "ChatService/ListChats";

/// Adds them.
pub(super) fn add(table: &mut Table, seed: &Seed) {
    creations(table);
    updates(table, seed);
    by_id(table, seed);
    streams(table, seed);
    lists(table, seed);
    searches(table, seed);
    usage(table);
}

fn create(chat: Chat) -> CreateChatRequest {
    CreateChatRequest {
        chat: Some(chat),
        request_id: String::new(),
    }
}

fn creations(table: &mut Table) {
    let base = || new_chat("t");
    table.bad(CREATE, CreateChatRequest::default(), &["chat"]);
    table.each(CREATE, "chat.id", malformed_ids(), |id| {
        create(Chat { id, ..base() })
    });
    table.each(CREATE, "chat.user_id", bad_names(255), |user_id| {
        create(Chat { user_id, ..base() })
    });
    table.each(CREATE, "chat.title", bad_names(255), |title| {
        create(Chat { title, ..base() })
    });
    table.each(
        CREATE,
        "chat.description",
        bad_bytes(64 << 10),
        |description| {
            create(Chat {
                description,
                ..base()
            })
        },
    );
    table.each(CREATE, "chat.metadata", bad_objects(), |metadata| {
        create(Chat { metadata, ..base() })
    });
    for (bad, part) in bad_blobs(512) {
        let document = Some(bad);
        table.bad(
            CREATE,
            create(Chat { document, ..base() }),
            &[&format!("chat.document.{part}")],
        );
    }
    table.each(CREATE, "request_id", malformed_ids(), |request_id| {
        CreateChatRequest {
            chat: Some(base()),
            request_id,
        }
    });
    let all = CreateChatRequest {
        chat: Some(Chat {
            id: "1".to_owned(),
            document: Some(BlobRef::default()),
            ..Chat::default()
        }),
        request_id: "1".to_owned(),
    };
    let fields = [
        "request_id",
        "chat.id",
        "chat.user_id",
        "chat.title",
        "chat.document.key",
        "chat.document.sha256",
    ];
    table.bad(CREATE, all, &fields);
}

fn updates(table: &mut Table, seed: &Seed) {
    let update = |patch: Chat, paths: &[&str]| UpdateChatRequest {
        chat: Some(Chat {
            id: seed.chat_id.clone(),
            ..patch
        }),
        update_mask: Some(FieldMask {
            paths: paths.iter().map(ToString::to_string).collect(),
        }),
        request_id: String::new(),
    };
    table.bad(UPDATE, UpdateChatRequest::default(), &["chat"]);
    table.each(UPDATE, "chat.id", bad_ids(), |id| UpdateChatRequest {
        chat: Some(Chat {
            id,
            ..new_chat("new")
        }),
        ..UpdateChatRequest::default()
    });
    table.each(UPDATE, "request_id", malformed_ids(), |request_id| {
        UpdateChatRequest {
            request_id,
            ..update(new_chat("new"), &[])
        }
    });
    for path in [
        "id",
        "user_id",
        "is_archived",
        "etag",
        "documents",
        "document.key",
        "",
        "Title",
        "a\0b",
    ] {
        table.bad(
            UPDATE,
            update(new_chat("new"), &["title", path]),
            &["update_mask"],
        );
    }
    for paths in [&["title"][..], &["*"]] {
        table.each(UPDATE, "chat.title", bad_names(255), |title| {
            update(
                Chat {
                    title,
                    ..Chat::default()
                },
                paths,
            )
        });
    }
    table.each(
        UPDATE,
        "chat.description",
        bad_bytes(64 << 10),
        |description| {
            update(
                Chat {
                    description,
                    ..Chat::default()
                },
                &[],
            )
        },
    );
    table.each(UPDATE, "chat.metadata", bad_objects(), |metadata| {
        update(
            Chat {
                metadata,
                ..Chat::default()
            },
            &["metadata"],
        )
    });
    for (bad, part) in bad_blobs(512) {
        let document = Some(bad);
        let patch = Chat {
            document,
            ..Chat::default()
        };
        table.bad(
            UPDATE,
            update(patch, &[]),
            &[&format!("chat.document.{part}")],
        );
    }
    let both = Chat {
        document: Some(BlobRef {
            size_bytes: -1,
            ..blob("a")
        }),
        ..Chat::default()
    };
    table.bad(
        UPDATE,
        update(both, &["*"]),
        &["chat.title", "chat.document.size_bytes"],
    );
}

fn by_id(table: &mut Table, seed: &Seed) {
    table.each("ChatService/GetChat", "chat_id", bad_ids(), |chat_id| {
        GetChatRequest { chat_id }
    });
    let archive = |chat_id: String, request_id: String| ArchiveChatRequest {
        chat_id,
        request_id,
        ..ArchiveChatRequest::default()
    };
    let unarchive = |chat_id: String, request_id: String| UnarchiveChatRequest {
        chat_id,
        request_id,
        ..UnarchiveChatRequest::default()
    };
    let delete = |chat_id: String, request_id: String| DeleteChatRequest {
        chat_id,
        request_id,
        ..DeleteChatRequest::default()
    };
    for id in bad_ids() {
        let none = String::new;
        table.bad(
            "ChatService/ArchiveChat",
            archive(id.clone(), none()),
            &["chat_id"],
        );
        table.bad(
            "ChatService/UnarchiveChat",
            unarchive(id.clone(), none()),
            &["chat_id"],
        );
        table.bad("ChatService/DeleteChat", delete(id, none()), &["chat_id"]);
    }
    for id in malformed_ids() {
        let chat = || seed.chat_id.clone();
        table.bad(
            "ChatService/ArchiveChat",
            archive(chat(), id.clone()),
            &["request_id"],
        );
        table.bad(
            "ChatService/UnarchiveChat",
            unarchive(chat(), id.clone()),
            &["request_id"],
        );
        table.bad(
            "ChatService/DeleteChat",
            delete(chat(), id),
            &["request_id"],
        );
    }
}

fn streams(table: &mut Table, seed: &Seed) {
    let (history, watch) = ("ChatService/GetChatHistory", "ChatService/WatchChat");
    for chat_id in bad_ids() {
        let request = GetChatHistoryRequest {
            chat_id: chat_id.clone(),
            after_seq: 0,
        };
        table.bad(history, request, &["chat_id"]);
        table.bad(
            watch,
            WatchChatRequest {
                chat_id,
                after_seq: 0,
            },
            &["chat_id"],
        );
    }
    for after_seq in [-1, i64::MIN] {
        let chat_id = seed.chat_id.clone();
        let request = GetChatHistoryRequest {
            chat_id: chat_id.clone(),
            after_seq,
        };
        table.bad(history, request, &["after_seq"]);
        table.bad(
            watch,
            WatchChatRequest { chat_id, after_seq },
            &["after_seq"],
        );
    }
}

fn lists(table: &mut Table, seed: &Seed) {
    let base = || ListChatsRequest {
        user_id: USER.to_owned(),
        ..ListChatsRequest::default()
    };
    table.each(LIST, "user_id", bad_names(255), |user_id| {
        ListChatsRequest { user_id, ..base() }
    });
    table.each(LIST, "state", [-1, 4], |state| ListChatsRequest {
        state,
        ..base()
    });
    table.each(LIST, "page_size", [-1, i32::MIN], |page_size| {
        ListChatsRequest {
            page_size,
            ..base()
        }
    });
    table.each(LIST, "page_token", bad_tokens(seed), |page_token| {
        ListChatsRequest {
            page_token,
            ..base()
        }
    });
}

fn searches(table: &mut Table, seed: &Seed) {
    let base = || SearchMessagesRequest {
        chat_id: seed.chat_id.clone(),
        query: "pump".to_owned(),
        ..SearchMessagesRequest::default()
    };
    let neither = SearchMessagesRequest {
        chat_id: String::new(),
        ..base()
    };
    table.bad(SEARCH, neither, &["user_id", "chat_id"]);
    table.each(SEARCH, "chat_id", malformed_ids(), |chat_id| {
        SearchMessagesRequest { chat_id, ..base() }
    });
    table.each(SEARCH, "user_id", bad_texts(255), |user_id| {
        SearchMessagesRequest { user_id, ..base() }
    });
    let nothing = ["-there", "the", "и", "?!", "\"\"", " "].map(str::to_owned);
    let queries = nothing.into_iter().chain(bad_names(1_000));
    table.each(SEARCH, "query", queries, |query| SearchMessagesRequest {
        query,
        ..base()
    });
    table.each(SEARCH, "roles[1]", [0, 5, -1], |role| {
        SearchMessagesRequest {
            roles: vec![1, role],
            ..base()
        }
    });
    table.each(SEARCH, "start_time", bad_times(), |start_time| {
        SearchMessagesRequest {
            start_time,
            ..base()
        }
    });
    table.each(SEARCH, "end_time", bad_times(), |end_time| {
        SearchMessagesRequest { end_time, ..base() }
    });
    table.each(SEARCH, "page_size", [-1], |page_size| {
        SearchMessagesRequest {
            page_size,
            ..base()
        }
    });
    table.each(SEARCH, "page_token", bad_tokens(seed), |page_token| {
        SearchMessagesRequest {
            page_token,
            ..base()
        }
    });
}

fn usage(table: &mut Table) {
    let rpc = "ChatService/GetUsage";
    let base = || GetUsageRequest {
        user_id: USER.to_owned(),
        ..GetUsageRequest::default()
    };
    table.each(rpc, "user_id", bad_names(255), |user_id| GetUsageRequest {
        user_id,
        ..base()
    });
    table.each(rpc, "start_time", bad_times(), |start_time| {
        GetUsageRequest {
            start_time,
            ..base()
        }
    });
    table.each(rpc, "end_time", bad_times(), |end_time| GetUsageRequest {
        end_time,
        ..base()
    });
}
