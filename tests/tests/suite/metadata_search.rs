//! Search over the wire: messages found by their words, the best first, to those they belong to.

use contract::metadata::v1::{
    Chat, DeleteMessageRequest, Message, Role, SearchHit, SearchMessagesRequest, Turn,
};
use tests::Storage;
use tonic::{Code, Status};

use crate::{
    metadata::{Metadata, USER, id, new_chat, turn},
    storage::on_each_storage,
};

on_each_storage![
    word_forms_are_found_in_russian_and_english_and_marked_in_the_snippet,
    the_highest_score_comes_first_then_the_newest_and_a_walk_sees_each_once,
    a_query_is_read_as_in_a_web_search,
    roles_and_times_narrow_what_is_found,
    a_user_finds_the_messages_of_all_his_chats_and_no_other,
    a_deleted_message_is_not_found
];

async fn word_forms_are_found_in_russian_and_english_and_marked_in_the_snippet(storage: Storage) {
    let metadata = Metadata::start(storage).await;
    let chat = metadata.chat("t").await;
    let russian = metadata
        .say(&chat.id, "На схеме показаны два насоса и задвижка.")
        .await;
    let english = metadata
        .say(&chat.id, "The valves are shown beside the pump.")
        .await;
    for (query, message, marked) in [
        ("насосы", &russian, "насоса"),
        ("VALVE", &english, "valves"),
    ] {
        let hits = in_chat(&metadata, &chat.id, query).await;
        assert_eq!(hits.len(), 1, "{query}");
        assert_eq!(hits[0].message_id, message.id);
        assert_eq!((hits[0].seq, hits[0].score), (message.seq, 1));
        assert_eq!(hits[0].create_time, message.create_time);
        let matched: Vec<_> = hits[0].snippet.iter().filter(|run| run.matched).collect();
        assert_eq!(matched.len(), 1);
        assert_eq!(matched[0].text, marked);
    }
    let whole: String = in_chat(&metadata, &chat.id, "насос").await[0]
        .snippet
        .iter()
        .map(|run| run.text.as_str())
        .collect();
    assert_eq!(whole, "На схеме показаны два насоса и задвижка.");
}

async fn the_highest_score_comes_first_then_the_newest_and_a_walk_sees_each_once(storage: Storage) {
    let metadata = Metadata::start(storage).await;
    let chat = metadata.chat("t").await;
    let contents = [
        "pump 1",
        "pump pump 2",
        "pump 3",
        "no match 4",
        "pump pump pump 5",
    ];
    let turns = contents.map(turn).to_vec();
    metadata
        .append(&chat.id, turns)
        .await
        .expect("it is appended");
    metadata.say(&chat.id, "pump 6").await;
    let hits = in_chat(&metadata, &chat.id, "pump").await;
    let seqs: Vec<_> = hits.iter().map(|hit| (hit.score, hit.seq)).collect();
    assert_eq!(seqs, [(3, 5), (2, 2), (1, 6), (1, 3), (1, 1)]);
}

async fn a_query_is_read_as_in_a_web_search(storage: Storage) {
    let metadata = Metadata::start(storage).await;
    let chat = metadata.chat("t").await;
    for content in ["red pump", "pump red", "green pump", "valve"] {
        metadata.say(&chat.id, content).await;
    }
    for (query, found) in [
        ("pump red", &[2, 1][..]),
        ("\"red pump\"", &[1]),
        ("pump -red", &[3]),
        ("valve or green", &[4, 3]),
        ("\"red pump\" or valve", &[1, 4]),
        ("absent", &[]),
    ] {
        let hits = in_chat(&metadata, &chat.id, query).await;
        let mut seqs: Vec<_> = hits.iter().map(|hit| hit.seq).collect();
        let mut found = found.to_vec();
        seqs.sort_unstable();
        found.sort_unstable();
        assert_eq!(seqs, found, "{query}");
    }
}

async fn roles_and_times_narrow_what_is_found(storage: Storage) {
    let metadata = Metadata::start(storage).await;
    let chat = metadata.chat("t").await;
    let user = metadata.say(&chat.id, "pump").await;
    let assistant = Turn {
        message: Some(Message {
            role: Role::Assistant.into(),
            content: "pump".to_owned(),
            ..Message::default()
        }),
        ..Turn::default()
    };
    let assistant = metadata
        .append(&chat.id, vec![assistant])
        .await
        .expect("it is appended");
    let assistant = assistant.turns[0].message.clone().expect("a message");
    let in_this_chat = || SearchMessagesRequest {
        chat_id: chat.id.clone(),
        query: "pump".to_owned(),
        ..SearchMessagesRequest::default()
    };
    let by_role = SearchMessagesRequest {
        roles: vec![Role::Assistant.into(), Role::Tool.into()],
        ..in_this_chat()
    };
    assert_eq!(ids(&metadata, by_role).await, [assistant.id.as_str()]);
    let since = SearchMessagesRequest {
        start_time: assistant.create_time,
        ..in_this_chat()
    };
    assert_eq!(ids(&metadata, since).await, [assistant.id.as_str()]);
    let before = SearchMessagesRequest {
        end_time: assistant.create_time,
        ..in_this_chat()
    };
    assert_eq!(ids(&metadata, before).await, [user.id.as_str()]);
}

async fn a_user_finds_the_messages_of_all_his_chats_and_no_other(storage: Storage) {
    let metadata = Metadata::start(storage).await;
    let (one, two) = (metadata.chat("one").await, metadata.chat("two").await);
    let foreign = Chat {
        user_id: "bob".to_owned(),
        ..new_chat("foreign")
    };
    let foreign = metadata.create(foreign).await.expect("it is created");
    let first = metadata.say(&one.id, "pump").await.id;
    let second = metadata.say(&two.id, "pump").await.id;
    metadata.say(&foreign.id, "pump").await;
    let request = |user: &str, chat: &str| SearchMessagesRequest {
        user_id: user.to_owned(),
        chat_id: chat.to_owned(),
        query: "pump".to_owned(),
        ..SearchMessagesRequest::default()
    };
    assert_eq!(
        ids(&metadata, request(USER, "")).await,
        [second.as_str(), first.as_str()]
    );
    assert_eq!(
        ids(&metadata, request(USER, &one.id)).await,
        [first.as_str()]
    );
    assert!(ids(&metadata, request("nobody", "")).await.is_empty());
    for (user, chat) in [(USER, foreign.id.as_str()), ("", &id())] {
        let absent = search(&metadata, request(user, chat)).await;
        assert_eq!(absent.expect_err("no such chat").code(), Code::NotFound);
    }
}

async fn a_deleted_message_is_not_found(storage: Storage) {
    let metadata = Metadata::start(storage).await;
    let chat = metadata.chat("t").await;
    let message = metadata.say(&chat.id, "pump").await;
    assert_eq!(in_chat(&metadata, &chat.id, "pump").await.len(), 1);
    let request = DeleteMessageRequest {
        message_id: message.id,
        request_id: String::new(),
    };
    metadata
        .messages()
        .delete_message(request)
        .await
        .expect("it is deleted");
    assert!(in_chat(&metadata, &chat.id, "pump").await.is_empty());
}

async fn in_chat(metadata: &Metadata, chat_id: &str, query: &str) -> Vec<SearchHit> {
    let request = SearchMessagesRequest {
        chat_id: chat_id.to_owned(),
        query: query.to_owned(),
        ..SearchMessagesRequest::default()
    };
    search(metadata, request).await.expect("it is searched")
}

async fn ids(metadata: &Metadata, request: SearchMessagesRequest) -> Vec<String> {
    let hits = search(metadata, request).await.expect("it is searched");
    hits.into_iter().map(|hit| hit.message_id).collect()
}

/// All hits of what was appended, walked in pages of two.
async fn search(
    metadata: &Metadata,
    mut request: SearchMessagesRequest,
) -> Result<Vec<SearchHit>, Status> {
    metadata.indexed().await;
    request.page_size = 2;
    let mut hits = Vec::new();
    loop {
        let page = metadata
            .chats()
            .search_messages(request.clone())
            .await?
            .into_inner();
        assert!(page.hits.len() <= 2);
        hits.extend(page.hits);
        if page.next_page_token.is_empty() {
            return Ok(hits);
        }
        request.page_token = page.next_page_token;
    }
}
