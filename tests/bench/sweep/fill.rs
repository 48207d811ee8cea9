//! Rows, and objects of which nearly all have one.

use std::{path::Path, time::SystemTime};

use anyhow::Context as _;
use contract::{
    blob::v1::{
        BlobRef, PutObjectCommit, PutObjectHeader, PutObjectRequest,
        object_service_client::ObjectServiceClient, put_object_request::Frame,
    },
    metadata::v1::{
        AppendMessagesRequest, Chat, Image, Message, Role, Turn,
        message_service_client::MessageServiceClient,
    },
};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use redb::{Database, TableDefinition};
use sha2::{Digest as _, Sha256};
use tonic::transport::Channel;
use uuid::Uuid;

/// One object in so many has no row, and one row in so many no object.
pub(crate) const ONE_IN: usize = 100;
/// How many images a message has.
const PER_MESSAGE: usize = 1_000;
/// How many calls are made at once.
const AT_ONCE: usize = 16;
/// How many entries of the index are committed at once.
const PER_COMMIT: usize = 100_000;
const CONTENT: &[u8] = b"ten bytes.";
const BUCKET: &str = "cloud-aizoomdoc";
/// The objects of the embedded store's index, as blob-svc has them.
const OBJECTS: TableDefinition<(&str, &[u8]), &[u8]> = TableDefinition::new("objects");

fn chat(number: usize) -> Uuid {
    Uuid::from_u128(0x0193_d8f0_5f00_7000_8000_0000_0000_0000 + (number / PER_MESSAGE) as u128)
}

/// The key that a row names.
fn named(number: usize) -> String {
    format!("chats/{}/images/viewport_step_{number}.png", chat(number))
}

/// The key of an object.
fn stored(number: usize) -> String {
    let key = named(number);
    if number.is_multiple_of(ONE_IN) {
        format!("{key}.orphan")
    } else {
        key
    }
}

/// Makes `count` rows, some in each chat.
pub(crate) async fn rows(channel: Channel, count: usize) -> anyhow::Result<()> {
    let appends = (0..count).step_by(PER_MESSAGE).map(|first| {
        let mut messages = MessageServiceClient::new(channel.clone());
        let request = append(first, count.min(first + PER_MESSAGE));
        async move { messages.append_messages(request).await.map(|_| ()) }
    });
    let appends = stream::iter(appends).buffer_unordered(AT_ONCE);
    appends.try_collect::<()>().await.context("making rows")
}

fn append(first: usize, end: usize) -> AppendMessagesRequest {
    let sha256 = format!("{:x}", HexDigest(CONTENT));
    let image = |number| Image {
        image_name: "viewport".into(),
        blob: Some(BlobRef {
            key: named(number),
            size_bytes: CONTENT.len() as i64,
            sha256: sha256.clone(),
            content_type: "image/png".into(),
            ..BlobRef::default()
        }),
        ..Image::default()
    };
    AppendMessagesRequest {
        create_chat: Some(Chat {
            id: chat(first).to_string(),
            user_id: "bench".into(),
            title: "swept".into(),
            ..Chat::default()
        }),
        turns: vec![Turn {
            message: Some(Message {
                role: Role::User.into(),
                content: "look".into(),
                ..Message::default()
            }),
            images: (first..end).map(image).collect(),
            ..Turn::default()
        }],
        ..AppendMessagesRequest::default()
    }
}

/// Uploads `count` objects.
pub(crate) async fn objects(channel: Channel, count: usize) -> anyhow::Result<()> {
    let uploads = (0..count).map(|number| {
        let mut objects = ObjectServiceClient::new(channel.clone());
        async move { objects.put_object(upload(number)).await.map(|_| ()) }
    });
    let uploads = stream::iter(uploads).buffer_unordered(AT_ONCE);
    uploads.try_collect::<()>().await.context("uploading")
}

fn upload(number: usize) -> impl futures::Stream<Item = PutObjectRequest> {
    let header = PutObjectHeader {
        key: stored(number),
        content_type: "image/png".into(),
        ..PutObjectHeader::default()
    };
    let commit = PutObjectCommit {
        size_bytes: CONTENT.len() as i64,
        sha256: format!("{:x}", HexDigest(CONTENT)),
    };
    let frames = [
        Frame::Header(header),
        Frame::Chunk(CONTENT.into()),
        Frame::Commit(commit),
    ];
    stream::iter(frames.map(|frame| PutObjectRequest { frame: Some(frame) }))
}

/// Writes `count` objects into the index of an embedded store that is not running. They have no bytes.
pub(crate) fn index(data: &Path, count: usize) -> anyhow::Result<()> {
    let index = Database::open(data.join("blob/index.redb")).context("opening the index")?;
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?;
    for first in (0..count).step_by(PER_COMMIT) {
        let change = index.begin_write()?;
        {
            let mut objects = change.open_table(OBJECTS)?;
            for number in first..count.min(first + PER_COMMIT) {
                let entry = serde_json::json!({
                    "file": Uuid::from_u128(number as u128),
                    "size": CONTENT.len(),
                    "etag": "d41d8cd98f00b204e9800998ecf8427e",
                    "modified_ms": u64::try_from(now.as_millis())?,
                    "content_type": "image/png",
                    "metadata": {},
                });
                let entry = serde_json::to_vec(&entry)?;
                objects.insert((BUCKET, stored(number).as_bytes()), entry.as_slice())?;
            }
        }
        change.commit()?;
    }
    Ok(())
}

/// The SHA-256 of bytes, written in hexadecimal digits.
struct HexDigest<'b>(&'b [u8]);

impl std::fmt::LowerHex for HexDigest<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let digest = Sha256::digest(self.0);
        digest.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}
