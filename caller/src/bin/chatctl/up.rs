//! `chatctl up`: both services, until Ctrl-C.

use std::{net::SocketAddr, path::PathBuf};

use caller::contract::server::stop_signal;
use clap::Args;
use serde_json::json;

use crate::{
    Global,
    out::Out,
    services::{self, Services},
};

/// Run both services.
#[derive(Debug, Args)]
pub(crate) struct Up {
    /// The folder of both embedded stores; made where it is missing
    #[arg(long, value_name = "FOLDER", default_value = "./chatstore-data")]
    data: PathBuf,
    /// Where metadata-svc listens
    #[arg(long, value_name = "ADDRESS", default_value_t = services::METADATA)]
    metadata_listen: SocketAddr,
    /// Where blob-svc listens
    #[arg(long, value_name = "ADDRESS", default_value_t = services::BLOB)]
    blob_listen: SocketAddr,
}

impl Up {
    pub(crate) async fn run(self, global: &Global) -> anyhow::Result<()> {
        let stop = stop_signal();
        let mut stop = std::pin::pin!(stop);
        let started = tokio::select! {
            started = Services::start(&self.data, self.metadata_listen, self.blob_listen) => started,
            () = &mut stop => return Ok(()),
        };
        let mut services = started?;
        self.tell(&services, global.out())?;
        let ended = tokio::select! {
            error = services.one_ended() => Err(error),
            () = stop => Ok(()),
        };
        services.stop().await;
        ended
    }

    fn tell(&self, services: &Services, out: Out) -> anyhow::Result<()> {
        let Services { metadata, blob } = services;
        let of = |s: &services::Service| json!({"address": s.address.to_string(), "pid": s.pid()});
        let json = || json!({"metadata": of(metadata), "blob": of(blob), "data": self.data.display().to_string()});
        let (m, b) = (metadata.address, blob.address);
        let text = || {
            format!(
                "Both services are up, on embedded stores in {}:\n  metadata-svc  {m}\n  blob-svc      {b}\n\nTry:\n  \
                 grpcurl -plaintext {m} list\n  \
                 grpcurl -plaintext -d '{{\"chat\": {{\"user_id\": \"ann\", \"title\": \"First chat\"}}}}' {m} \
                 chatstore.metadata.v1.ChatService/CreateChat\n  \
                 grpcurl -plaintext -d '{{\"prefix\": \"chats/\"}}' {b} chatstore.blob.v1.ObjectService/ListObjects\n\n\
                 Ctrl-C stops both.",
                self.data.display()
            )
        };
        Ok(out.line(json, text)?)
    }
}
