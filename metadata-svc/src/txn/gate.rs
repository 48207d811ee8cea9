//! The gate: no call reaches a database whose schema is not known to be this build's. It is looked at in the background, so
//! that no call and no probe waits for it.

use std::{
    sync::{PoisonError, RwLock},
    time::Duration,
};

use contract::health::Dependency;
use tokio::time::{sleep, timeout};

use super::Sql;
use crate::{
    db::SchemaState,
    error::{Error, Result},
    postgres::{PoolError, Settings},
};

/// How often a database that serves is looked at, and one that does not.
const EVERY: Duration = Duration::from_secs(5);
const RETRY: Duration = Duration::from_secs(1);
/// A database that takes longer to answer does not serve.
const ANSWER_LIMIT: Duration = Duration::from_secs(1);

/// What is known of the schema.
#[derive(Debug, Default)]
pub(super) struct Gate(RwLock<Option<SchemaState>>);

impl Gate {
    /// A gate that has been seen to be open.
    #[cfg(test)]
    pub(super) fn open() -> Self {
        let gate = Self::default();
        gate.set(SchemaState::default());
        gate
    }

    /// Lets pass where the schema is this build's.
    pub(super) fn pass(&self) -> Result<()> {
        match *self.0.read().unwrap_or_else(PoisonError::into_inner) {
            Some(state) if state.is_current() => Ok(()),
            Some(state) => Err(Error::OtherSchema(state)),
            None => Err(Error::NotReached),
        }
    }

    fn set(&self, state: SchemaState) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Some(state);
    }
}

impl Sql {
    /// Looks at the database for as long as the service lives, and tells `health` whether it serves, else why not.
    pub(crate) async fn keep_watch(self, health: Dependency) {
        loop {
            let seen = self.look().await;
            self.pool.measure();
            let serves = match seen {
                Ok(state) => self.report(state, &health),
                Err(error) => {
                    tracing::debug!(?error, "the database was looked at in vain");
                    health.failing("the database is not reached");
                    false
                }
            };
            sleep(if serves { EVERY } else { RETRY }).await;
        }
    }

    /// The database of these settings, looked at once, for commands.
    ///
    /// # Errors
    /// When it is not reached, or its schema is not this build's.
    pub(crate) async fn reached(settings: Settings) -> Result<Self> {
        let sql = Self::of(settings);
        let state = sql.look().await?;
        sql.gate.set(state);
        sql.gate.pass()?;
        Ok(sql)
    }

    async fn look(&self) -> Result<SchemaState> {
        let mut connection = self.pool.get().await?;
        let state = timeout(ANSWER_LIMIT, SchemaState::of(&mut connection)).await;
        Ok(state.map_err(|_| PoolError::Silent)??)
    }

    fn report(&self, state: SchemaState, health: &Dependency) -> bool {
        self.gate.set(state);
        if state.is_current() {
            health.ok();
        } else {
            health.failing(state.to_string());
        }
        state.is_current()
    }
}
