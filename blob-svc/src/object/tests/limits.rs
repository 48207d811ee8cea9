//! What transfers share. Time stands still but for what waits: no test waits itself.

use super::*;

/// A whole budget of buffers.
const ALL: usize = 48 * MIB;

fn soon() -> Instant {
    Instant::now() + Duration::from_secs(5)
}

#[tokio::test(start_paused = true)]
async fn who_gets_no_buffer_in_time_is_told_to_come_again_and_the_next_one_gets_it() {
    let limits = Limits::default();
    let most = limits.buffer(ALL - MIB, soon()).await.expect("it is free");
    let rest = limits
        .buffer(MIB, soon())
        .await
        .expect("as much as is left");
    let refused = limits.buffer(1, soon()).await.expect_err("nothing is left");
    assert!(matches!(refused, Error::Overloaded(_)), "{refused:?}");
    let status = Status::from(refused);
    assert_eq!(status.code(), Code::ResourceExhausted);
    assert!(!status.details().is_empty(), "it says when to come again");
    drop(rest);
    limits.buffer(1, soon()).await.expect("given back");
    let (bytes, reserved) = most.take();
    drop(bytes);
    assert!(limits.buffer(ALL, soon()).await.is_err(), "reserved still");
    drop(reserved);
    limits.buffer(ALL, soon()).await.expect("all of it again");
}

#[tokio::test(start_paused = true)]
async fn a_small_buffer_does_not_overtake_a_large_one_that_waits() {
    let limits = Limits::default();
    let half = limits.buffer(ALL / 2, soon()).await.expect("it is free");
    let mut large = std::pin::pin!(limits.buffer(ALL, soon()));
    assert!(futures::poll!(&mut large).is_pending());
    let mut small = std::pin::pin!(limits.buffer(1, soon()));
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
    let taken = rig.blobs.limits.buffer(ALL - 6 * MIB, soon).await;
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
