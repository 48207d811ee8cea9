//! The ends of a transaction that are sent along with its statements: a round trip less for each. What is polled together is
//! sent in that order, and behind a statement that fails Postgres takes a commit for a rollback.

use diesel::connection::TransactionDepthChange::{self, DecreaseDepth, IncreaseDepth};
use diesel_async::{AnsiTransactionManager, SimpleAsyncConnection as _, TransactionManager as _};

use crate::{error::Result, postgres::Connection};

/// Marks a connection as being in a transaction: dropped before its end is marked, it is never lent again.
pub(crate) fn mark_begin(connection: &mut Connection) -> Result<()> {
    mark(connection, IncreaseDepth)
}

/// Marks a connection as being in no transaction any more, when its commit was answered, whichever way.
pub(crate) fn mark_end(connection: &mut Connection) -> Result<()> {
    mark(connection, DecreaseDepth)
}

fn mark(connection: &mut Connection, change: TransactionDepthChange) -> Result<()> {
    let status = AnsiTransactionManager::transaction_manager_status_mut(connection);
    Ok(status
        .transaction_state()?
        .change_transaction_depth(change)?)
}

/// Begins; to be polled first.
pub(crate) async fn begin(mut connection: &Connection) -> Result<()> {
    Ok(connection.batch_execute("begin").await?)
}

/// Commits; to be polled last. It says nothing of what was polled before.
pub(crate) async fn commit(mut connection: &Connection) -> Result<()> {
    Ok(connection.batch_execute("commit").await?)
}

/// Takes a transaction back that was not to be committed.
pub(crate) async fn roll_back(connection: &mut Connection) -> Result<()> {
    Ok(AnsiTransactionManager::rollback_transaction(connection).await?)
}
