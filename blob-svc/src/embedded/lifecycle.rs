//! What buckets remove by themselves: objects that have lived their days, and uploads that nobody completed.

use super::index::{BUCKETS, OBJECTS, UPLOADS, read};
use super::parts::take_upload;
use super::record::{Entry, Upload, now_ms};
use super::settings::Removal;
use super::{Backend, Disk, Error};
use redb::ReadableTable;
use std::convert::Infallible;
use std::time::Duration;
use uuid::Uuid;

/// Days are counted; an hour more or less is no matter.
const EVERY: Duration = Duration::from_secs(3_600);
const DAY_MS: u64 = 86_400_000;
/// How much one change of the index removes: writers wait no longer than it takes.
const AT_ONCE: usize = 1_000;

/// An upload under way: its key and its id.
type Place = (Vec<u8>, String);

/// Applies the rules of all buckets, now and every hour.
pub(super) async fn keep_removing(backend: Backend) -> Infallible {
    loop {
        match backend.disk(|disk| disk.remove_what_is_due(now_ms())).await {
            Ok((0, 0)) => {}
            Ok((objects, uploads)) => {
                tracing::info!(objects, uploads, "removed by the buckets' lifecycle");
            }
            Err(error) => tracing::error!(%error, "a bucket's lifecycle cannot be applied"),
        }
        tokio::time::sleep(EVERY).await;
    }
}

impl Disk {
    /// Removes what is due at a time, in milliseconds since 1970; answers how many objects and how many uploads that were.
    pub(super) fn remove_what_is_due(&self, now_ms: u64) -> Result<(usize, usize), Error> {
        let buckets = self.index.view()?.open_table(BUCKETS)?;
        let names = buckets
            .iter()?
            .map(|bucket| Ok(bucket?.0.value().to_owned()));
        let mut removed = (0, 0);
        for bucket in names.collect::<Result<Vec<_>, Error>>()? {
            let removals = self.settings(&bucket)?.removals;
            for removal in removals.iter().filter(|removal| removal.enabled) {
                removed.0 += self.expire(&bucket, removal, now_ms)?;
                removed.1 += self.abort(&bucket, removal, now_ms)?;
            }
        }
        Ok(removed)
    }

    fn expire(&self, bucket: &str, removal: &Removal, now_ms: u64) -> Result<usize, Error> {
        let Some(before) = before(removal.expire_after_days, now_ms) else {
            return Ok(0);
        };
        let mut removed = 0;
        loop {
            let free = self.index.write(|tables| {
                let mut objects = tables.open_table(OBJECTS)?;
                let due = due(&objects, bucket, &removal.prefix, before)?;
                for (key, _) in &due {
                    objects.remove((bucket, key.as_slice()))?;
                }
                Ok(due)
            })?;
            removed += free.len();
            let is_last = free.len() < AT_ONCE;
            self.files.remove(free.into_iter().map(|(_, file)| file));
            if is_last {
                return Ok(removed);
            }
        }
    }

    fn abort(&self, bucket: &str, removal: &Removal, now_ms: u64) -> Result<usize, Error> {
        let Some(before) = before(removal.abort_uploads_after_days, now_ms) else {
            return Ok(0);
        };
        let mut aborted = 0;
        for (key, id) in self.uploads_due(bucket, &removal.prefix, before)? {
            let key = String::from_utf8_lossy(&key);
            match self
                .index
                .write(|tables| take_upload(tables, bucket, &key, &id))
            {
                Ok(parts) => self
                    .files
                    .remove(parts.into_iter().map(|(_, part)| part.file)),
                // Completed or aborted in the meantime.
                Err(Error::Refused(_)) => continue,
                Err(error) => return Err(error),
            }
            aborted += 1;
        }
        Ok(aborted)
    }

    fn uploads_due(&self, bucket: &str, prefix: &str, before: u64) -> Result<Vec<Place>, Error> {
        let uploads = self.index.view()?.open_table(UPLOADS)?;
        let mut due = Vec::new();
        for upload in uploads.range((bucket, prefix.as_bytes(), "")..)? {
            let (place, upload) = upload?;
            let (owner, key, id) = place.value();
            if owner != bucket || !key.starts_with(prefix.as_bytes()) {
                break;
            }
            if read::<Upload>(upload.value())?.initiated_ms <= before {
                due.push((key.to_vec(), id.to_owned()));
            }
        }
        Ok(due)
    }
}

/// The first objects that were stored at `before` or earlier, with their files.
fn due(
    objects: &impl ReadableTable<(&'static str, &'static [u8]), &'static [u8]>,
    bucket: &str,
    prefix: &str,
    before: u64,
) -> Result<Vec<(Vec<u8>, Uuid)>, Error> {
    let mut due = Vec::new();
    for object in objects.range((bucket, prefix.as_bytes())..)? {
        let (place, entry) = object?;
        let (owner, key) = place.value();
        if owner != bucket || !key.starts_with(prefix.as_bytes()) || due.len() == AT_ONCE {
            break;
        }
        let content = read::<Entry>(entry.value())?.content;
        if content.modified_ms <= before {
            due.push((key.to_vec(), content.file));
        }
    }
    Ok(due)
}

/// What was stored then or earlier has lived its days.
fn before(days: Option<i32>, now_ms: u64) -> Option<u64> {
    let days = u64::try_from(days?).ok()?;
    now_ms.checked_sub(days * DAY_MS)
}
