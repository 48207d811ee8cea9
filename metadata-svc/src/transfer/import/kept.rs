//! Images and search results as the database has them.

use contract::blob::v1::BlobRef;
use diesel::{
    ExpressionMethods as _, QueryDsl as _, Queryable, Selectable, SelectableHelper as _,
    pg::data_types::PgTimestamp,
};
use diesel_async::RunQueryDsl as _;
use uuid::Uuid;

use crate::{
    error::Result,
    image::{Image, NewImage},
    postgres::{
        Connection,
        value::{json, time},
    },
    schema::{chat_images, search_results},
    search_result::{NewSearchResult, SearchResult},
};

#[derive(Queryable, Selectable)]
#[diesel(table_name = chat_images, check_for_backend(diesel::pg::Pg))]
struct ImageRow {
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
    sha256: Option<Vec<u8>>,
    content_type: Option<String>,
    receipt: Option<Vec<u8>>,
}

impl ImageRow {
    fn into_image(self) -> Image {
        Image {
            chat_id: self.chat_id,
            message_id: self.message_id.unwrap_or_default(),
            upload_time: time(self.uploaded_at),
            given: NewImage {
                id: self.id,
                image_name: self.image_name.unwrap_or_default(),
                blob: BlobRef {
                    key: self.s3_path.unwrap_or_default(),
                    size_bytes: self.file_size.unwrap_or_default(),
                    sha256: self.sha256.map(hex::encode).unwrap_or_default(),
                    content_type: self.content_type.unwrap_or_default(),
                    receipt: self.receipt.unwrap_or_default().into(),
                },
                image_type: self.image_type.unwrap_or_default(),
                description: self.description.unwrap_or_default(),
                width: self.width.unwrap_or_default(),
                height: self.height.unwrap_or_default(),
            },
        }
    }
}

/// Reads those of the images that are there.
pub(super) async fn find_images(connection: &mut Connection, ids: &[Uuid]) -> Result<Vec<Image>> {
    let rows = chat_images::table
        .select(ImageRow::as_select())
        .filter(chat_images::id.eq_any(ids));
    let rows: Vec<ImageRow> = rows.load(connection).await?;
    Ok(rows.into_iter().map(ImageRow::into_image).collect())
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = search_results, check_for_backend(diesel::pg::Pg))]
struct SearchResultRow {
    id: Uuid,
    chat_id: Uuid,
    message_id: Option<Uuid>,
    block_id: Option<String>,
    page_number: Option<i32>,
    block_text: Option<String>,
    coords_norm: Option<serde_json::Value>,
    coords_px: Option<serde_json::Value>,
    created_at: PgTimestamp,
}

impl SearchResultRow {
    fn into_search_result(self) -> SearchResult {
        SearchResult {
            chat_id: self.chat_id,
            message_id: self.message_id.unwrap_or_default(),
            create_time: time(self.created_at),
            given: NewSearchResult {
                id: self.id,
                block_id: self.block_id.unwrap_or_default(),
                page_number: self.page_number.unwrap_or_default(),
                block_text: self.block_text.unwrap_or_default(),
                coords_norm: self.coords_norm.map(json),
                coords_px: self.coords_px.map(json),
            },
        }
    }
}

/// Reads those of the search results that are there.
pub(super) async fn find_search_results(
    connection: &mut Connection,
    ids: &[Uuid],
) -> Result<Vec<SearchResult>> {
    let rows = search_results::table
        .select(SearchResultRow::as_select())
        .filter(search_results::id.eq_any(ids));
    let rows: Vec<SearchResultRow> = rows.load(connection).await?;
    Ok(rows
        .into_iter()
        .map(SearchResultRow::into_search_result)
        .collect())
}
