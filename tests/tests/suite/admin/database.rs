//! Readiness and Postgres.

use serde_json::json;
use tests::{
    Postgres, Service,
    command::{metadata_svc, stdout},
};

use super::{exposition, parsed, until};

const DATABASE: &str = "chatstore";

#[tokio::test]
async fn readiness_goes_and_comes_with_postgres_and_its_pool_is_measured() {
    let (mut server, service) = start().await;
    let told = parsed(&service.admin("GET", "/ready").await);
    assert_eq!(told, json!({"status": "ok", "database": "ok"}));
    let idle = "db_pool_connections{state=\"idle\"}";
    assert!(measured(&service, idle).await >= 0.0);

    server.stop();
    let refused = until(&service, "/ready", |answer| answer.status == 503).await;
    let told = parsed(&refused);
    assert_eq!(told["database"], "failing: the database is not reached");
    assert!(measured(&service, "db_pool_failures_total").await > 0.0);

    server.restart();
    until(&service, "/ready", |answer| answer.status == 200).await;
}

#[tokio::test]
async fn a_database_that_is_behind_is_not_ready_and_health_names_the_command() {
    let (server, service) = start().await;
    let last = "delete from __diesel_schema_migrations \
                where version = (select max(version) from __diesel_schema_migrations)";
    server.psql(DATABASE, last);
    let refused = until(&service, "/ready", |answer| answer.status == 503).await;
    assert_eq!(service.admin("GET", "/health").await.status, 200);
    let told = parsed(&refused)["database"].to_string();
    assert!(told.contains("metadata-svc db upgrade"), "{told}");
}

async fn start() -> (Postgres, Service) {
    let server = Postgres::start();
    let url = server.database(DATABASE);
    stdout(
        metadata_svc()
            .args(["db", "init"])
            .env("DATABASE_URL", &url),
    );
    let service = Service::start("metadata-svc", &[("DATABASE_URL", url)]).await;
    (server, service)
}

async fn measured(service: &Service, sample: &str) -> f64 {
    let text = service.admin("GET", "/metrics").await.body;
    let told = exposition::parsed(&text).get(sample).copied();
    told.unwrap_or_else(|| panic!("no {sample}: {text}"))
}
