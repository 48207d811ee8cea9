//! Removing whole folders, page by page, with a word on each. While some pages are removed the next one is listed.

use crate::bucket::Bucket;
use crate::error::Error;
use crate::key::Folder;
use crate::s3::{self, Listed, Listing};
use contract::blob::v1::{DeleteError, DeletePrefixResponse};
use futures::stream::{self, BoxStream};
use futures::{Stream, StreamExt, TryStreamExt};
use std::sync::Arc;
use tonic::Status;

/// What stores list, and remove, at a time.
const PAGE: u16 = 1_000;
/// How many pages are removed at once.
const AT_ONCE: usize = 4;

/// The progress of one removal.
pub(super) type Progress = BoxStream<'static, Result<DeletePrefixResponse, Status>>;

/// What became of one page.
struct Removed {
    matched_count: usize,
    matched_bytes: u64,
    deleted_count: usize,
    errors: Vec<DeleteError>,
}

/// Removes all objects of a folder, or counts them.
pub(super) fn remove(bucket: Arc<Bucket>, folder: Folder, dry_run: bool) -> Progress {
    let pages = pages(Arc::clone(&bucket), folder);
    let removed = pages
        .map_ok(move |page| remove_page(Arc::clone(&bucket), page, dry_run))
        .try_buffered(AT_ONCE);
    let state = (removed.boxed(), DeletePrefixResponse::default());
    let progress = stream::try_unfold(state, |(mut removed, mut sum)| async move {
        if sum.done {
            return Ok(None);
        }
        match removed.try_next().await.map_err(Error::from)? {
            Some(page) => add(&mut sum, page),
            None => (sum.errors, sum.done) = (Vec::new(), true),
        }
        Ok(Some((sum.clone(), (removed, sum))))
    });
    progress.boxed()
}

/// The pages of a folder. Each begins behind the one before, so that what cannot be removed holds nothing up; behind, in the
/// store's own word: SeaweedFS walks folders, and `start-after` an object skips the folder of the same name.
fn pages(
    bucket: Arc<Bucket>,
    folder: Folder,
) -> impl Stream<Item = Result<Vec<Listed>, s3::Error>> {
    let first = Listing {
        prefix: folder.as_str().to_owned(),
        limit: PAGE,
        ..Listing::default()
    };
    stream::try_unfold((bucket, Some(first)), |(bucket, listing)| async move {
        let Some(mut listing) = listing else {
            return Ok(None);
        };
        let page = bucket.store.list(&listing).await?;
        let last = page.next.is_none();
        // The same page for ever would be no walk.
        if !last && page.next == listing.continuation {
            return Err(s3::Error::Malformed);
        }
        listing.continuation = page.next;
        Ok(Some((page.objects, (bucket, (!last).then_some(listing)))))
    })
}

async fn remove_page(
    bucket: Arc<Bucket>,
    page: Vec<Listed>,
    dry_run: bool,
) -> Result<Removed, s3::Error> {
    let matched_bytes = page.iter().map(|object| object.size_bytes).sum();
    let keys: Vec<String> = page.into_iter().map(|object| object.key).collect();
    let left = match dry_run || keys.is_empty() {
        true => Vec::new(),
        false => bucket.store.delete_many(&keys).await?,
    };
    Ok(Removed {
        matched_count: keys.len(),
        matched_bytes,
        deleted_count: if dry_run { 0 } else { keys.len() - left.len() },
        errors: left
            .into_iter()
            .map(|(key, code)| DeleteError { key, code })
            .collect(),
    })
}

fn add(sum: &mut DeletePrefixResponse, page: Removed) {
    sum.matched_count += page.matched_count as i64;
    sum.matched_bytes += i64::try_from(page.matched_bytes).unwrap_or(i64::MAX);
    sum.deleted_count += page.deleted_count as i64;
    sum.errors = page.errors;
}
