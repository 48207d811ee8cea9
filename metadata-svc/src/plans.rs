//! Claims about large tables: whatever is asked of them, the server reads about what it answers. The real functions are called,
//! over both kinds of connection and often enough for the server to settle on plans of its own, and the server itself
//! tells the plan of each statement that it ran, those of its own foreign keys included, with the rows that each step of it met.

mod chats;
mod ledger;
mod messages;

use std::mem::take;

use ::tests::Postgres;
use contract::id::Uuid;
use serde_json::Value;

use crate::{
    db,
    postgres::{Connection, Settings},
};

/// What one step of a plan may meet: the largest page and a row behind it, with room for the wholeness of a message.
const MOST: f64 = 2_100.0;

/// A server with 200,000 rows per table, and its log.
pub(crate) struct Plans {
    server: Postgres,
    /// How much of the log has been read.
    read: usize,
}

impl Plans {
    async fn start() -> Self {
        let server = Postgres::start();
        let settings = Settings::of(&server.url("postgres"), &[]);
        db::init(settings)
            .await
            .expect("an empty database gets its schema");
        server.psql("postgres", include_str!("plans/seed.sql"));
        server.psql("postgres", include_str!("plans/explain.sql"));
        Self {
            read: server.log().len(),
            server,
        }
    }

    /// A connection of each pool mode.
    pub(crate) async fn connections(&self) -> [Connection; 2] {
        let url = self.server.url("postgres");
        let open = async |mode: &str| {
            let variables = [("DATABASE_POOL_MODE", mode)];
            let settings = Settings::of(&url, &variables);
            Connection::open(&settings)
                .await
                .expect("the server is there")
        };
        [open("session").await, open("transaction").await]
    }

    /// Claims that what was asked since the last claim met few rows, and gives how many statements that were.
    pub(crate) fn demand_few_rows(&mut self, what: &str) -> usize {
        let log = self.server.log();
        let told = log[take(&mut self.read)..].to_owned();
        self.read = log.len();
        let plans: Vec<_> = told.split("plan:\n").skip(1).map(plan).collect();
        assert!(!plans.is_empty(), "nothing was asked: {what}");
        for plan in &plans {
            if let Some(step) = large_step(&plan["Plan"]) {
                panic!("{what}: {step}\n{}\n{:#}", plan["Query Text"], plan["Plan"]);
            }
        }
        plans.len()
    }
}

/// The plan that the log goes on with; its lines are indented there.
fn plan(log: &str) -> Value {
    let text = log.replace("\n\t", "\n");
    let mut values = serde_json::Deserializer::from_str(&text).into_iter();
    values.next().expect("a plan follows").expect("it is JSON")
}

/// A step that meets too many rows.
fn large_step(step: &Value) -> Option<String> {
    let of = |name: &str| step[name].as_f64().unwrap_or_default();
    let met =
        (of("Actual Rows") + of("Rows Removed by Filter") + of("Rows Removed by Index Recheck"))
            * of("Actual Loops");
    let name = || {
        format!(
            "{} {} met {met} rows",
            step["Node Type"], step["Relation Name"]
        )
    };
    if met > MOST {
        return Some(name());
    }
    step["Plans"].as_array()?.iter().find_map(large_step)
}

/// The ids of the seed.
pub(crate) fn chat(number: u128) -> Uuid {
    Uuid::from_u128((0xa << 124) + number)
}

/// The ids of the seed.
pub(crate) fn message(number: u128) -> Uuid {
    Uuid::from_u128((0xb << 124) + number)
}

/// The chat of 20,000 messages, 10,000 images and 10,000 search results.
pub(crate) const LONG: u128 = 1;
/// How often a statement is asked: after five times the server may keep one plan for all values.
pub(crate) const OFTEN: usize = 7;

#[tokio::test]
async fn whatever_is_asked_of_large_tables_meets_about_the_rows_that_it_answers() {
    let mut plans = Plans::start().await;
    chats::claim(&mut plans).await;
    messages::claim(&mut plans).await;
    ledger::claim(&mut plans).await;

    let scan = "select count(*) from chat_messages where content = 'absent'";
    plans.server.psql("postgres", scan);
    let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        plans.demand_few_rows("a scan")
    }));
    assert!(caught.is_err(), "a scan is noticed");
}
