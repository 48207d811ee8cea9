//! The connections: one to each service, made on first use and made again when they break.

use std::time::Duration;

use contract::{
    blob::v1::{
        object_service_client::ObjectServiceClient, presign_service_client::PresignServiceClient,
    },
    metadata::v1::{
        blob_ledger_service_client::BlobLedgerServiceClient,
        chat_service_client::ChatServiceClient, message_service_client::MessageServiceClient,
    },
    trace::Propagate,
};
use tonic::{
    service::interceptor::InterceptedService,
    transport::{Channel, Endpoint},
};

use crate::{Error, Progress, Result, progress::Observer};

/// How long one attempt to connect may take.
const CONNECT_LIMIT: Duration = Duration::from_secs(3);
/// How often a silent peer is asked whether it lives, and how long it may take to say so.
const KEEPALIVE: Duration = Duration::from_secs(10);
const KEEPALIVE_LIMIT: Duration = Duration::from_secs(5);
/// HTTP/2 flow control, as the services set it.
const STREAM_WINDOW_BYTES: u32 = 1 << 20;
const CONNECTION_WINDOW_BYTES: u32 = 4 << 20;
/// The largest answer that is taken. A turn of many long search results passes tonic's default of 4 MiB.
const MAX_ANSWER_BYTES: usize = 64 << 20;

/// Where the services are, and how long a flow may take.
#[derive(Clone, Debug)]
pub struct Config {
    /// metadata-svc: `http://host:port`.
    pub metadata_url: String,
    /// blob-svc: `http://host:port`.
    pub blob_url: String,
    /// How long a flow may take, all its calls and their repetitions together.
    pub timeout: Duration,
}

/// A connection that carries the trace along.
pub(crate) type Traced = InterceptedService<Channel, Propagate>;

/// The pair of services, as one. Cheap to clone: clones share the connections.
#[derive(Clone, Debug)]
pub struct Caller {
    metadata: Traced,
    blob: Traced,
    pub(crate) timeout: Duration,
    pub(crate) observer: Observer,
}

impl Caller {
    /// Takes the addresses; connects on first use. Call it inside of a tokio runtime.
    ///
    /// # Errors
    /// [`Error::Invalid`] when an address is none of `http://host:port`.
    pub fn connect(config: Config) -> Result<Self> {
        Ok(Self {
            metadata: open("metadata_url", config.metadata_url)?,
            blob: open("blob_url", config.blob_url)?,
            timeout: config.timeout,
            observer: Observer::default(),
        })
    }

    /// The same connections, with `tell` told how each flow gets on. It is called often: it must be quick.
    #[must_use]
    pub fn observed(mut self, tell: impl Fn(Progress) + Send + Sync + 'static) -> Self {
        self.observer = Observer::new(tell);
        self
    }

    pub(crate) fn chats(&self) -> ChatServiceClient<Traced> {
        ChatServiceClient::new(self.metadata.clone()).max_decoding_message_size(MAX_ANSWER_BYTES)
    }

    pub(crate) fn messages(&self) -> MessageServiceClient<Traced> {
        MessageServiceClient::new(self.metadata.clone()).max_decoding_message_size(MAX_ANSWER_BYTES)
    }

    pub(crate) fn ledger(&self) -> BlobLedgerServiceClient<Traced> {
        BlobLedgerServiceClient::new(self.metadata.clone())
    }

    pub(crate) fn objects(&self) -> ObjectServiceClient<Traced> {
        ObjectServiceClient::new(self.blob.clone())
    }

    pub(crate) fn presign(&self) -> PresignServiceClient<Traced> {
        PresignServiceClient::new(self.blob.clone()).max_decoding_message_size(MAX_ANSWER_BYTES)
    }
}

fn open(field: &str, url: String) -> Result<Traced> {
    let invalid = || Error::Invalid {
        field: field.to_owned(),
        problem: format!("must be http://host:port, is {url:?}"),
    };
    let endpoint = Endpoint::from_shared(url.clone()).map_err(|_| invalid())?;
    if endpoint.uri().scheme_str() != Some("http") || endpoint.uri().host().is_none() {
        return Err(invalid());
    }
    let channel = endpoint
        .connect_timeout(CONNECT_LIMIT)
        .http2_keep_alive_interval(KEEPALIVE)
        .keep_alive_timeout(KEEPALIVE_LIMIT)
        .initial_stream_window_size(STREAM_WINDOW_BYTES)
        .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
        .tcp_nodelay(true)
        .connect_lazy();
    Ok(InterceptedService::new(channel, Propagate))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_address_that_is_no_plain_http_one_is_refused_by_its_field() {
        for bad in [
            "",
            "127.0.0.1:50051",
            "https://host:1",
            "http://",
            "http://a b",
        ] {
            let config = Config {
                metadata_url: "http://127.0.0.1:50051".into(),
                blob_url: bad.into(),
                timeout: Duration::from_secs(1),
            };
            let error = Caller::connect(config).expect_err(bad);
            assert_eq!(error.fields()[0].field, "blob_url", "{bad}");
        }
    }
}
