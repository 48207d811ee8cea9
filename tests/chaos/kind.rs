//! The kinds of worlds: a storage of metadata-svc, and a store of blob-svc.

use clap::{ValueEnum, builder::PossibleValue};

/// What metadata-svc keeps its rows in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Storage {
    Kv,
    Postgres,
}

/// What blob-svc keeps its objects in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Store {
    Embedded,
    Seaweedfs,
}

/// Which world.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Kind {
    pub(crate) storage: Storage,
    pub(crate) store: Store,
}

impl Kind {
    /// How its storage and its store are named.
    pub(crate) fn words(self) -> [String; 2] {
        let word = |value: Option<PossibleValue>| value.map(|value| value.get_name().to_owned());
        let words = [
            self.storage.to_possible_value(),
            self.store.to_possible_value(),
        ];
        words.map(|value| word(value).unwrap_or_default())
    }

    pub(crate) fn name(self) -> String {
        self.words().join("/")
    }
}
