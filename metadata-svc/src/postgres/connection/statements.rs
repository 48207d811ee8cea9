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
    /// The statement of a text and its values' types; `None` when it must run unnamed. Two that ask for it at once, pipelined,
    /// both have it made, and one of the two is kept.
    pub(super) async fn get(
        &self,
        client: &Client,
        sql: &str,
        types: &[Type],
    ) -> Result<Option<Statement>, Error> {
        {
            let kept = self.kept();
            match kept.get(sql) {
                Some((of, statement)) if of == types => return Ok(Some(statement.clone())),
                Some(_) => return Ok(None),
                None if kept.len() >= KEPT => return Ok(None),
                None => {}
            }
        }
        let statement = client.prepare_typed(sql, types).await?;
        self.kept()
            .insert(sql.to_owned(), (types.to_owned(), statement.clone()));
        Ok(Some(statement))
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
