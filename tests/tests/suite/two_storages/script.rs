//! Scripts: what is done to both storages, made of a seed. The ids of a script hang on its name alone, so the same script can be
//! made again under another name, and played beside the first.

mod change;
mod reading;
mod row;
mod spoil;
mod value;

use contract::id::{Uuid, derived_id};

use super::{ask::Ask, dice::Dice};

/// What is done.
#[derive(Clone, Debug)]
pub(super) enum Deed {
    /// A call; a list is walked to its end.
    Call(Ask),
    /// A call that was answered before, word for word.
    Again(Ask),
    /// A page is asked for by the token of another list: by that of `of`, where it has one.
    ForeignToken { of: Box<Ask>, list: Box<Ask> },
    /// The oldest so many pending deletes are struck out.
    Ack(usize),
}

impl Deed {
    /// Whether it calls the method of this path.
    pub(super) fn calls(&self, path: &str) -> bool {
        match self {
            Self::Call(ask) | Self::Again(ask) => ask.path() == path,
            Self::ForeignToken { of, list } => of.path() == path || list.path() == path,
            Self::Ack(_) => path.ends_with("/AckDeletes"),
        }
    }
}

/// What goes wrong meanwhile.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Fault {
    /// kill -9 of the service on the embedded store.
    KillKv,
    /// kill -9 of one of the services on Postgres.
    KillSql(usize),
    /// Postgres crashes and recovers.
    CrashPostgres,
    /// All connections to Postgres are cut.
    CutConnections,
}

/// A deed, and what goes wrong so many milliseconds after its begin.
#[derive(Clone, Debug)]
pub(super) struct Step {
    pub(super) deed: Deed,
    pub(super) fault: Option<(Fault, u64)>,
    /// Which of the services on Postgres is asked first.
    pub(super) service: usize,
}

/// How likely a step of a script with faults is to have one, in percent.
const FAULTS: usize = 4;

/// Makes the script of `seed` under `name`: so many steps, and then all that can be read of what they left.
pub(super) fn script(seed: u64, name: Uuid, steps: usize, with_faults: bool) -> Vec<Step> {
    let mut writer = Writer::new(seed, name, with_faults);
    let mut script: Vec<_> = (0..steps).map(|_| writer.step()).collect();
    let readings = writer.readings().into_iter();
    script.extend(readings.map(|ask| Step {
        deed: Deed::Call(ask),
        fault: None,
        service: writer.dice.below(2),
    }));
    script
}

/// Who writes a script: what it has named so far.
struct Writer {
    dice: Dice,
    name: Uuid,
    with_faults: bool,
    made: usize,
    users: [String; 2],
    chats: Vec<String>,
    messages: Vec<String>,
    images: Vec<String>,
    /// Changes with request ids.
    changes: Vec<Ask>,
}

impl Writer {
    fn new(seed: u64, name: Uuid, with_faults: bool) -> Self {
        Self {
            dice: Dice::new(seed),
            name,
            with_faults,
            made: 0,
            users: ["ann", "bob"].map(|user| format!("{user} {name}")),
            chats: Vec::new(),
            messages: Vec::new(),
            images: Vec::new(),
            changes: Vec::new(),
        }
    }

    fn step(&mut self) -> Step {
        let mut deed = match self.dice.below(100) {
            0..5 => self.again(),
            5..9 => self.with_used_request_id(),
            9..13 => Deed::Ack(1 + self.dice.below(6)),
            13..15 => Deed::ForeignToken {
                of: Box::new(self.list()),
                list: Box::new(self.list()),
            },
            15..65 => Deed::Call(self.change()),
            _ => Deed::Call(self.reading()),
        };
        if let Deed::Call(ask) = &mut deed
            && self.dice.chance(8)
        {
            spoil::spoil(&mut self.dice, ask);
        }
        let strikes = self.with_faults && self.dice.chance(FAULTS);
        Step {
            deed,
            fault: strikes.then(|| self.fault()),
            service: self.dice.below(2),
        }
    }

    fn fault(&mut self) -> (Fault, u64) {
        let service = self.dice.below(2);
        let fault = match self.dice.below(6) {
            0 => Fault::KillKv,
            1 | 2 => Fault::KillSql(service),
            3 => Fault::CrashPostgres,
            _ => Fault::CutConnections,
        };
        let after = u64::try_from(self.dice.below(12)).unwrap_or_default();
        (fault, after)
    }

    /// A change of any kind. Where something may go wrong it has a request id, so that it can be repeated.
    fn change(&mut self) -> Ask {
        let mut change = self.any_change();
        if self.with_faults || self.dice.chance(50) {
            let id = self.fresh("request");
            if let Some(request_id) = change.request_id() {
                *request_id = id;
                self.changes.push(change.clone());
            }
        }
        change
    }

    fn again(&mut self) -> Deed {
        if self.changes.is_empty() {
            return Deed::Call(self.change());
        }
        Deed::Again(self.dice.one(&self.changes))
    }

    /// A change by the request id of another.
    fn with_used_request_id(&mut self) -> Deed {
        let Deed::Again(mut used) = self.again() else {
            return Deed::Call(self.reading());
        };
        let id = used.request_id().cloned().unwrap_or_default();
        let mut change = self.any_change();
        if let Some(request_id) = change.request_id() {
            *request_id = id;
        }
        Deed::Call(change)
    }

    /// A new id, the same in every script of this name and seed.
    fn fresh(&mut self, noun: &str) -> String {
        self.made += 1;
        derived_id(self.name, &format!("{noun} {}", self.made)).to_string()
    }
}
