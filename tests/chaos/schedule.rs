//! The schedule of a round: what goes wrong, and when, all decided by the seed.

use std::time::Duration;

use fastrand::Rng;
use tests::fault_proxy::{End, Fault, Place, Rule};

/// When the last fault begins.
const HORIZON_MS: u64 = 1_300;
/// Decides other throws than the plan's.
const OTHER: u64 = 0x5c4e_d01e;
const ERROR: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>InternalError</Code><Message>Try again.</Message></Error>";
const SLOW_DOWN: &str = "<Error><Code>SlowDown</Code></Error>";

/// All that goes wrong, by its time.
#[derive(Clone, Debug)]
pub(crate) struct Schedule(pub(crate) Vec<Trouble>);

/// Something that goes wrong.
#[derive(Clone, Debug)]
pub(crate) struct Trouble {
    pub(crate) at: Duration,
    /// How long it lasts; what was killed is started again then.
    pub(crate) lasts: Duration,
    pub(crate) what: What,
}

/// What goes wrong.
#[derive(Clone, Debug)]
pub(crate) enum What {
    Kill(Target),
    Freeze(Target),
    Break(Link, Rule),
}

/// Who can die.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Target {
    Metadata,
    Blob,
    Database,
    Store,
    Caller,
    Sweep,
}

/// Whose words can be lost: from whom to whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Link {
    CallerToMetadata,
    CallerToBlob,
    BlobToStore,
    MetadataToDatabase,
    SweepToMetadata,
    SweepToBlob,
}

impl Schedule {
    pub(crate) fn of(seed: u64) -> Self {
        let mut rng = Rng::with_seed(seed ^ OTHER);
        let count = rng.usize(5..=11);
        let mut all: Vec<_> = (0..count).map(|_| trouble(&mut rng)).collect();
        // Whatever else happens, bits are turned, and a sweep sleeps between what it sees and what it does.
        all.extend([Link::SweepToMetadata, Link::SweepToBlob].map(|link| held(&mut rng, link)));
        all.push(corruption(&mut rng));
        all.sort_by_key(|trouble| trouble.at);
        Self(all)
    }
}

fn trouble(rng: &mut Rng) -> Trouble {
    let what = match rng.u8(..100) {
        0..38 => What::Kill(target(rng)),
        38..52 => What::Freeze(target(rng)),
        52..80 => network(rng),
        _ => store(rng),
    };
    let lasts = match what {
        What::Freeze(_) => rng.u64(50..1_500).min(rng.u64(50..1_500)),
        What::Kill(_) | What::Break(..) => rng.u64(50..500),
    };
    Trouble {
        at: ms(rng.u64(..HORIZON_MS)),
        lasts: ms(lasts),
        what,
    }
}

fn target(rng: &mut Rng) -> Target {
    match rng.u8(..100) {
        0..24 => Target::Metadata,
        24..48 => Target::Blob,
        48..64 => Target::Database,
        64..72 => Target::Store,
        72..88 => Target::Caller,
        _ => Target::Sweep,
    }
}

/// A connection breaks or hangs.
fn network(rng: &mut Rng) -> What {
    let link = match rng.u8(..6) {
        0 => Link::CallerToMetadata,
        1 => Link::CallerToBlob,
        2 => Link::BlobToStore,
        3 => Link::MetadataToDatabase,
        4 => Link::SweepToMetadata,
        _ => Link::SweepToBlob,
    };
    let far = [0, 20, 200, 2_000, 40_000];
    let far = far[rng.usize(..far.len())];
    let place = if rng.bool() {
        Place::Answer(far)
    } else {
        Place::Request(far)
    };
    let end = match rng.u8(..4) {
        0 => End::Hang,
        1 => End::Close,
        _ => End::Reset,
    };
    let rule = Rule::all(Fault::Break(end, place));
    What::Break(link, rule.times(rng.usize(1..4)))
}

/// The store answers what it should not, or its answer is lost.
fn store(rng: &mut Rng) -> What {
    // An error behind a 200 is what stores do that copy or complete for long; of reads and removals none does.
    let rule = match rng.u8(..7) {
        0 | 1 => Rule::all(Fault::Answer(503, SLOW_DOWN)),
        2 => Rule::all(Fault::Answer(500, ERROR)),
        3 => Rule::on("PUT", "", Fault::Answer(200, ERROR)),
        4 => Rule::on("POST", "", Fault::Answer(200, ERROR)),
        5 => Rule::on("PUT", "", Fault::Replace(200, ERROR)),
        _ => Rule::all(Fault::Break(End::Reset, Place::Answer(0))),
    };
    What::Break(Link::BlobToStore, rule.one_in(rng.usize(1..4)))
}

/// Bits are turned of what is uploaded.
fn corruption(rng: &mut Rng) -> Trouble {
    Trouble {
        at: ms(rng.u64(..HORIZON_MS / 2)),
        lasts: ms(rng.u64(200..900)),
        what: What::Break(Link::CallerToBlob, Rule::all(Fault::Corrupt).times(2)),
    }
}

/// All that a sweep says is held back, each word of it.
fn held(rng: &mut Rng, link: Link) -> Trouble {
    let hold = Fault::Hold(ms(rng.u64(10..120)));
    Trouble {
        at: ms(rng.u64(..HORIZON_MS)),
        lasts: ms(rng.u64(100..600)),
        what: What::Break(link, Rule::all(hold)),
    }
}

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}
