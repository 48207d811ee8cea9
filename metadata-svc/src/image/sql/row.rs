//! An image's row. What an existing deployment left out is empty.

use contract::blob::v1::BlobRef;
use diesel::{Queryable, QueryableByName, Selectable, pg::data_types::PgTimestamp};
use uuid::Uuid;

use crate::{
    attachment::sql::Placed,
    image::{Image, NewImage},
    postgres::value::time,
    schema::chat_images,
};

#[derive(Queryable, QueryableByName, Selectable)]
#[diesel(table_name = chat_images, check_for_backend(diesel::pg::Pg))]
pub(super) struct ImageRow {
    id: Uuid,
    chat_id: Uuid,
    message_id: Option<Uuid>,
    image_name: Option<String>,
    s3_path: Option<String>,
    image_type: Option<String>,
    description: Option<String>,
    width: Option<i32>,
    height: Option<i32>,
    file_size: Option<i64>,
    uploaded_at: PgTimestamp,
    pub(super) number: i64,
    message_seq: Option<i64>,
    sha256: Option<Vec<u8>>,
    content_type: Option<String>,
    receipt: Option<Vec<u8>>,
}

impl From<ImageRow> for Image {
    fn from(row: ImageRow) -> Self {
        Self {
            chat_id: row.chat_id,
            message_id: row.message_id.unwrap_or_default(),
            upload_time: time(row.uploaded_at),
            given: NewImage {
                id: row.id,
                image_name: row.image_name.unwrap_or_default(),
                blob: BlobRef {
                    key: row.s3_path.unwrap_or_default(),
                    size_bytes: row.file_size.unwrap_or_default(),
                    sha256: row.sha256.map(hex::encode).unwrap_or_default(),
                    content_type: row.content_type.unwrap_or_default(),
                    receipt: row.receipt.unwrap_or_default().into(),
                },
                image_type: row.image_type.unwrap_or_default(),
                description: row.description.unwrap_or_default(),
                width: row.width.unwrap_or_default(),
                height: row.height.unwrap_or_default(),
            },
        }
    }
}

impl From<ImageRow> for Placed<Image> {
    fn from(row: ImageRow) -> Self {
        Self {
            seq: row.message_seq.unwrap_or_default(),
            number: row.number,
            row: row.into(),
        }
    }
}
