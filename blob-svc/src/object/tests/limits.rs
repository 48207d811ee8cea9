//! What transfers share. Time stands still but for what waits: no test waits itself.

use super::buffer::Memory;
use super::*;

/// A whole budget of buffers.
const ALL: usize = 40 * MIB;

fn soon() -> Instant {
    Instant::now() + Duration::from_secs(5)
}

#[tokio::test(start_paused = true)]
async fn who_gets_no_buffer_in_time_is_told_to_come_again_and_the_next_one_gets_it() {
    let memory = Arc::new(Memory::default());
    let most = memory.buffer(ALL - MIB, soon()).await.expect("it is free");
    let rest = memory
        .buffer(MIB, soon())
        .await
        .expect("as much as is left");
    let refused = memory.buffer(1, soon()).await.expect_err("nothing is left");
    assert!(matches!(refused, Error::Overloaded(_)), "{refused:?}");
    let status = Status::from(refused);
    assert_eq!(status.code(), Code::ResourceExhausted);
    assert!(!status.details().is_empty(), "it says when to come again");
    drop(rest);
    memory.buffer(1, soon()).await.expect("given back");
    assert!(memory.buffer(ALL, soon()).await.is_err(), "reserved still");
    drop(most);
    memory.buffer(ALL, soon()).await.expect("all of it again");
}

#[tokio::test(start_paused = true)]
async fn a_small_buffer_does_not_overtake_a_large_one_that_waits() {
    let memory = Arc::new(Memory::default());
    let half = memory.buffer(ALL / 2, soon()).await.expect("it is free");
    let mut large = std::pin::pin!(memory.buffer(ALL, soon()));
    assert!(futures::poll!(&mut large).is_pending());
    let mut small = std::pin::pin!(memory.buffer(1, soon()));
    assert!(
        futures::poll!(&mut small).is_pending(),
        "though it would fit"
    );
    drop(half);
    let large = large.await.expect("it is its turn");
    assert!(futures::poll!(&mut small).is_pending());
    drop(large);
    small.await.expect("it is its turn");
}

#[tokio::test]
async fn a_transfer_too_many_is_refused_at_once() {
    let limits = Limits::default();
    let uploads: Vec<_> = std::iter::from_fn(|| limits.upload().ok()).collect();
    let downloads: Vec<_> = std::iter::from_fn(|| limits.download().ok()).collect();
    assert!(uploads.len() >= 8 && downloads.len() >= 8);
    assert!(matches!(limits.upload(), Err(Error::Overloaded(_))));
    drop(uploads);
    limits.upload().expect("there is a place again");
}

#[tokio::test]
async fn uploads_in_parts_end_also_when_all_of_them_run_on_one_buffer() {
    let rig = Rig::new().await;
    let content = bytes(12 * MIB);
    let soon = Instant::now() + Duration::from_secs(5);
    let taken = rig.blobs.limits.memory.buffer(ALL - 6 * MIB, soon).await;
    let uploads = (0..4).map(|n| {
        let header = PutObjectHeader {
            key: format!("docs/{n}"),
            ..header(WAYS[3], &content)
        };
        rig.put(frames(header, &content, Some(commit(&content))))
    });
    for stored in futures::future::join_all(uploads).await {
        stored.expect("each gets its turn");
    }
    drop(taken);
    assert_eq!(rig.keys().await.len(), 4);
}

#[tokio::test]
async fn a_buffer_holds_what_was_put_in_whatever_held_its_memory_before() {
    let memory = Arc::new(Memory::default());
    for length in [0, 1, 131_071, 131_072, 131_073, 5 * MIB] {
        for step in [1_000, 131_072, 200_000] {
            let content = bytes(length);
            let mut buffer = memory.buffer(length, soon()).await.expect("it is free");
            content.chunks(step).for_each(|chunk| buffer.put(chunk));
            assert_eq!(buffer.room(), 0);
            assert!(buffer.bytes().concat() == content, "{length} by {step}");
        }
    }
}
