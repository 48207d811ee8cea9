//! The walk: the store's listing beside the ledger's keys, as sorted lists are merged. It is a filter: whatever order the store has,
//! and whatever changes meanwhile, only what may lack its other side comes out of it, to be looked at again.

use std::{
    iter::Peekable,
    time::{Duration, SystemTime},
    vec,
};

use contract::{blob::v1::Object, metadata::v1::ReferencedKey};

use super::{ahead::Ahead, candidates::Candidates};
use crate::{Error, Progress, Result, Sample, flow::Flow, key::is_key};

/// What was seen.
#[derive(Debug, Default)]
pub(super) struct Walk {
    pub(super) object_count: u64,
    pub(super) object_bytes: u64,
    pub(super) row_count: u64,
    /// Objects whose row was met.
    pub(super) named_count: u64,
    /// Whether the store listed in byte order.
    pub(super) is_in_order: bool,
    /// Objects without a row, old enough.
    pub(super) orphans: Candidates,
    pub(super) orphan_bytes: u64,
    /// Objects without a row that are not.
    pub(super) young_count: u64,
    /// Rows without an object.
    pub(super) missing: Candidates,
    /// Keys whose object has another size than their row tells; only of those that were met together.
    pub(super) wrong_size: Sample<String>,
    /// Objects under names that are no keys of ours.
    pub(super) foreign: Sample<String>,
}

/// The ledger's keys, one at a time.
struct Rows {
    pages: Ahead<Vec<ReferencedKey>>,
    page: Peekable<vec::IntoIter<ReferencedKey>>,
    taken: u64,
}

/// Walks both sides to their ends.
pub(super) async fn walk(
    flow: &Flow,
    grace: Duration,
    mut objects: Ahead<Vec<Object>>,
    rows: Ahead<Vec<ReferencedKey>>,
) -> Result<Walk> {
    let mut walk = Walk {
        is_in_order: true,
        ..Walk::default()
    };
    let mut rows = Rows {
        pages: rows,
        page: Vec::new().into_iter().peekable(),
        taken: 0,
    };
    let mut last = String::new();
    while let Some(page) = objects.next().await? {
        flow.tell(Progress::Seen(page.len() as u64));
        let now = SystemTime::now();
        for object in page {
            while let Some(before) = rows.next_before(Some(&object.key)).await? {
                walk.missing.add(&before.key).await?;
            }
            let row = rows.next_at(&object.key);
            walk.is_in_order &= last < object.key;
            last.clone_from(&object.key);
            walk.object(object, row, now, grace).await?;
        }
    }
    while let Some(behind) = rows.next_before(None).await? {
        walk.missing.add(&behind.key).await?;
    }
    walk.row_count = rows.taken;
    Ok(walk)
}

impl Walk {
    async fn object(
        &mut self,
        object: Object,
        row: Option<ReferencedKey>,
        now: SystemTime,
        grace: Duration,
    ) -> Result<()> {
        self.object_count += 1;
        self.object_bytes += object.size_bytes.unsigned_abs();
        self.named_count += u64::from(row.is_some());
        match row {
            // A row that was written before sizes were confirmed tells none.
            Some(row) if !row.sha256.is_empty() && row.size_bytes != object.size_bytes => {
                self.wrong_size.add(object.key);
            }
            Some(_) => {}
            // What no row could name is not ours to remove.
            None if !is_key(&object.key) => self.foreign.add(object.key),
            None if age(&object, now)? < grace => self.young_count += 1,
            None => {
                self.orphan_bytes += object.size_bytes.unsigned_abs();
                self.orphans.add(&object.key).await?;
            }
        }
        Ok(())
    }
}

impl Rows {
    /// The next row, when its key lies before this one; none stands behind all keys.
    async fn next_before(&mut self, key: Option<&str>) -> Result<Option<ReferencedKey>> {
        while self.page.peek().is_none() {
            match self.pages.next().await? {
                Some(page) => self.page = page.into_iter().peekable(),
                None => return Ok(None),
            }
        }
        Ok(self.take_if(|row| key.is_none_or(|key| row.key.as_str() < key)))
    }

    /// The next row, when it names this key; only behind [`Rows::next_before`] of the same key.
    fn next_at(&mut self, key: &str) -> Option<ReferencedKey> {
        self.take_if(|row| row.key == key)
    }

    fn take_if(&mut self, wanted: impl FnOnce(&ReferencedKey) -> bool) -> Option<ReferencedKey> {
        let row = self.page.next_if(wanted)?;
        self.taken += 1;
        Some(row)
    }
}

/// How old an object is. One from the future, by another clock, is new.
fn age(object: &Object, now: SystemTime) -> Result<Duration> {
    let stored = object.create_time.and_then(|time| time.try_into().ok());
    let stored: SystemTime = stored.ok_or_else(|| Error::Broken {
        step: "ListObjects",
        problem: format!("{} has no time", object.key),
    })?;
    Ok(now.duration_since(stored).unwrap_or_default())
}

#[cfg(test)]
mod tests;
