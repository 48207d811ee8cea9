//! Protections: what keeps the promises when processes die, each of which can be switched off by builds for tests, to show
//! that tests notice. A build without the feature `weaken` knows no switch: all are on.

/// What a build for tests can do without.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protection {
    /// An upload that ends without its commit frame leaves nothing.
    CommitFrame,
    /// An upload whose bytes have another SHA-256 than was said leaves nothing.
    HashCheck,
    /// The answer to a request id is kept, by the transaction that has the effect.
    RequestId,
    /// The ledger looks again whether a row names what a sweep wants removed.
    SecondLook,
    /// What a sweep removes is recorded before, and no row may name it from then on.
    Tombstone,
}

impl Protection {
    /// Whether it protects. `CHATSTORE_WITHOUT` names the one that does not, as in `commit_frame`.
    #[cfg(feature = "weaken")]
    #[must_use]
    pub fn is_on(self) -> bool {
        static WITHOUT: std::sync::OnceLock<Option<String>> = std::sync::OnceLock::new();
        let without = WITHOUT.get_or_init(|| std::env::var("CHATSTORE_WITHOUT").ok());
        without.as_deref() != Some(self.name())
    }

    /// Whether it protects: it does.
    #[cfg(not(feature = "weaken"))]
    #[must_use]
    pub const fn is_on(self) -> bool {
        true
    }

    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::CommitFrame,
        Self::HashCheck,
        Self::RequestId,
        Self::SecondLook,
        Self::Tombstone,
    ];

    /// Its name, as `CHATSTORE_WITHOUT` gives it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::CommitFrame => "commit_frame",
            Self::HashCheck => "hash_check",
            Self::RequestId => "request_id",
            Self::SecondLook => "second_look",
            Self::Tombstone => "tombstone",
        }
    }
}

/// Tells once, in the log, which of them are off: for who looks into the log of a build that is not meant to serve.
pub fn tell() {
    for off in Protection::ALL.into_iter().filter(|p| !p.is_on()) {
        tracing::warn!(
            "CHATSTORE_WITHOUT is set, for tests alone: without {}, promises are not kept",
            off.name()
        );
    }
}
