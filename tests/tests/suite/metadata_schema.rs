//! A service whose database has another schema than its own says so and serves nothing, until the schema is there.

use std::time::{Duration, Instant};

use tests::{
    Database, Service,
    command::{metadata_svc, stdout},
};
use tonic::Code;
use tonic_types::StatusExt as _;

use crate::metadata::{Client, new_chat};

/// How long the service may take to look at its database; far above what it takes.
const LIMIT: Duration = Duration::from_secs(60);

#[tokio::test]
async fn a_service_on_a_database_without_schema_serves_once_it_is_upgraded() {
    let database = Database::empty();
    let mut service = launch(&database);
    refuses(&service, "migrations behind this build").await;
    db(&database, &["upgrade"]);
    serves(&mut service).await;
}

#[tokio::test]
async fn a_service_one_migration_ahead_of_its_database_serves_once_it_is_upgraded() {
    let database = Database::migrated();
    let history = db(&database, &["history"]);
    let last_but_one = history
        .lines()
        .rev()
        .nth(1)
        .and_then(|line| line.split(' ').next());
    db(
        &database,
        &["downgrade", last_but_one.expect("there are two")],
    );
    let mut service = launch(&database);
    refuses(&service, "1 migrations behind this build").await;
    db(&database, &["upgrade"]);
    serves(&mut service).await;
}

#[tokio::test]
async fn a_service_whose_database_has_a_migration_that_it_does_not_know_serves_nothing() {
    let database = Database::migrated();
    let migrations = "__diesel_schema_migrations";
    let _ = database.ask(&format!(
        "insert into {migrations} values ('99991231235959')"
    ));
    let mut service = launch(&database);
    refuses(&service, "1 migrations ahead of this build").await;
    let _ = database.ask(&format!(
        "delete from {migrations} where version like '9999%'"
    ));
    serves(&mut service).await;
}

fn launch(database: &Database) -> Service {
    let settings = [
        ("STORAGE_MODE", "sql".to_owned()),
        ("DATABASE_URL", database.url()),
    ];
    Service::launch("metadata-svc", &settings)
}

/// Runs `metadata-svc db`.
fn db(database: &Database, arguments: &[&str]) -> String {
    let mut command = metadata_svc();
    command.env("DATABASE_URL", database.url()).arg("db");
    stdout(command.args(arguments))
}

/// Waits until the log gives the reason, and asks whether health and calls agree with it.
async fn refuses(service: &Service, reason: &str) {
    let deadline = Instant::now() + LIMIT;
    while !service.log().contains(reason) {
        assert!(Instant::now() < deadline, "no word of it");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(!service.serves().await);
    let refused = Client::of(service).create(new_chat("t")).await;
    let refused = refused.expect_err("it serves nothing");
    assert_eq!(refused.code(), Code::Unavailable);
    let retry = refused.get_error_details().retry_info().cloned();
    assert!(retry.and_then(|retry| retry.retry_delay).is_some());
}

/// Waits until the service serves, and calls it.
async fn serves(service: &mut Service) {
    service.wait_until_serving().await;
    let client = Client::of(service);
    let created = client.create(new_chat("t")).await;
    let chat = created.expect("it is created");
    assert_eq!(client.read(&chat.id).await.expect("it is there"), chat);
}
