//! Downloads as streams: how far they read ahead, and when they let go of the store. The store's bytes are made here.

use super::download::{Chunks, ahead, chunks};
use super::*;
use crate::s3::Download;
use std::sync::atomic::{AtomicUsize, Ordering};
use time::macros::datetime;

/// How long a chunk of the store is.
const CHUNK: usize = 1_000;

/// An object in a store, and what is known there of its reader.
struct Source {
    read: Arc<AtomicUsize>,
    held: Arc<()>,
}

impl Source {
    /// A download of `announced` chunks of which the store sends `sent`, and then waits, or ends.
    fn new(announced: usize, sent: usize, ends: bool) -> (Self, Download) {
        let (read, held) = (Arc::new(AtomicUsize::new(0)), Arc::new(()));
        let (count, hold) = (Arc::clone(&read), Arc::clone(&held));
        let body = futures::stream::iter(0..sent).map(move |_| {
            count.fetch_add(1, Ordering::SeqCst);
            Ok(Bytes::from_static(&[7; CHUNK]))
        });
        let rest = futures::stream::pending().take(usize::from(!ends));
        let download = Download {
            stored: Stored {
                size_bytes: 0,
                etag: "\"e\"".to_owned(),
                create_time: datetime!(2026-01-01 0:00 UTC),
                attributes: Attributes {
                    content_type: OCTET_STREAM.to_owned(),
                    sha256: None,
                    original_name: None,
                    request_id: None,
                },
            },
            length: (announced * CHUNK) as u64,
            body: body
                .chain(rest)
                .inspect(move |_| drop(Arc::clone(&hold)))
                .boxed(),
        };
        (Self { read, held }, download)
    }

    fn is_held(&self) -> bool {
        Arc::strong_count(&self.held) > 1
    }

    /// Lets everything happen that needs no time.
    async fn settle(&self) -> usize {
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        self.read.load(Ordering::SeqCst)
    }
}

fn begin(download: Download) -> Chunks {
    ahead(chunks(download), Instant::now() + HOUR)
}

#[tokio::test(start_paused = true)]
async fn a_reader_that_pauses_holds_the_store_back() {
    let (source, download) = Source::new(100, 100, true);
    let mut chunks = begin(download);
    assert_eq!(source.settle().await, 1, "one chunk is read ahead");
    for taken in 1..100 {
        chunks
            .try_next()
            .await
            .expect("a chunk")
            .expect("not the end");
        assert!(source.settle().await <= taken + 1);
    }
    assert!(source.is_held());
    chunks
        .try_next()
        .await
        .expect("a chunk")
        .expect("not the end");
    assert!(chunks.try_next().await.expect("the end").is_none());
    assert!(!source.is_held());
}

#[tokio::test(start_paused = true)]
async fn a_reader_that_takes_nothing_for_long_loses_the_store_and_is_told_so() {
    let (source, download) = Source::new(3, 3, true);
    let mut chunks = begin(download);
    tokio::time::sleep(Duration::from_secs(100)).await;
    assert!(source.is_held(), "it may pause");
    tokio::time::sleep(Duration::from_secs(30)).await;
    assert!(!source.is_held());
    let rest: Vec<_> = chunks.by_ref().collect().await;
    assert!(matches!(rest.last(), Some(Err(Error::Stalled))), "{rest:?}");
}

#[tokio::test(start_paused = true)]
async fn a_reader_that_goes_away_frees_the_store_at_once_also_while_it_waits_for_it() {
    let (source, download) = Source::new(3, 1, false);
    let mut chunks = begin(download);
    chunks
        .try_next()
        .await
        .expect("a chunk")
        .expect("not the end");
    assert_eq!(source.settle().await, 1);
    assert!(source.is_held());
    drop(chunks);
    source.settle().await;
    assert!(!source.is_held());
}

#[tokio::test(start_paused = true)]
async fn a_download_ends_with_the_time_of_its_call_whoever_is_waited_for() {
    for ends in [false, true] {
        let (source, download) = Source::new(3, if ends { 3 } else { 0 }, ends);
        let deadline = Instant::now() + Duration::from_secs(1);
        let mut chunks = ahead(super::download::chunks(download), deadline);
        tokio::time::sleep(Duration::from_secs(2)).await;
        assert!(!source.is_held());
        let rest: Vec<_> = chunks.by_ref().collect().await;
        assert!(matches!(rest.last(), Some(Err(Error::Stalled))), "{rest:?}");
    }
}

#[tokio::test]
async fn a_store_that_sends_less_or_more_than_it_announced_is_an_error_at_the_end() {
    for (announced, sent) in [(3, 2), (3, 0), (2, 3), (0, 1)] {
        let (_source, download) = Source::new(announced, sent, true);
        let seen: Vec<_> = begin(download).collect().await;
        assert!(
            matches!(seen.last(), Some(Err(Error::BrokenOff))),
            "{seen:?}"
        );
        let whole = seen.iter().filter(|chunk| chunk.is_ok()).count();
        assert_eq!(whole, sent.min(announced));
    }
}
