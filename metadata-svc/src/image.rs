//! Images: the pictures that a message refers to; rows here, bytes in blob-svc.

pub(crate) mod kv;
pub(crate) mod rpc;
pub(crate) mod sql;

use contract::{
    Violations, blob::v1::BlobRef, id::Uuid, key, metadata::v1, time::Time, violation::Max,
};

use crate::{
    attachment::{Said, message_text},
    blob_ref,
};

const MAX_NAME: Max = Max::Chars(512);
const MAX_TYPE: Max = Max::Chars(50);
const MAX_DESCRIPTION: Max = Max::Bytes(64 << 10);

/// An image as it is kept.
#[derive(Clone, Debug)]
pub(crate) struct Image {
    pub(crate) chat_id: Uuid,
    /// Nil for none, as rows of an existing deployment may have.
    pub(crate) message_id: Uuid,
    pub(crate) upload_time: Time,
    /// What its caller gave.
    pub(crate) given: NewImage,
}

/// An image to add.
#[derive(Clone, Debug)]
pub(crate) struct NewImage {
    pub(crate) id: Uuid,
    pub(crate) image_name: String,
    pub(crate) blob: BlobRef,
    pub(crate) image_type: String,
    pub(crate) description: String,
    /// In pixels; 0 means unknown.
    pub(crate) width: i32,
    /// In pixels; 0 means unknown.
    pub(crate) height: i32,
}

impl NewImage {
    /// Judges the fields of an image to add; makes its id where there is none. What it says of its chat and message is for
    /// the caller to judge.
    pub(crate) fn judge(v: &mut Violations, image: v1::Image) -> Option<Self> {
        Some(Self {
            id: v.id_or_new("id", &image.id),
            image_name: v.required_text("image_name", image.image_name, MAX_NAME),
            image_type: v.text("image_type", image.image_type, MAX_TYPE),
            description: v.text("description", image.description, MAX_DESCRIPTION),
            width: v.non_negative("width", image.width),
            height: v.non_negative("height", image.height),
            blob: v.required("blob", image.blob, |v, blob| {
                Some(blob_ref::judge(v, blob, key::MAX_BYTES))
            })?,
        })
    }

    /// The image that it becomes as a part of a message.
    pub(crate) fn create(self, chat_id: Uuid, message_id: Uuid, now: Time) -> Image {
        Image {
            chat_id,
            message_id,
            upload_time: now,
            given: self,
        }
    }
}

impl Image {
    /// Its key, and the row that names it: itself.
    pub(crate) fn named(&self) -> (&str, Uuid) {
        (&self.given.blob.key, self.given.id)
    }
}

impl Said for v1::Image {
    fn id(&self) -> &str {
        &self.id
    }

    fn chat_id(&self) -> &str {
        &self.chat_id
    }

    fn message_id(&self) -> &str {
        &self.message_id
    }
}

impl From<Image> for v1::Image {
    fn from(image: Image) -> Self {
        Self {
            id: image.given.id.to_string(),
            chat_id: image.chat_id.to_string(),
            message_id: message_text(image.message_id),
            image_name: image.given.image_name,
            blob: Some(image.given.blob).filter(|blob| !blob.key.is_empty()),
            image_type: image.given.image_type,
            description: image.given.description,
            width: image.given.width,
            height: image.given.height,
            upload_time: Some(image.upload_time.to_wire()),
        }
    }
}
