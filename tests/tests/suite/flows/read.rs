//! Reading: history, downloads, exports.

use std::{fs, path::Path};

use bytes::Bytes;
use caller::{Format, Source, Upload};
use contract::{
    blob::v1::{BlobRef, DeleteObjectRequest},
    id::{Uuid, new_id},
    metadata::v1::{AppendMessagesRequest, Message, Role, Turn},
};
use futures::TryStreamExt as _;
use tempfile::TempDir;
use tests::{
    Pair,
    command::{program, run},
};

use super::{a_turn, caller, carried, saved_chat};

/// Far more than what is on its way while nobody reads.
const LONG: i64 = 300;

#[tokio::test]
async fn every_picture_of_a_history_has_a_url_that_gives_its_bytes() {
    let pair = Pair::start().await;
    let (_, chat_id) = saved_chat(&pair).await;
    caller(&pair)
        .save_turn(&a_turn(chat_id))
        .await
        .expect("a turn is saved");
    let history = caller(&pair)
        .history(chat_id, 0, None)
        .await
        .expect("a chat");
    assert_eq!(
        fetch(&history.document.expect("it has a document").url),
        carried_bytes("pump_station.pdf")
    );
    let turns: Vec<_> = history.turns.try_collect().await.expect("a history");
    let [turn] = turns.as_slice() else {
        panic!("one turn, not {}", turns.len())
    };
    assert_eq!(turn.urls.len(), 2);
    for (image, url) in turn.turn.images.iter().zip(&turn.urls) {
        assert_eq!(fetch(&url.url), carried_bytes(&image.image_name));
    }
}

#[tokio::test]
async fn a_history_goes_on_where_it_was_when_metadata_svc_is_killed() {
    let mut pair = Pair::start().await;
    let (_, chat_id) = saved_chat(&pair).await;
    append_long(&pair, chat_id).await;
    let history = caller(&pair)
        .history(chat_id, 0, None)
        .await
        .expect("a chat");
    let mut turns = std::pin::pin!(history.turns);
    let mut seen = Vec::new();
    while let Some(turn) = turns.try_next().await.expect("the stream is resumed") {
        seen.push(turn.turn.message.expect("a turn has a message").seq);
        if seen.len() == 3 {
            pair.metadata.kill_9();
            pair.metadata.restart().await;
        }
    }
    assert_eq!(seen, (1..=LONG).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_download_goes_on_where_it_was_when_blob_svc_is_killed() {
    let mut pair = Pair::start().await;
    let bytes: Vec<u8> = (0..32_u32 << 20).map(|n| (n / 3 % 251) as u8).collect();
    let blob = upload(&pair, "uploads/temp/long.bin", bytes.clone()).await;
    let mut download = caller(&pair).open(&blob.key).await.expect("it is there");
    let mut read = Vec::new();
    while let Some(chunk) = download.chunk().await.expect("the stream is resumed") {
        if read.is_empty() {
            pair.blob.kill_9();
            pair.blob.restart().await;
        }
        read.extend_from_slice(&chunk);
    }
    assert!(read == bytes, "other bytes arrived");
}

#[tokio::test]
async fn every_format_exports_every_message_and_a_rerun_writes_the_same() {
    let (pair, folder) = (
        Pair::start().await,
        TempDir::new().expect("a temporary folder"),
    );
    let (_, chat_id) = saved_chat(&pair).await;
    caller(&pair)
        .save_turn(&a_turn(chat_id))
        .await
        .expect("a turn is saved");
    append_long(&pair, chat_id).await;
    for format in [Format::Markdown, Format::JsonLines, Format::Html] {
        let mut written = Vec::new();
        for _ in ["run", "rerun"] {
            let exported = caller(&pair)
                .export(chat_id, format, folder.path())
                .await
                .expect("an export");
            assert_eq!(
                (exported.turn_count, exported.picture_count),
                (1 + LONG as u64, 2)
            );
            written.push(fs::read(&exported.path).expect("the export's file"));
        }
        assert!(written[0] == written[1], "{format:?} differs");
        let text = String::from_utf8(written.remove(0)).expect("UTF-8");
        assert!(
            text.contains(&format!("сообщение {LONG}")),
            "{format:?} lacks the last message"
        );
    }
    let picture = folder.path().join("images/0001_01_viewport_step_1.png");
    assert_eq!(
        fs::read(picture).expect("a picture"),
        carried_bytes("viewport_step_1.png")
    );
    let document = folder.path().join("documents/План_насосной.pdf");
    assert_eq!(
        fs::read(document).expect("the document"),
        carried_bytes("pump_station.pdf")
    );
}

#[tokio::test]
async fn an_export_tells_which_picture_the_store_has_lost_and_has_the_rest() {
    let (pair, folder) = (
        Pair::start().await,
        TempDir::new().expect("a temporary folder"),
    );
    let (_, chat_id) = saved_chat(&pair).await;
    let turn = caller(&pair)
        .save_turn(&a_turn(chat_id))
        .await
        .expect("a turn is saved");
    let lost = turn.images[0].blob.clone().unwrap_or_default().key;
    let delete = DeleteObjectRequest {
        key: lost.clone(),
        ..Default::default()
    };
    pair.objects()
        .delete_object(delete)
        .await
        .expect("it is removed behind our back");
    for format in [Format::Markdown, Format::Html] {
        let exported = caller(&pair)
            .export(chat_id, format, folder.path())
            .await
            .expect("an export");
        assert_eq!(exported.missing_keys, [lost.as_str()], "{format:?}");
    }
    assert!(
        folder
            .path()
            .join("images/0001_02_zoom_crop_1.png")
            .exists()
    );
}

#[tokio::test]
async fn an_archive_is_one_file_and_no_part_of_it_is_left_beside() {
    let (pair, folder) = (
        Pair::start().await,
        TempDir::new().expect("a temporary folder"),
    );
    let (_, chat_id) = saved_chat(&pair).await;
    let to = folder.path().join("чат.zip");
    let exported = caller(&pair)
        .export(chat_id, Format::Markdown, &to)
        .await
        .expect("an export");
    assert_eq!(exported.path, to);
    assert!(fs::read(&to).expect("an archive").starts_with(b"PK"));
    assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 1);
}

/// Appends `LONG` messages of 16 KiB.
async fn append_long(pair: &Pair, chat_id: Uuid) {
    let turn = |n: i64| Turn {
        message: Some(Message {
            role: Role::User.into(),
            content: format!("сообщение {n}\n{}", "слово ".repeat(1_500)),
            ..Default::default()
        }),
        ..Default::default()
    };
    let numbers: Vec<_> = (1..=LONG).collect();
    for batch in numbers.chunks(100) {
        let request = AppendMessagesRequest {
            chat_id: chat_id.to_string(),
            turns: batch.iter().map(|n| turn(*n)).collect(),
            ..Default::default()
        };
        pair.messages()
            .append_messages(request)
            .await
            .expect("messages are appended");
    }
}

async fn upload(pair: &Pair, key: &str, bytes: Vec<u8>) -> BlobRef {
    let upload = Upload {
        key: key.into(),
        source: Source::Bytes(Bytes::from(bytes)),
        content_type: String::new(),
        original_name: String::new(),
        request_id: new_id(),
    };
    caller(pair).upload(upload).await.expect("it is stored")
}

/// What a browser gets.
fn fetch(url: &str) -> Vec<u8> {
    let output = run(program("curl").args(["--silent", "--show-error", "--fail", url]));
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    output.stdout
}

fn carried_bytes(name: impl AsRef<Path>) -> Vec<u8> {
    fs::read(carried(&name.as_ref().to_string_lossy())).expect("a file of the demo")
}
