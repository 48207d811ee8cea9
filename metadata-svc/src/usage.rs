//! Usage: what a user keeps, by the UTC day it was created on. Counted in the transactions that create and delete.

pub(crate) mod kv;
pub(crate) mod sql;

use std::collections::BTreeMap;

use contract::{
    Violations,
    metadata::v1::{GetUsageRequest, GetUsageResponse, UsageDay},
    time::Time,
};

use futures::FutureExt as _;
use prost::Message;

use crate::{chat, error::Result, store::Store};

/// Counts of what is kept, or differences of them; also the record of a day.
#[derive(Clone, Copy, PartialEq, Eq, Message)]
pub(crate) struct Usage {
    #[prost(int64, tag = "1")]
    pub(crate) chats: i64,
    #[prost(int64, tag = "2")]
    pub(crate) messages: i64,
    #[prost(int64, tag = "3")]
    pub(crate) images: i64,
    #[prost(int64, tag = "4")]
    pub(crate) blob_bytes: i64,
}

/// Differences by day, to be kept at once.
#[derive(Debug, Default)]
pub(crate) struct Tally(BTreeMap<Time, Usage>);

impl Tally {
    /// Adds to the day of `created`.
    pub(crate) fn add(&mut self, created: Time, usage: Usage) {
        self.0.entry(created.day_start()).or_default().add(usage);
    }

    /// Takes away from the day of `created`.
    pub(crate) fn take(&mut self, created: Time, usage: Usage) {
        self.add(created, usage.negative());
    }
}

impl Usage {
    fn add(&mut self, other: Self) {
        self.chats += other.chats;
        self.messages += other.messages;
        self.images += other.images;
        // Wrapping, so that what was added can be taken away whatever sizes callers claim.
        self.blob_bytes = self.blob_bytes.wrapping_add(other.blob_bytes);
    }

    fn negative(self) -> Self {
        Self {
            chats: -self.chats,
            messages: -self.messages,
            images: -self.images,
            blob_bytes: self.blob_bytes.wrapping_neg(),
        }
    }

    fn to_wire(self, day: Option<Time>) -> UsageDay {
        UsageDay {
            day_start_time: day.map(Time::to_wire),
            chat_count: self.chats,
            message_count: self.messages,
            image_count: self.images,
            blob_size_bytes: self.blob_bytes,
        }
    }
}

/// Answers `GetUsage`.
pub(crate) async fn get(store: &Store, request: GetUsageRequest) -> Result<GetUsageResponse> {
    let mut v = Violations::default();
    let user = chat::judge_user_id(&mut v, request.user_id);
    let start = v.time("start_time", request.start_time);
    let end = v.time("end_time", request.end_time);
    let user = v.accept(Some(user))?;

    let days = store.read(
        user,
        move |txn, user| kv::days(txn, &user, start, end),
        move |connection, user| {
            async move { sql::days(connection, &user, start, end).await }.boxed()
        },
    );
    let days = days.await?;
    let mut total = Usage::default();
    for (_, usage) in &days {
        total.add(*usage);
    }
    Ok(GetUsageResponse {
        days: days
            .into_iter()
            .map(|(day, usage)| usage.to_wire(Some(day)))
            .collect(),
        total: Some(total.to_wire(None)),
    })
}
