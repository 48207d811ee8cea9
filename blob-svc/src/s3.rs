//! The store behind the service, spoken to in the S3 protocol. The only room that names rusoto.
//!
//! rusoto makes and signs the requests and reads the answers; everything between is ours, because a stock client hangs on a
//! silent server, spins on cut XML, panics on odd headers and takes some failures for successes. `dispatch` sends and
//! bounds in time, `guard` reads every control-plane answer before rusoto does, `call` retries and catches what is left.
//! Nothing of rusoto leaves this room: callers see [`Store`], the domain's types and one [`Error`].

mod bucket;
mod call;
mod dispatch;
mod error;
mod guard;
mod list;
mod metadata;
mod multipart;
mod object;
mod removal;
mod wire;

pub use self::error::Error;
pub use self::list::{Listed, Listing, Page};
pub use self::multipart::Multipart;
pub use self::object::{Body, Condition, Download};

use rusoto_core::Region;
use rusoto_core::credential::StaticProvider;
use rusoto_s3::S3Client;
use std::fmt;

/// Where a store is, and who we are to it.
#[derive(Clone)]
pub struct Endpoint {
    /// `http` or `https`.
    pub scheme: &'static str,
    /// Host, and port where it is not the scheme's own.
    pub authority: String,
    /// The region that signatures name.
    pub region: String,
    /// Whom signatures name. cloud.ru's hold a colon.
    pub access_key: String,
    /// What signatures are made with.
    pub secret_key: String,
    /// The bucket that all objects lie in.
    pub bucket: String,
}

impl Endpoint {
    /// The endpoint's address, without bucket or path.
    #[must_use]
    pub fn url(&self) -> String {
        format!("{}://{}", self.scheme, self.authority)
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Endpoint")
            .field("url", &self.url())
            .field("region", &self.region)
            .field("bucket", &self.bucket)
            .finish_non_exhaustive()
    }
}

/// One bucket of a store. Cheap to clone; clones share their connections.
#[derive(Clone)]
pub struct Store {
    client: S3Client,
    bucket: String,
}

impl Store {
    /// A store that is reached at `endpoint`, path style. Opens no connection yet.
    #[must_use]
    pub fn new(endpoint: &Endpoint) -> Self {
        let credentials =
            StaticProvider::new_minimal(endpoint.access_key.clone(), endpoint.secret_key.clone());
        let region = Region::Custom {
            name: endpoint.region.clone(),
            endpoint: endpoint.url(),
        };
        Self {
            client: S3Client::new_with(dispatch::Dispatcher::new(), credentials, region),
            bucket: endpoint.bucket.clone(),
        }
    }

    /// The bucket's name.
    #[must_use]
    pub fn bucket(&self) -> &str {
        &self.bucket
    }
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
