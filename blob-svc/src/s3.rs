//! The store behind the service, spoken to in the S3 protocol. The only room that names rusoto.
//!
//! rusoto makes the requests and reads the answers; everything between is ours, because a stock client hangs on a
//! silent server, spins on cut XML, panics on odd headers and takes some failures for successes. `dispatch` addresses, signs, sends and
//! bounds in time, `guard` reads every control-plane answer before rusoto does, `call` retries and catches what is left.
//! Nothing of rusoto leaves this room: callers see [`Store`], the domain's types and one [`Error`].

mod address;
mod bucket;
mod call;
mod capability;
mod dispatch;
mod endpoint;
mod error;
mod guard;
mod lifecycle;
mod list;
mod metadata;
mod multipart;
mod object;
mod raw;
mod removal;
mod resolver;
mod settings;
mod uploads;
mod wire;

pub use self::capability::Capabilities;
pub use self::endpoint::{Credentials, Endpoint, Style};
pub use self::error::Error;
pub use self::lifecycle::Kept;
pub use self::list::{Listed, Listing, Page};
pub use self::multipart::{Multipart, Part};
pub use self::object::{Condition, Download};
pub use self::raw::Answer;
pub use self::uploads::{Begun, Marker, Unfinished};

use self::dispatch::{Dispatcher, Extra};
use rusoto_core::Region;
use rusoto_s3::S3Client;
use std::fmt;
use std::sync::Arc;
use tokio::sync::OnceCell;

/// A store, with its connections. Cheap to clone; clones share them.
#[derive(Clone)]
pub struct Client {
    dispatcher: Dispatcher,
    region: Region,
    endpoint: Arc<Endpoint>,
    known: Arc<OnceCell<Capabilities>>,
}

impl Client {
    /// A store that is reached at `endpoint`. Opens no connection yet.
    #[must_use]
    pub fn new(endpoint: &Endpoint) -> Self {
        let region = Region::Custom {
            name: endpoint.region.clone(),
            endpoint: endpoint.url(),
        };
        Self {
            dispatcher: Dispatcher::new(endpoint),
            region,
            endpoint: Arc::new(endpoint.clone()),
            known: Arc::default(),
        }
    }

    /// One bucket of the store, which need not be there.
    #[must_use]
    pub fn bucket(&self, name: &str) -> Store {
        Store {
            client: self.clone(),
            plain: self.sends(Extra::default()),
            bucket: name.to_owned(),
        }
    }

    /// rusoto's client, for requests that carry what rusoto 0.48 has no field for. It signs nothing: the dispatcher does,
    /// when the request is complete.
    fn sends(&self, extra: Extra) -> S3Client {
        let dispatcher = self.dispatcher.with(extra);
        S3Client::new_with_client(
            rusoto_core::Client::new_not_signing(dispatcher),
            self.region.clone(),
        )
    }
}

impl Store {
    /// Where the store is.
    #[must_use]
    pub fn endpoint(&self) -> &Endpoint {
        &self.client.endpoint
    }

    /// The bucket's name.
    #[must_use]
    pub fn bucket(&self) -> &str {
        &self.bucket
    }
}

/// One bucket of a store.
#[derive(Clone)]
pub struct Store {
    client: Client,
    plain: S3Client,
    bucket: String,
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store")
            .field("bucket", &self.bucket)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
