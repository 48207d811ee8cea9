//! Import: each batch of the file is a transaction, and is read back once that is committed.

mod attachment;
mod chat;
mod ledger;
mod message;
mod report;

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    fs::File,
    io::{self, BufRead, BufReader},
    path::PathBuf,
    sync::Arc,
};

use anyhow::Context as _;
use diesel::{QueryableByName, sql_types::Uuid as SqlUuid};
use futures::{FutureExt as _, future::try_join_all};
use tokio::sync::mpsc;
use uuid::Uuid;

pub(super) use self::report::Report;
use super::{
    bar::Bar,
    digest::Sums,
    file::{Batch, Batches},
    is_standard, line,
    row::{Row, Table},
    told,
};
use crate::{
    db,
    error::Result,
    postgres::Connection,
    txn::Sql,
    usage::{self, Tally},
};

/// How many batches may wait to be inserted.
const BATCHES_AHEAD: usize = 2;

pub(super) async fn run(file: PathBuf) -> anyhow::Result<()> {
    let (input, length): (Box<dyn BufRead + Send>, _) = if is_standard(&file) {
        (Box::new(BufReader::new(io::stdin())), None)
    } else {
        let opened = File::open(&file).with_context(|| format!("opening {}", file.display()))?;
        let length = opened.metadata()?.len();
        (Box::new(BufReader::new(opened)), Some(length))
    };
    let sql = open().await?;
    let report = import(&sql, input, Bar::new(length)).await?;
    print!("{report}");
    report.demand_equal()
}

/// Opens the database, whose schema must be this build's.
async fn open() -> anyhow::Result<Sql> {
    let settings = db::settings()?;
    let place = settings.place();
    // The pool would only try again: this tells why it is not reached.
    let reached = Connection::open(&settings).await;
    drop(reached.with_context(|| format!("connecting to {place}"))?);
    Sql::reached(settings).await.map_err(told)
}

/// Inserts all that `input` has; tells what became of it.
pub(super) async fn import(
    sql: &Sql,
    input: impl BufRead + Send + 'static,
    bar: Bar,
) -> anyhow::Result<Report> {
    let (given, mut batches) = mpsc::channel(BATCHES_AHEAD);
    // Ends when the file does, or when nobody takes its batches any more.
    let reader = tokio::task::spawn_blocking(move || {
        let mut file = Batches::open(input)?;
        while let Some(batch) = file.next()? {
            if given.blocking_send(batch).is_err() {
                break;
            }
        }
        Ok(file.sums())
    });
    let mut report = Report::default();
    while let Some(batch) = batches.recv().await {
        let batch = Arc::new(batch);
        let (table, bytes) = (batch.table.name(), batch.bytes);
        insert(sql, batch, &mut report)
            .await
            .map_err(told)
            .with_context(|| format!("importing {table}; to be run again, which finishes it"))?;
        bar.step(table, bytes);
    }
    let sums: anyhow::Result<Sums> = reader.await.context("reading the file")?;
    let sums =
        sums.context("whole batches before this are imported; run it again with a whole file")?;
    Ok(report.close(sums))
}

/// Inserts a batch, and reads it back.
async fn insert(sql: &Sql, batch: Arc<Batch>, report: &mut Report) -> Result<()> {
    let given = batch.clone();
    let inserted = sql
        .write(move |connection, _| insert_rows(connection, given.clone()).boxed())
        .await?;
    let given = batch.clone();
    let kept = sql
        .read(move |connection| find(connection, given).boxed())
        .await?;
    report.add(&batch, &inserted, &kept);
    Ok(())
}

/// Inserts the rows that are not there and may be; tells their ids.
async fn insert_rows(connection: &mut Connection, batch: Arc<Batch>) -> Result<HashSet<Uuid>> {
    let rows = batch.rows.iter().map(|given| &given.row);
    let rows: Vec<_> = rows.collect();
    match batch.table {
        Table::Chats => chat::insert(connection, &rows).await,
        Table::Messages => message::insert(connection, &rows).await,
        Table::Images => attachment::insert_images(connection, &rows).await,
        Table::SearchResults => attachment::insert_search_results(connection, &rows).await,
        Table::RequestIds => ledger::insert_request_ids(connection, &rows).await,
        Table::PendingDeletes => ledger::insert_pending_deletes(connection, &rows).await,
        Table::DeletedChats => ledger::insert_deleted_chats(connection, &rows).await,
    }
}

/// Reads what the database has of the rows of a batch, as lines by id.
async fn find(connection: &mut Connection, batch: Arc<Batch>) -> Result<HashMap<Uuid, String>> {
    let ids: Vec<_> = batch.rows.iter().map(|given| given.row.id()).collect();
    let rows: Vec<Row> = match batch.table {
        Table::Chats => chat::find(connection, &ids).await,
        Table::Messages => message::find(connection, &ids).await,
        Table::Images => attachment::find_images(connection, &ids).await,
        Table::SearchResults => attachment::find_search_results(connection, &ids).await,
        Table::RequestIds => ledger::find_request_ids(connection, &ids).await,
        Table::PendingDeletes => ledger::find_pending_deletes(connection, &ids).await,
        Table::DeletedChats => ledger::find_deleted_chats(connection, &ids).await,
    }?;
    Ok(rows
        .iter()
        .map(|row| (row.id(), line::write(row)))
        .collect())
}

/// The id of a row that an `insert` answers.
#[derive(QueryableByName)]
struct Inserted {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
}

fn ids(inserted: Vec<Inserted>) -> HashSet<Uuid> {
    inserted.into_iter().map(|row| row.id).collect()
}

/// One value of each row.
fn column<'r, R, T>(rows: &[&'r R], of: impl Fn(&'r R) -> T) -> Vec<T> {
    rows.iter().map(|row| of(row)).collect()
}

/// What was inserted, by user.
type Tallies = BTreeMap<String, Tally>;

async fn count(connection: &Connection, tallies: &Tallies) -> Result<()> {
    let counted = tallies
        .iter()
        .map(|(user, tally)| usage::sql::apply(connection, user, tally));
    try_join_all(counted).await?;
    Ok(())
}
