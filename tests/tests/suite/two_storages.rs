//! Two storages, one behaviour: random scripts of calls, good and bad, with services killed, Postgres crashed and connections cut
//! meanwhile, are played on the embedded store and on Postgres side by side, and every answer is the same.
//!
//! Postgres is served by two processes, one directly in session mode and one through `PgBouncer` in transaction mode; each call
//! goes to either. What may have been done (P9) is repeated by its request id until its outcome is known. A script that fails is
//! shortened, and told with its seed: `TWO_STORAGES_SEED` plays it again. `TWO_STORAGES_ROUNDS` and `TWO_STORAGES_STEPS` play
//! more and longer ones.

mod ask;
mod dice;
mod level;
mod script;
mod side;
mod world;

use std::{
    env, fmt,
    fmt::Write as _,
    time::{Duration, Instant},
};

use contract::id::{Uuid, derived_id};
use tests::rpc;

use self::{
    script::{Step, script},
    world::World,
};

/// How many scripts are played, and how many steps each has before all is read.
const ROUNDS: u64 = 6;
const STEPS: u64 = 80;
/// How long a script that failed may be shortened.
const SHORTENING: Duration = Duration::from_secs(90);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_is_done_and_goes_wrong_both_storages_answer_and_keep_the_same() {
    let first = setting("TWO_STORAGES_SEED").unwrap_or_else(|| Uuid::new_v4().as_u64_pair().0);
    let rounds = setting("TWO_STORAGES_ROUNDS").unwrap_or(ROUNDS);
    let mut world = World::start().await;
    for seed in (0..rounds).map(|round| first.wrapping_add(round)) {
        let steps = setting("TWO_STORAGES_STEPS").unwrap_or(STEPS);
        let round = Round { seed, steps };
        let script = round.script(0);
        if let Err(failure) = world.play(&script).await {
            let why = shorten(&mut world, &round, failure).await;
            panic!("TWO_STORAGES_SEED={seed} TWO_STORAGES_ROUNDS=1 plays it again.\n{why}");
        }
    }
}

#[test]
fn no_method_of_the_contract_is_left_out_of_the_scripts() {
    let round = Round {
        seed: 1,
        steps: 20_000,
    };
    let script = round.script(0);
    let missing: Vec<_> = rpc::all_of("chatstore.metadata.v1")
        .iter()
        .map(rpc::Rpc::path)
        .filter(|path| !script.iter().any(|step| step.deed.calls(path)))
        .collect();
    assert_eq!(missing, Vec::<String>::new());
}

/// A script to be played, again and again if need be.
struct Round {
    seed: u64,
    steps: u64,
}

impl Round {
    /// The script for the `nth` time it is played, with ids of its own: the storages keep what was played before.
    fn script(&self, nth: usize) -> Vec<Step> {
        let name = derived_id(Uuid::from_u64_pair(self.seed, self.steps), &nth.to_string());
        let steps = usize::try_from(self.steps).expect("a number of steps");
        // A seed tells alone whether something goes wrong.
        script(self.seed, name, steps, self.seed % 2 == 1)
    }
}

/// Where the storages fell apart, and what each said.
#[derive(Debug)]
struct Failure {
    at: usize,
    why: String,
}

/// Leaves out whatever steps the failure does not need, and tells the rest.
async fn shorten(world: &mut World, round: &Round, mut failure: Failure) -> String {
    let end = Instant::now() + SHORTENING;
    let mut kept: Vec<usize> = (0..=failure.at).collect();
    let mut nth = 1;
    let mut size = kept.len().div_ceil(2);
    while size > 0 && Instant::now() < end {
        let mut begin = 0;
        while begin < kept.len() && Instant::now() < end {
            let until = kept.len().min(begin + size);
            let fewer = [&kept[..begin], &kept[until..]].concat();
            let script = round.script(nth);
            let steps: Vec<_> = fewer.iter().map(|at| script[*at].clone()).collect();
            nth += 1;
            match world.play(&steps).await {
                Ok(()) => begin = until,
                Err(again) => {
                    kept = fewer[..=again.at.min(fewer.len() - 1)].to_vec();
                    failure = again;
                }
            }
        }
        size /= 2;
    }
    let script = round.script(nth);
    let mut told = String::new();
    for at in kept {
        let _ = writeln!(told, "{at}: {:?}", script[at]);
    }
    format!("{told}{failure}")
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.why)
    }
}

fn setting(name: &str) -> Option<u64> {
    let value = env::var(name).ok()?;
    Some(
        value
            .parse()
            .unwrap_or_else(|_| panic!("{name} must be a number")),
    )
}
