//! The configured buckets. A request names one of them, or none and means the first.

mod policy;
pub mod rpc;
mod rules;
mod standing;

#[cfg(feature = "embedded")]
pub(crate) use self::policy::lets_everybody_read_and_no_more;
pub use self::rules::{Cors, Lifecycle, Rules};
pub use self::standing::{Standing, State};

use crate::s3::{Client, Store};
use contract::receipt::ReceiptKeys;
use std::sync::Arc;

/// A configured bucket, and the way to it.
#[derive(Debug)]
pub struct Bucket {
    pub(crate) rules: Rules,
    pub(crate) store: Store,
    /// What vouches for its objects. Rows name keys and no bucket, and mean the first: so there is none for the others.
    pub(crate) receipts: ReceiptKeys,
}

impl Bucket {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.rules.name
    }
}

/// All configured buckets, at least one. Clones share them.
#[derive(Debug, Clone)]
pub struct Buckets(Arc<[Arc<Bucket>]>);

impl Buckets {
    /// The buckets of a store; the first is what a request means that names none, and `receipts` are for its objects.
    #[must_use]
    pub fn new(client: &Client, rules: &[Rules], receipts: &ReceiptKeys) -> Self {
        let receipts = std::iter::once(receipts.clone());
        let receipts = receipts.chain(std::iter::repeat_with(ReceiptKeys::default));
        let bucket = |(rules, receipts): (&Rules, ReceiptKeys)| {
            Arc::new(Bucket {
                rules: rules.clone(),
                store: client.bucket(&rules.name),
                receipts,
            })
        };
        Self(rules.iter().zip(receipts).map(bucket).collect())
    }

    /// The bucket of this name, if it is configured; empty means the first.
    pub(crate) fn named(&self, name: &str) -> Option<&Arc<Bucket>> {
        self.0
            .iter()
            .find(|bucket| name.is_empty() || bucket.name() == name)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Arc<Bucket>> {
        self.0.iter()
    }
}

#[cfg(all(test, feature = "embedded"))]
mod tests;
