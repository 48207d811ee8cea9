//! Indexing by hand: after much was brought in at once, or when no service runs.

use std::{
    cell::Cell,
    time::{Duration, Instant},
};

use anyhow::anyhow;

use crate::{
    error::Error,
    postgres::Settings,
    search::indexer::{Indexer, note_all, waiting},
    txn::Sql,
};

/// How often it is told how far it is.
const TOLD_EVERY: Duration = Duration::from_secs(1);

/// Indexes what waits for it, or every message.
pub(super) async fn index(settings: Settings, all: bool) -> anyhow::Result<()> {
    let sql = Sql::reached(settings).await.map_err(failure)?;
    if all {
        let noted = note_all(&sql).await.map_err(failure)?;
        println!("noted {noted} messages to be indexed anew");
    }
    let told = Cell::new(Instant::now());
    let tell = |done: usize| {
        if told.get().elapsed() >= TOLD_EVERY {
            told.set(Instant::now());
            eprintln!("indexed {done} messages");
        }
    };
    let done = Indexer::new(sql.clone())
        .index_all(tell)
        .await
        .map_err(failure)?;
    let left = waiting(&sql).await.map_err(failure)?.notes;
    match left {
        0 => println!("indexed {done} messages, none waits"),
        left => {
            println!("indexed {done} messages, {left} are in the hands of others or came since")
        }
    }
    Ok(())
}

/// What went wrong, for who runs it.
fn failure(error: Error) -> anyhow::Error {
    if let Error::OtherSchema(state) = error {
        return anyhow!("{state}");
    }
    if let Error::Unreachable(error) = error {
        return error.into();
    }
    anyhow!("{error:?}")
}
