//! `chatctl demo`, and what it leaves behind: a chat that shows its pictures, and, deleted, nothing.

use std::{
    fs,
    path::{Path, PathBuf},
};

use contract::{
    blob::v1::ListObjectsRequest,
    metadata::v1::{
        ChatState, GetChatRequest, GetUsageRequest, ListChatsRequest, ListPendingDeletesRequest,
        UsageDay,
    },
};
use serde_json::Value;
use tempfile::TempDir;
use tests::{
    Pair, Storage,
    command::{chatctl_on, stdout},
};
use tonic::Code;

use crate::storage::on_each_storage;

/// The pictures of the conversation, in its order.
const PICTURES: [&str; 5] = [
    "viewport_step_1.png",
    "zoom_crop_1.png",
    "viewport_step_2.png",
    "zoom_crop_2.png",
    "zoom_crop_3.png",
];

#[tokio::test]
async fn the_markdown_export_of_the_demo_shows_every_picture_and_links_the_document() {
    let (pair, to) = (Pair::start().await, folder());
    hold(&pair, to.path());
    let markdown = read_text(&to.path().join("chat.md"));
    let shown: Vec<_> = targets(&markdown, "![")
        .map(|target| read(&to.path().join(target)))
        .collect();
    assert_eq!(shown, PICTURES.map(carried));
    let linked: Vec<_> = targets(&markdown, "\nDocument: [")
        .map(|target| read(&to.path().join(target)))
        .collect();
    assert_eq!(linked, [carried("pump_station.pdf")]);
}

#[tokio::test]
async fn the_html_export_of_the_demo_has_every_picture_inside_and_loads_nothing() {
    let (pair, to) = (Pair::start().await, folder());
    hold(&pair, to.path());
    let html = read_text(&to.path().join("chat.html"));
    let sources: Vec<_> = html
        .split(" src=\"")
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
        .collect();
    let expected = PICTURES.map(|name| format!("data:image/png;base64,{}", base64(&carried(name))));
    assert_eq!(sources, expected);
    for loading in ["<script", "<link", "<iframe", "url(http", "@import"] {
        assert!(!html.contains(loading), "the page holds {loading}");
    }
}

#[tokio::test]
async fn words_of_the_demo_are_found_in_another_form() {
    let (pair, to) = (Pair::start().await, folder());
    hold(&pair, to.path());
    for (query, content) in [
        ("расходомеров", "Расходомер (поз. 7)"),
        ("crossing curves", "The pump curve"),
    ] {
        let found = stdout(chatctl_on(&pair).args(["search", "--user", "demo", query]));
        let hits: Vec<Value> = found
            .lines()
            .map(|line| serde_json::from_str(line).expect("JSON lines"))
            .collect();
        let text_of = |hit: &Value| -> String {
            let runs = hit["snippet"].as_array().cloned().unwrap_or_default();
            runs.iter().filter_map(|run| run["text"].as_str()).collect()
        };
        assert!(
            hits.iter().any(|hit| text_of(hit).contains(content)),
            "{query}: {found}"
        );
    }
}

on_each_storage![deleting_the_chat_of_the_demo_leaves_no_row_and_no_object];

async fn deleting_the_chat_of_the_demo_leaves_no_row_and_no_object(storage: Storage) {
    let (pair, to) = (Pair::start_on(storage).await, folder());
    let files_before = files_of(&pair);
    let chat_id = hold(&pair, to.path());
    assert_eq!(keys(&pair).await.len(), 1 + PICTURES.len());

    for _ in ["delete", "delete again"] {
        stdout(chatctl_on(&pair).args(["delete-chat", &chat_id]));
    }

    let gone = pair
        .chats()
        .get_chat(GetChatRequest { chat_id })
        .await
        .expect_err("it is deleted");
    assert_eq!(gone.code(), Code::NotFound);
    let user_id = "demo".to_owned();
    let list = ListChatsRequest {
        user_id: user_id.clone(),
        state: ChatState::All.into(),
        ..Default::default()
    };
    assert_eq!(
        pair.chats()
            .list_chats(list)
            .await
            .expect("a list")
            .into_inner()
            .chats,
        []
    );
    let usage = GetUsageRequest {
        user_id,
        ..Default::default()
    };
    let usage = pair
        .chats()
        .get_usage(usage)
        .await
        .expect("a usage")
        .into_inner();
    assert_eq!(
        (usage.days, usage.total),
        (vec![], Some(UsageDay::default()))
    );
    let pending = pair
        .ledger()
        .list_pending_deletes(ListPendingDeletesRequest::default())
        .await;
    assert_eq!(pending.expect("a list").into_inner().pending_deletes, []);
    assert_eq!(keys(&pair).await, Vec::<String>::new());
    assert_eq!(files_of(&pair), files_before, "bytes are left on the disk");
}

/// Holds the conversation, and gives the chat's id.
fn hold(pair: &Pair, to: &Path) -> String {
    let made = stdout(chatctl_on(pair).arg("demo").arg("--to").arg(to));
    let made: Value = serde_json::from_str(&made).expect("--json writes one JSON document");
    made["chat_id"]
        .as_str()
        .expect("it tells the chat's id")
        .to_owned()
}

async fn keys(pair: &Pair) -> Vec<String> {
    let all = ListObjectsRequest {
        page_size: 1_000,
        ..Default::default()
    };
    let listed = pair
        .objects()
        .list_objects(all)
        .await
        .expect("a list")
        .into_inner();
    listed
        .objects
        .into_iter()
        .map(|object| object.key)
        .collect()
}

/// The files that blob-svc keeps, by path.
fn files_of(pair: &Pair) -> Vec<PathBuf> {
    let mut folders = vec![PathBuf::from(
        pair.blob.setting("DATA_DIR").expect("it is set"),
    )];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder can be read") {
            let path = entry.expect("an entry can be read").path();
            if path.is_dir() {
                folders.push(path)
            } else {
                files.push(path)
            }
        }
    }
    files.sort();
    files
}

/// Where the links of a Markdown text that begin with `opening` lead.
fn targets<'m>(markdown: &'m str, opening: &'m str) -> impl Iterator<Item = &'m str> {
    let links = markdown.split(opening).skip(1);
    links.filter_map(|link| link.split_once("](")?.1.split(')').next())
}

/// A file that chatctl carries, as it lies in the repository.
fn carried(name: &str) -> Vec<u8> {
    read(
        &Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../caller/demo")
            .join(name),
    )
}

fn read(path: &Path) -> Vec<u8> {
    fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn read_text(path: &Path) -> String {
    String::from_utf8(read(path)).expect("UTF-8")
}

fn base64(bytes: &[u8]) -> String {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    STANDARD.encode(bytes)
}

fn folder() -> TempDir {
    TempDir::new().expect("a temporary folder can be made")
}
