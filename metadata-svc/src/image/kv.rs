//! How images are kept: as attachments, with their keys in the ledger and their bytes in the usage.

use contract::{blob::v1::BlobRef, metadata::v1::pending_delete::Target, time::Time};
use prost::Message;
use uuid::Uuid;

use super::{Image, NewImage};
use crate::{
    attachment::{self, Attachment, kv::IMAGES},
    blob_ledger::{self, PendingDelete},
    chat,
    error::Result,
    message,
    store::{
        decode,
        kv::{Write, decode_id},
    },
    usage::{self, Tally, Usage},
};

#[derive(Clone, PartialEq, Message)]
struct ImageRecord {
    #[prost(bytes = "vec", tag = "1")]
    id: Vec<u8>,
    #[prost(bytes = "vec", tag = "2")]
    message_id: Vec<u8>,
    #[prost(string, tag = "3")]
    image_name: String,
    #[prost(message, required, tag = "4")]
    blob: BlobRef,
    #[prost(string, tag = "5")]
    image_type: String,
    #[prost(string, tag = "6")]
    description: String,
    #[prost(int32, tag = "7")]
    width: i32,
    #[prost(int32, tag = "8")]
    height: i32,
    #[prost(int64, tag = "9")]
    upload_micros: i64,
}

impl Attachment for Image {
    fn id(&self) -> Uuid {
        self.given.id
    }

    fn message_id(&self) -> Uuid {
        self.message_id
    }

    fn weight(&self) -> usize {
        self.given.description.len() + self.given.blob.key.len() + self.given.image_name.len()
    }

    fn encode(&self) -> Vec<u8> {
        let given = self.given.clone();
        let record = ImageRecord {
            id: given.id.into_bytes().into(),
            message_id: self.message_id.into_bytes().into(),
            image_name: given.image_name,
            blob: given.blob,
            image_type: given.image_type,
            description: given.description,
            width: given.width,
            height: given.height,
            upload_micros: self.upload_time.micros(),
        };
        record.encode_to_vec()
    }

    fn decode(chat: Uuid, record: &[u8]) -> Result<Self> {
        let record: ImageRecord = decode(record)?;
        Ok(Self {
            chat_id: chat,
            message_id: decode_id(&record.message_id)?,
            upload_time: Time::from_micros(record.upload_micros),
            given: NewImage {
                id: decode_id(&record.id)?,
                image_name: record.image_name,
                blob: record.blob,
                image_type: record.image_type,
                description: record.description,
                width: record.width,
                height: record.height,
            },
        })
    }
}

/// Adds images to a message that is there. `chats_said` are the chats that they say they belong to.
pub(crate) fn add(
    txn: &Write,
    message: Uuid,
    images: Vec<NewImage>,
    chats_said: &[Option<Uuid>],
) -> Result<Vec<Image>> {
    let (chat_id, _) = message::kv::find(txn, message)?;
    attachment::demand_chat("images", chats_said, chat_id)?;
    let chat = chat::kv::get(txn, chat_id)?;
    let mut tally = Tally::default();
    let images = insert(txn, chat_id, message, images, &mut tally)?;
    usage::kv::apply(txn, &chat.user_id, tally)?;
    Ok(images)
}

/// Adds images to a message that is written in the same transaction, or is known to be there.
pub(crate) fn insert(
    txn: &Write,
    chat: Uuid,
    message: Uuid,
    images: Vec<NewImage>,
    tally: &mut Tally,
) -> Result<Vec<Image>> {
    let create = |image: NewImage| image.create(chat, message, txn.now);
    let images: Vec<_> = images.into_iter().map(create).collect();
    IMAGES.add(txn, chat, message, &images)?;
    if !images.is_empty() {
        blob_ledger::kv::name(txn, images.iter().map(Image::named))?;
    }
    for image in &images {
        tally.add(txn.now, usage_of(image));
    }
    Ok(images)
}

/// Deletes an image, and records its key for removal when no other row names it.
pub(crate) fn delete(txn: &Write, id: Uuid) -> Result<Vec<PendingDelete>> {
    let image = IMAGES.remove(txn, id)?;
    let mut tally = Tally::default();
    tally.take(image.upload_time, usage_of(&image));
    let chat = chat::kv::get(txn, image.chat_id)?;
    usage::kv::apply(txn, &chat.user_id, tally)?;
    let free = blob_ledger::kv::release(txn, [image.named()])?;
    blob_ledger::kv::pending::pend(txn, free.into_iter().map(Target::Key))
}

/// What an image adds to its user's usage.
pub(crate) fn usage_of(image: &Image) -> Usage {
    Usage {
        images: 1,
        blob_bytes: image.given.blob.size_bytes,
        ..Usage::default()
    }
}
