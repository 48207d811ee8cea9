//! The keys that rows name, in byte order: read a page at a time and when it is asked for, so that any number of keys takes no
//! more memory than a page, and a reader who goes away stops the reading.

use std::mem::take;

use contract::{
    metadata::v1::{ListReferencedKeysResponse, ReferencedKey},
    page::MAX_SIZE,
};
use futures::{
    FutureExt as _,
    stream::{self, BoxStream, StreamExt as _},
};
use tonic::Status;

use super::{kv, sql};
use crate::{error::Result, page::Page, store::Store};

/// Which keys are read.
#[derive(Clone, Debug)]
pub(crate) struct Range {
    /// Only keys that begin with this.
    pub(crate) prefix: String,
    /// Only keys behind this one; empty is before all.
    pub(crate) after: String,
}

/// Streams the keys of `range`, a page at a time.
pub(super) fn stream(
    store: Store,
    range: Range,
) -> BoxStream<'static, std::result::Result<ListReferencedKeysResponse, Status>> {
    let walk = (store, range);
    let stream = stream::try_unfold(walk, |(store, mut range)| async move {
        let keys = page(&store, range.clone()).await?;
        Ok(keys.last().map(|last| last.key.clone()).map(|last| {
            range.after = last;
            (ListReferencedKeysResponse { keys }, (store, range))
        }))
    });
    stream.boxed()
}

/// The first keys of `range`: some, unless there is none.
async fn page(store: &Store, range: Range) -> Result<Vec<ReferencedKey>> {
    let keys = store.read(
        range,
        |txn, range| kv::referenced::page(txn, &range),
        |connection, range| async move { sql::referenced::page(connection, &range).await }.boxed(),
    );
    let keys = keys.await?.into_iter().map(Ok);
    let mut page = Page::fill(keys, MAX_SIZE, |key| key.key.len() + key.sha256.len())?;
    Ok(take(&mut page.rows))
}
