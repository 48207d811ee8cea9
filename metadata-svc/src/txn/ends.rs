//! The ends of a transaction. They can be sent along with its statements, a round trip less for each: what is polled together is
//! sent in that order, and behind a statement that fails Postgres takes a commit for a rollback.

use diesel::{
    connection::TransactionDepthChange::{self, DecreaseDepth, IncreaseDepth},
    result::Error as DatabaseError,
};
use diesel_async::{AnsiTransactionManager, SimpleAsyncConnection as _, TransactionManager as _};

use crate::{error::Result, postgres::Connection};

/// The isolation is said, because a role may have another as its default: who has waited for a lock must see, by its next
/// statement, what it has waited for.
const BEGIN: &str = "begin isolation level read committed";

/// Begins a transaction that [`close`] ends. Dropped between the two, a connection is never lent again.
pub(crate) async fn open(connection: &mut Connection) -> Result<()> {
    Ok(AnsiTransactionManager::begin_transaction_sql(connection, BEGIN).await?)
}

/// Ends a transaction: commits it when it went well, else takes it back; gives what came of it.
pub(crate) async fn close<T, E: From<DatabaseError>>(
    connection: &mut Connection,
    done: std::result::Result<T, E>,
) -> std::result::Result<T, E> {
    if done.is_ok() {
        AnsiTransactionManager::commit_transaction(connection).await?;
        return done;
    }
    match AnsiTransactionManager::rollback_transaction(connection).await {
        // What broke it is told.
        Ok(()) | Err(DatabaseError::BrokenTransactionManager) => done,
        Err(error) => Err(error.into()),
    }
}

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
    Ok(connection.batch_execute(BEGIN).await?)
}

/// Commits; to be polled last. It says nothing of what was polled before.
pub(crate) async fn commit(mut connection: &Connection) -> Result<()> {
    Ok(connection.batch_execute("commit").await?)
}

/// Takes a transaction back that was not to be committed.
pub(crate) async fn roll_back(connection: &mut Connection) -> Result<()> {
    Ok(AnsiTransactionManager::rollback_transaction(connection).await?)
}
