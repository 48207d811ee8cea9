//! Claims about TLS, on real servers: one by a private CA, one without TLS.

use ::tests::{
    Postgres, PrivateCa,
    postgres::{PASSWORD, USER},
};

use crate::postgres::{Settings, connect, connection::Connection};

/// Whether a connection by `sslmode` and a CA to `host` comes about, and whether it is encrypted.
async fn reached(
    server: &Postgres,
    host: &str,
    sslmode: &str,
    ca: Option<&PrivateCa>,
) -> Result<bool, String> {
    let url = format!(
        "postgres://{USER}:{PASSWORD}@{host}:{}/postgres?sslmode={sslmode}",
        server.port()
    );
    let file = ca.map(|ca| ca.certificate().display().to_string());
    let more: Vec<_> = file
        .iter()
        .map(|file| ("DATABASE_SSL_CA", file.as_str()))
        .collect();
    let client = connect(&Settings::of(&url, &more))
        .await
        .map_err(|error| error.to_string())?;
    let row = client
        .query_one(
            "select ssl from pg_stat_ssl where pid = pg_backend_pid()",
            &[],
        )
        .await;
    Ok(row.expect("a server knows its connections").get(0))
}

#[tokio::test]
async fn each_mode_accepts_the_server_that_it_should_and_no_other() {
    let server = Postgres::start_with_tls();
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let (right, wrong) = (server.ca(), &PrivateCa::make(folder.path()));
    // The certificate is for localhost; by its address the same server is another host.
    for (host, mode, ca, encrypted) in [
        ("localhost", "verify-full", Some(right), Some(true)),
        ("127.0.0.1", "verify-full", Some(right), None),
        ("localhost", "verify-full", Some(wrong), None),
        ("localhost", "verify-full", None, None),
        ("127.0.0.1", "verify-ca", Some(right), Some(true)),
        ("127.0.0.1", "verify-ca", Some(wrong), None),
        ("127.0.0.1", "require", None, Some(true)),
        ("127.0.0.1", "require", Some(right), Some(true)),
        ("127.0.0.1", "require", Some(wrong), None),
        ("127.0.0.1", "prefer", None, Some(true)),
        ("127.0.0.1", "allow", None, Some(false)),
        ("127.0.0.1", "disable", None, Some(false)),
    ] {
        let found = reached(&server, host, mode, ca).await;
        assert_eq!(
            found.clone().ok(),
            encrypted,
            "{mode} to {host}, right CA: {}: {found:?}",
            ca.is_some_and(|ca| ca.certificate() == right.certificate())
        );
    }
}

#[tokio::test]
async fn a_server_without_tls_is_reached_only_where_tls_is_not_demanded() {
    let server = Postgres::start();
    for (mode, encrypted) in [
        ("disable", Some(false)),
        ("allow", Some(false)),
        ("prefer", Some(false)),
        ("require", None),
        ("verify-ca", None),
        ("verify-full", None),
    ] {
        let found = reached(&server, "127.0.0.1", mode, None).await;
        assert_eq!(found.clone().ok(), encrypted, "{mode}: {found:?}");
    }
}

#[tokio::test]
async fn a_wrong_password_is_told_without_it() {
    let server = Postgres::start();
    let url = format!(
        "postgres://{USER}:fake-wrong-password@127.0.0.1:{}/postgres",
        server.port()
    );
    let error = Connection::open(&Settings::of(&url, &[]))
        .await
        .err()
        .expect("the server refuses")
        .to_string();
    assert!(
        error.contains("authentication failed") && !error.contains("fake-wrong-password"),
        "{error}"
    );
}
