//! Named statements that the server has parsed and planned, kept on one connection, found by their text.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use tokio_postgres::{Client, Error, Statement, error::SqlState, types::Type};

/// How many are kept; each takes some tens of KB on the server. Ours are fewer: all texts are written in the source. What
/// comes beyond runs unnamed.
const KEPT: usize = 256;

#[derive(Default)]
pub(super) struct Statements(Mutex<HashMap<String, (Vec<Type>, Statement)>>);

impl Statements {
    /// The statement of a text and its values' types.
    pub(super) fn find(&self, sql: &str, types: &[Type]) -> Option<Statement> {
        let kept = self.kept();
        let (of, statement) = kept.get(sql)?;
        (of == types).then(|| statement.clone())
    }

    /// Has a statement made for the next time, unless enough are kept. Two that ask for it at once, pipelined, both have it made,
    /// and one of the two is kept.
    pub(super) async fn make(
        &self,
        client: &Client,
        sql: &str,
        types: &[Type],
    ) -> Result<(), Error> {
        {
            let kept = self.kept();
            if kept.len() >= KEPT || kept.contains_key(sql) {
                return Ok(());
            }
        }
        let statement = client.prepare_typed(sql, types).await?;
        self.kept()
            .insert(sql.to_owned(), (types.to_owned(), statement));
        Ok(())
    }

    /// Forgets a statement whose plan a change of the schema made useless, or that the server no longer has.
    pub(super) fn forget_if_stale(&self, sql: &str, error: &Error) {
        let stale = [
            SqlState::FEATURE_NOT_SUPPORTED,
            SqlState::INVALID_SQL_STATEMENT_NAME,
        ];
        if error.code().is_some_and(|code| stale.contains(code)) {
            self.kept().remove(sql);
        }
    }

    /// Nothing panics while it is held.
    fn kept(&self) -> MutexGuard<'_, HashMap<String, (Vec<Type>, Statement)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
