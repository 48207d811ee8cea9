//! What this store is known to do, of all that our own behaviour depends on. It is tried, once, before the first write: no
//! vendor's name is trusted.

use super::{Client, Error, Store};
use crate::probe;

/// What our own behaviour depends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capabilities {
    /// A PUT with `If-None-Match: *` on a taken key is refused, and changes nothing.
    pub conditional_put: bool,
    /// The same of a copy.
    pub conditional_copy: bool,
    /// The same of completing an upload in parts.
    pub conditional_complete: bool,
    /// Bytes that have another SHA-256 than the one announced are refused.
    pub checksums: bool,
    /// Forms are taken, within the limits of their policy.
    pub post_policy: bool,
}

impl Client {
    /// The same store, which needs no trial.
    #[cfg(test)]
    #[must_use]
    pub(crate) fn knowing(self, capabilities: Capabilities) -> Self {
        let known = std::sync::Arc::new(tokio::sync::OnceCell::new_with(Some(capabilities)));
        Self { known, ..self }
    }
}

impl Store {
    /// What the store does, tried in this bucket unless it is known. A trial that fails is made again by the next call.
    pub async fn capabilities(&self) -> Result<Capabilities, Error> {
        let known = self.client.known.get_or_try_init(|| async {
            let store = self.clone();
            // To its end also when the caller goes away: what was made is to be removed.
            let tried = tokio::spawn(async move { probe::least(&store).await }).await;
            tried
                .unwrap_or(Err(Error::Unavailable))
                .map_err(Error::swept)
        });
        known.await.copied()
    }
}
