//! Progress: what a flow tells whoever watches it.

use std::{fmt, sync::Arc};

/// What just happened. Amounts are bytes in uploads and downloads, and objects in deletes and sweeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Progress {
    /// This rpc is about to be called.
    Step(&'static str),
    /// So much more was seen of what nobody knows how much there is.
    Seen(u64),
    /// So much more is to be done than was known before.
    Expected(u64),
    /// So much more is done.
    Done(u64),
    /// So much of what was done has to be done again.
    Undone(u64),
}

/// Whoever watches.
#[derive(Clone, Default)]
pub(crate) struct Observer(Option<Arc<dyn Fn(Progress) + Send + Sync>>);

impl Observer {
    pub(crate) fn new(tell: impl Fn(Progress) + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(tell)))
    }

    pub(crate) fn tell(&self, progress: Progress) {
        if let Some(tell) = &self.0 {
            tell(progress);
        }
    }
}

impl fmt::Debug for Observer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Observer").field(&self.0.is_some()).finish()
    }
}
