//! kill -9 of the sweep, wherever it is: the next one ends what it began, and nothing that a row names is lost (P5, P8).

use std::{
    os::unix::process::ExitStatusExt as _,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use contract::metadata::v1::DeleteChatRequest;
use tests::{Pair, Storage, command::chatctl_on};

use super::{NOW, PAIRS, keys, named, named_many, recorded, stored, stored_many, swept};

/// In how many places it is killed, spread over all that it does.
const PLACES: usize = 6;
const LIMIT: Duration = Duration::from_secs(60);

/// A store with everything that a sweep finds: rows with objects, orphans, and a chat that was deleted and not drained.
async fn scene(storage: Storage) -> Pair {
    let pair = Pair::start_over(storage, PAIRS[0].1).await;
    let kept = stored_many(&pair, "chats/a/images/", 20).await;
    named_many(&pair, None, kept).await;
    stored_many(&pair, "chats/b/images/", 20).await;
    let chat = named(&pair, stored(&pair, "uploads/documents/plan.pdf").await).await;
    let chat = chat.expect("a chat");
    stored_many(&pair, &format!("chats/{}/images/", chat.id), 5).await;
    let request = DeleteChatRequest {
        chat_id: chat.id,
        ..Default::default()
    };
    pair.chats().delete_chat(request).await.expect("deleted");
    pair
}

/// How much both services have done: they log every call on a line.
fn steps(pair: &Pair) -> usize {
    let lines = |log: String| {
        log.lines()
            .filter(|line| line.contains("chatstore."))
            .count()
    };
    lines(pair.metadata.log()) + lines(pair.blob.log())
}

fn sweep_of(pair: &Pair) -> Child {
    let mut command: Command = chatctl_on(pair);
    command.args(["sweep", "--delete", "--grace", "0"]);
    let command = command.stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().expect("chatctl can be started")
}

#[tokio::test]
async fn a_sweep_that_is_killed_anywhere_is_finished_by_the_next_on_kv() {
    killed_everywhere(Storage::Kv).await;
}

#[tokio::test]
async fn a_sweep_that_is_killed_anywhere_is_finished_by_the_next_on_postgres() {
    killed_everywhere(Storage::Postgres).await;
}

async fn killed_everywhere(storage: Storage) {
    let pair = scene(storage).await;
    let begin = steps(&pair);
    let ended = sweep_of(&pair).wait().expect("an own child");
    assert!(ended.success(), "undisturbed it ends well");
    let all = steps(&pair) - begin;
    assert!(all >= PLACES, "the logs tell every call");
    assert_left(&pair).await;

    let mut ends = Vec::new();
    for place in 0..PLACES {
        let pair = scene(storage).await;
        let (begin, mut sweep) = (steps(&pair), sweep_of(&pair));
        let deadline = Instant::now() + LIMIT;
        while steps(&pair) < begin + all * place / PLACES {
            if sweep.try_wait().expect("an own child").is_some() {
                break;
            }
            assert!(
                Instant::now() < deadline,
                "it does not come to place {place}"
            );
            thread::sleep(Duration::from_millis(1));
        }
        sweep.kill().expect("an own child can be killed");
        ends.push(sweep.wait().expect("an own child can be waited for"));
        assert_eq!(
            swept(&pair, NOW, true).await.problems(),
            Vec::<String>::new()
        );
        assert_left(&pair).await;
    }
    // One that ends before it is hit shows nothing; that is left to few.
    let killed = ends.iter().filter(|end| end.signal() == Some(9)).count();
    assert!(killed > PLACES / 2, "{ends:?}");
}

/// What rows name is there, nothing else is, and nothing is recorded.
async fn assert_left(pair: &Pair) {
    let left = (0..20).map(|n| format!("chats/a/images/{n}")).collect();
    assert_eq!((keys(pair).await, recorded(pair).await), (left, vec![]));
}
