//! What makes the endpoint the same after a restart: its credentials and its port. Signed URLs hold both.

use serde::{Deserialize, Serialize};
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::net::Ipv4Addr;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use tokio::net::TcpListener;
use uuid::Uuid;

/// Whom the endpoint knows.
#[derive(Serialize, Deserialize)]
pub(super) struct Credentials {
    pub(super) access_key: String,
    pub(super) secret_key: String,
}

/// The folder's credentials, made at the first start from the system's randomness. Only the owner may read them.
pub(super) fn credentials(folder: &Path) -> io::Result<Credentials> {
    let path = folder.join("credentials.json");
    match fs::read(&path) {
        Ok(kept) => Ok(serde_json::from_slice(&kept)?),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let access_key = format!("local{}", &Uuid::new_v4().simple().to_string()[..15]);
            let secret_key = format!("{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple());
            let made = Credentials {
                access_key,
                secret_key,
            };
            write_private(&path, &serde_json::to_vec(&made)?)?;
            Ok(made)
        }
        Err(error) => Err(error),
    }
}

/// Listens on loopback: on `port`, or where that is 0 on the port of the last time, or where that is taken on any.
pub(super) async fn listen(folder: &Path, port: u16) -> io::Result<TcpListener> {
    let path = folder.join("port");
    let last = fs::read_to_string(&path)
        .ok()
        .and_then(|text| text.trim().parse().ok());
    let wished = if port == 0 { last.unwrap_or(0) } else { port };
    let listener = match TcpListener::bind((Ipv4Addr::LOCALHOST, wished)).await {
        Err(error) if port == 0 && error.kind() == io::ErrorKind::AddrInUse => {
            tracing::warn!(
                port = wished,
                "the last port is taken: URLs signed for it no longer work"
            );
            TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?
        }
        bound => bound?,
    };
    write_private(&path, listener.local_addr()?.port().to_string().as_bytes())?;
    Ok(listener)
}

/// Replaces a file as a whole: a crash leaves the old one or the new one.
fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let draft = path.with_extension("draft");
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&draft)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&draft, path)
}
