//! The list of what was acknowledged: a line of JSON each, on the disk before the caller goes on. What is not in it was not
//! acknowledged to anybody.

use std::{
    fs::{self, File},
    io::Write as _,
    path::Path,
    sync::{Mutex, PoisonError},
};

use anyhow::Context as _;
use serde::{Deserialize, Serialize};

/// Something that a caller noted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum Line {
    /// From now on the effect of this step may show.
    Begun { step: usize },
    /// The step has ended; `is_again` where it had ended before, and was only repeated.
    Ended {
        step: usize,
        is_again: bool,
        outcome: Outcome,
    },
    /// A key of this attempt at a step is used up.
    UsedUp { step: usize, attempt: u32 },
    /// A promise is broken.
    Wrong { what: String },
}

/// How a step ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum Outcome {
    /// It was acknowledged.
    Done(Answer),
    /// It was refused for good, as the plan allows.
    Refused(String),
}

/// What was answered.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Answer {
    pub(crate) message: String,
    pub(crate) seq: i64,
    /// The chat's document, or the images.
    pub(crate) objects: Vec<Kept>,
    /// The SHA-256 of all that every repetition must answer alike.
    pub(crate) digest: String,
}

/// An object as a row names it.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Kept {
    /// The image's id; empty for a document.
    pub(crate) id: String,
    pub(crate) key: String,
    pub(crate) size_bytes: i64,
    pub(crate) sha256: String,
}

/// The file of it, open to be added to.
#[derive(Debug)]
pub(crate) struct AckList(Mutex<File>);

impl AckList {
    /// Opens or makes it.
    pub(crate) fn open(path: &Path) -> anyhow::Result<Self> {
        let file = File::options().create(true).append(true).open(path);
        let mut file = file.with_context(|| format!("{} cannot be opened", path.display()))?;
        // What was half written when its writer was killed ends here.
        file.write_all(b"\n")?;
        Ok(Self(Mutex::new(file)))
    }

    /// Notes something, and comes back when it is on the disk.
    pub(crate) fn add(&self, line: &Line) -> anyhow::Result<()> {
        let mut text = serde_json::to_string(line)?;
        text.push('\n');
        let mut file = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        file.write_all(text.as_bytes())?;
        Ok(file.sync_data()?)
    }
}

/// All lines of a list, in order; one that is half written was never noted.
pub(crate) fn read(path: &Path) -> Vec<Line> {
    let text = fs::read_to_string(path).unwrap_or_default();
    let lines = text.lines();
    lines
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect()
}
