//! Ahead: a stream of pages that is read before it is asked for, a few pages at most, so that two of them are read at once.

use futures::{Stream, StreamExt as _};
use tokio::sync::mpsc;
use tokio_util::task::AbortOnDropHandle;

use crate::Result;

/// How many pages may wait.
const WAITING: usize = 2;

/// A stream that runs by itself.
pub(super) struct Ahead<T> {
    pages: mpsc::Receiver<Result<T>>,
    /// Until it has ended.
    reader: Option<AbortOnDropHandle<()>>,
}

impl<T: Send + 'static> Ahead<T> {
    pub(super) fn of(pages: impl Stream<Item = Result<T>> + Send + 'static) -> Self {
        let (page, waiting) = mpsc::channel(WAITING);
        let reader = tokio::spawn(async move {
            let mut pages = std::pin::pin!(pages);
            while let Some(read) = pages.next().await {
                if page.send(read).await.is_err() {
                    return;
                }
            }
        });
        Self {
            pages: waiting,
            reader: Some(AbortOnDropHandle::new(reader)),
        }
    }

    /// The next page; none behind the last.
    pub(super) async fn next(&mut self) -> Result<Option<T>> {
        if let Some(page) = self.pages.recv().await {
            return page.map(Some);
        }
        // A reader that broke is no end of the stream.
        match self.reader.take() {
            Some(reader) => match reader.await {
                Ok(()) => Ok(None),
                Err(panic) => std::panic::resume_unwind(panic.into_panic()),
            },
            None => Ok(None),
        }
    }
}
