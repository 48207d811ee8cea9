//! Bad input to metadata-svc, tried on every method over the wire: each request is refused with the code of the table of errors,
//! every bad field is named and no other, nothing is written, and the service goes on.

mod chat_cases;
mod ledger_cases;
mod message_cases;
mod row_cases;
mod rows;
mod table;

use std::collections::BTreeSet;

use contract::metadata::v1::{
    GetUsageRequest, ListChatsRequest, ListMessagesRequest, MessageOrder,
};
use tests::{Storage, rpc, wire};
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use self::table::{Case, PACKAGE, Seed, Table};
use crate::{
    metadata::{Metadata, USER, found, image, turn},
    storage::on_each_storage,
};

/// The methods that this version does not serve.
const NOT_SERVED: [&str; 9] = [
    "ChatService/GrantBlobAccess",
    "InstanceService/CreateInstance",
    "InstanceService/DeleteInstance",
    "InstanceService/GetInstance",
    "InstanceService/ListInstances",
    "InstanceService/UpdateInstance",
    "MessengerService/IngestMessages",
    "MessengerService/ListMessengerChats",
    "MessengerService/ListMessengerMessages",
];

on_each_storage![bad_input_on_any_method_is_refused_by_field_and_writes_nothing];

async fn bad_input_on_any_method_is_refused_by_field_and_writes_nothing(storage: Storage) {
    let metadata = Metadata::start(storage).await;
    let seed = seed(&metadata).await;
    let mut table = Table::default();
    chat_cases::add(&mut table, &seed);
    message_cases::add(&mut table, &seed);
    row_cases::add(&mut table, &seed);
    ledger_cases::add(&mut table, &seed);
    for rpc in NOT_SERVED {
        table.not_served(rpc);
    }

    let before = state(&metadata, &seed).await;
    for case in &table.cases {
        let path = format!("/{PACKAGE}.{}", case.rpc);
        let channel = metadata.service.channel();
        let answer = wire::call(channel, &path, vec![case.request.clone()]).await;
        judge(case, &answer.expect_err(&case.what));
    }
    assert_eq!(state(&metadata, &seed).await, before);
    assert_eq!(left_out(&table), [""; 0]);
}

/// A chat with a row of each kind, and page tokens that are good elsewhere.
async fn seed(metadata: &Metadata) -> Seed {
    let chat = metadata.chat("there").await;
    let mut with_rows = turn("there");
    with_rows.images = vec![image("uploads/documents/there.png"); 2];
    with_rows.search_results = vec![found("there"); 2];
    let appended = metadata.append(&chat.id, vec![with_rows, turn("also there")]);
    let appended = appended.await.expect("it is appended");
    let request = ListMessagesRequest {
        chat_id: chat.id.clone(),
        order: MessageOrder::NewestFirst.into(),
        page_size: 1,
        ..ListMessagesRequest::default()
    };
    let page = metadata.messages().list_messages(request).await;
    let page = page.expect("messages can be listed").into_inner();
    let message = appended.turns[0].message.as_ref().expect("a message");
    Seed {
        chat_id: chat.id,
        message_id: message.id.clone(),
        foreign_token: page.next_page_token,
    }
}

/// All that can be read, in one text.
async fn state(metadata: &Metadata, seed: &Seed) -> String {
    let request = ListChatsRequest {
        user_id: USER.to_owned(),
        state: 3,
        ..ListChatsRequest::default()
    };
    let chats = metadata.chats().list_chats(request).await;
    let history = metadata.history(&seed.chat_id, 0).await;
    let request = GetUsageRequest {
        user_id: USER.to_owned(),
        ..GetUsageRequest::default()
    };
    let usage = metadata.chats().get_usage(request).await;
    let pending = metadata.pending().await;
    format!(
        "{:?} {:?} {:?} {pending:?}",
        chats.expect("chats can be listed").into_inner(),
        history.expect("the history can be read"),
        usage.expect("usage can be read").into_inner(),
    )
}

/// Compares how a call ended with what the table says.
fn judge(case: &Case, status: &Status) {
    assert_eq!(status.code(), case.code, "{}: {status:?}", case.what);
    let details = status.get_error_details();
    let violations = details.bad_request().map(|bad| &bad.field_violations);
    let violations: Vec<_> = violations.into_iter().flatten().collect();
    let found: BTreeSet<_> = violations.iter().map(|v| v.field.as_str()).collect();
    let expected: BTreeSet<_> = case.fields.iter().map(String::as_str).collect();
    assert_eq!(found, expected, "{}: {status:?}", case.what);
    let told = violations.iter().all(|v| !v.description.is_empty());
    assert!(told, "{}: a violation says what is allowed", case.what);
    if case.code == Code::InvalidArgument {
        assert!(!violations.is_empty(), "{}", case.what);
    }
}

/// The methods of the contract that the table has no case for.
fn left_out(table: &Table) -> Vec<String> {
    let tried: BTreeSet<_> = table
        .cases
        .iter()
        .map(|case| format!("/{PACKAGE}.{}", case.rpc))
        .collect();
    let all = rpc::all_of(PACKAGE).into_iter().map(|rpc| rpc.path());
    all.filter(|path| !tried.contains(path)).collect()
}
