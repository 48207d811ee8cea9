//! What a sweep tells whoever watches it: how much it has seen, and of what it looks at again how much there is.

use std::sync::mpsc;

use caller::{Progress, Sweep};
use tests::Pair;

use super::{NOW, absent, caller, kept, named_many, stored, sweep};

#[tokio::test]
async fn a_sweep_counts_what_it_sees_and_says_before_each_second_look_how_many_it_looks_at() {
    let pair = Pair::start().await;
    kept(&pair, "chats/a/documents/plan.pdf").await;
    stored(&pair, "chats/b/orphan").await;
    for (images, count) in [("c", 1_000), ("d", 200)] {
        let blobs = (0..count).map(|n| absent(&format!("chats/{images}/images/{n}")));
        named_many(&pair, None, blobs.collect()).await;
    }
    for (delete, then) in [
        (false, vec![Progress::Done(1)]),
        // What is removed is expected when it is known.
        (
            true,
            vec![Progress::Expected(1), Progress::Done(1), Progress::Done(1)],
        ),
    ] {
        let (tell, told) = mpsc::channel();
        let caller = caller(&pair).observed(move |progress| {
            if !matches!(progress, Progress::Step(_)) {
                tell.send(progress).expect("it is heard");
            }
        });
        let any = Sweep {
            max_share: 100,
            ..sweep(NOW, delete)
        };
        caller.sweep(&any).await.expect("a sweep");
        let mut told: Vec<_> = told.try_iter().collect();
        // Two batches of rows are looked at side by side.
        told[2..4].sort_by_key(|one| *one == Progress::Done(200));
        let before = [
            Progress::Seen(2),
            Progress::Expected(1_200),
            Progress::Done(1_000),
            Progress::Done(200),
            Progress::Expected(1),
        ];
        assert_eq!(told, [before.to_vec(), then].concat());
    }
}
