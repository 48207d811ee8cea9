//! A search result's row. What an existing deployment left out is empty; whatever JSON it put in is given back.

use diesel::{Queryable, QueryableByName, Selectable, pg::data_types::PgTimestamp};
use uuid::Uuid;

use crate::{
    attachment::sql::Placed,
    postgres::value::{json, time},
    schema::search_results,
    search_result::{NewSearchResult, SearchResult},
};

#[derive(Queryable, QueryableByName, Selectable)]
#[diesel(table_name = search_results, check_for_backend(diesel::pg::Pg))]
pub(super) struct SearchResultRow {
    id: Uuid,
    chat_id: Uuid,
    message_id: Option<Uuid>,
    block_id: Option<String>,
    page_number: Option<i32>,
    block_text: Option<String>,
    coords_norm: Option<serde_json::Value>,
    coords_px: Option<serde_json::Value>,
    created_at: PgTimestamp,
    pub(super) number: i64,
    message_seq: Option<i64>,
}

impl From<SearchResultRow> for SearchResult {
    fn from(row: SearchResultRow) -> Self {
        Self {
            chat_id: row.chat_id,
            message_id: row.message_id.unwrap_or_default(),
            create_time: time(row.created_at),
            given: NewSearchResult {
                id: row.id,
                block_id: row.block_id.unwrap_or_default(),
                page_number: row.page_number.unwrap_or_default(),
                block_text: row.block_text.unwrap_or_default(),
                coords_norm: row.coords_norm.map(json),
                coords_px: row.coords_px.map(json),
            },
        }
    }
}

impl From<SearchResultRow> for Placed<SearchResult> {
    fn from(row: SearchResultRow) -> Self {
        Self {
            seq: row.message_seq.unwrap_or_default(),
            number: row.number,
            row: row.into(),
        }
    }
}
