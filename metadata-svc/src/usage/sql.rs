//! How usage is kept in Postgres: one row per user and day, none for a day of which nothing is left.

use contract::time::Time;
use diesel::{
    QueryableByName, sql_query,
    sql_types::{Array, BigInt, Integer, Text},
};
use diesel_async::RunQueryDsl as _;

use super::{Tally, Usage};
use crate::{error::Result, postgres::Connection};

const SECONDS_PER_DAY: i64 = 86_400;

/// Adds `tally` to what `user` keeps.
pub(crate) async fn apply(connection: &Connection, user: &str, tally: &Tally) -> Result<()> {
    let changes: Vec<_> = tally
        .0
        .iter()
        .filter(|(_, change)| **change != Usage::default())
        .collect();
    if changes.is_empty() {
        return Ok(());
    }
    let of = |count: fn(&Usage) -> i64| {
        changes
            .iter()
            .map(|(_, change)| count(change))
            .collect::<Vec<_>>()
    };
    let days: Vec<_> = changes.iter().map(|(day, _)| day_number(**day)).collect();
    let takes = changes
        .iter()
        .any(|(_, c)| c.chats < 0 || c.messages < 0 || c.images < 0 || c.blob_bytes < 0);
    sql_query(include_str!("apply.sql"))
        .bind::<Text, _>(user)
        .bind::<Array<Integer>, _>(&days)
        .bind::<Array<BigInt>, _>(of(|change| change.chats))
        .bind::<Array<BigInt>, _>(of(|change| change.messages))
        .bind::<Array<BigInt>, _>(of(|change| change.images))
        .bind::<Array<BigInt>, _>(of(|change| change.blob_bytes))
        .execute(&mut &*connection)
        .await?;
    if takes {
        let empty = sql_query(include_str!("remove_empty.sql")).bind::<Text, _>(user);
        empty
            .bind::<Array<Integer>, _>(&days)
            .execute(&mut &*connection)
            .await?;
    }
    Ok(())
}

/// A day of a user's.
#[derive(QueryableByName)]
struct Day {
    #[diesel(sql_type = Integer)]
    day: i32,
    #[diesel(sql_type = BigInt)]
    chats: i64,
    #[diesel(sql_type = BigInt)]
    messages: i64,
    #[diesel(sql_type = BigInt)]
    images: i64,
    #[diesel(sql_type = BigInt)]
    blob_bytes: i64,
}

/// What `user` keeps of the days from that of `start` to before that of `end`, the oldest first.
pub(crate) async fn days(
    connection: &mut Connection,
    user: &str,
    start: Option<Time>,
    end: Option<Time>,
) -> Result<Vec<(Time, Usage)>> {
    let days: Vec<Day> = sql_query(include_str!("days.sql"))
        .bind::<Text, _>(user)
        .bind::<Integer, _>(start.map_or(i32::MIN, day_number))
        .bind::<Integer, _>(end.map_or(i32::MAX, day_number))
        .load(connection)
        .await?;
    Ok(days.into_iter().map(Day::read).collect())
}

impl Day {
    fn read(self) -> (Time, Usage) {
        let day = Time::from_micros(i64::from(self.day) * SECONDS_PER_DAY * 1_000_000);
        let usage = Usage {
            chats: self.chats,
            messages: self.messages,
            images: self.images,
            blob_bytes: self.blob_bytes,
        };
        (day, usage)
    }
}

/// Days since 1970.
fn day_number(time: Time) -> i32 {
    i32::try_from(time.seconds().div_euclid(SECONDS_PER_DAY)).unwrap_or(i32::MAX)
}

#[cfg(test)]
mod tests;
