//! What callers have seen so far, and what must be kept because of it.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    ack_list::{Answer, Kept, Line, Outcome},
    plan::{Deed, Plan},
    rows::Walk,
};

/// What the list tells.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen {
    pub(crate) ended: BTreeMap<usize, Outcome>,
    /// How steps ended that were repeated after their end.
    pub(crate) again: Vec<(usize, Outcome)>,
    pub(crate) begun: BTreeSet<usize>,
    pub(crate) used_up: BTreeSet<(usize, u32)>,
    pub(crate) wrong: Vec<String>,
}

/// The turns of a chat that must be there, by the ids of their messages.
pub(crate) type Turns = BTreeMap<String, KeptTurn>;

/// A turn that was acknowledged.
#[derive(Clone, Debug)]
pub(crate) struct KeptTurn {
    pub(crate) step: usize,
    seq: i64,
    text: String,
    search_results: usize,
    /// Its images that are left.
    pub(crate) images: BTreeSet<Kept>,
}

impl Seen {
    pub(crate) fn of(lines: Vec<Line>) -> Self {
        let mut seen = Self::default();
        for line in lines {
            seen.note(line);
        }
        seen
    }

    pub(crate) fn note(&mut self, line: Line) {
        match line {
            Line::Begun { step } => drop(self.begun.insert(step)),
            Line::Ended {
                step,
                is_again: false,
                outcome,
            } => drop(self.ended.insert(step, outcome)),
            Line::Ended {
                step,
                is_again: true,
                outcome,
            } => self.again.push((step, outcome)),
            Line::UsedUp { step, attempt } => drop(self.used_up.insert((step, attempt))),
            Line::Wrong { what } => self.wrong.push(what),
        }
    }

    /// What was answered to a step, when it was acknowledged.
    pub(crate) fn answer(&self, step: usize) -> Option<&Answer> {
        match self.ended.get(&step) {
            Some(Outcome::Done(answer)) => Some(answer),
            Some(Outcome::Refused(_)) | None => None,
        }
    }

    /// The turns of a chat that must be there, as far as no step that `is_done` has removed them.
    pub(crate) fn turns(&self, plan: &Plan, chat: usize, is_done: impl Fn(usize) -> bool) -> Turns {
        let mut turns = BTreeMap::new();
        let steps = plan.steps.iter().filter(|step| step.chat == chat);
        for step in steps {
            let of = |step: usize| self.answer(step);
            match &step.deed {
                Deed::SaveTurn { .. } | Deed::StrangersTurn { .. } => {
                    if let Some(answer) = of(step.number) {
                        turns.insert(
                            answer.message.clone(),
                            KeptTurn::of(plan, step.number, answer),
                        );
                    }
                }
                Deed::AddImages { to, .. } => {
                    let turn = of(*to).and_then(|answer| turns.get_mut(&answer.message));
                    if let (Some(turn), Some(answer)) = (turn, of(step.number)) {
                        turn.images.extend(answer.objects.iter().cloned());
                    }
                }
                Deed::DeleteMessage { of: turn } if is_done(step.number) => {
                    of(*turn).map(|answer| turns.remove(&answer.message));
                }
                Deed::DeleteImage { of: turn } if is_done(step.number) => {
                    if let Some(answer) = of(*turn)
                        && let Some(turn) = turns.get_mut(&answer.message)
                    {
                        turn.images.remove(&answer.objects[0]);
                    }
                }
                Deed::SaveDocument(_)
                | Deed::DeleteMessage { .. }
                | Deed::DeleteImage { .. }
                | Deed::DeleteChat
                | Deed::DropChat
                | Deed::History
                | Deed::Pages
                | Deed::Orphan(_)
                | Deed::Unfinished
                | Deed::HalfUpload(_) => {}
            }
        }
        turns
    }
}

impl KeptTurn {
    fn of(plan: &Plan, step: usize, answer: &Answer) -> Self {
        Self {
            step,
            seq: answer.seq,
            text: plan.steps[step].text(),
            search_results: plan.steps[step].search_results(),
            images: answer.objects.iter().cloned().collect(),
        }
    }
}

/// What is wrong with a walk over a chat that must show these turns; `is_all` when it may show no others.
pub(crate) fn compare(walk: &Walk, turns: &Turns, is_all: bool) -> Vec<String> {
    let mut wrong = Vec::new();
    if !walk.messages.is_sorted_by(|a, b| a.seq < b.seq) {
        let seqs: Vec<_> = walk.messages.iter().map(|message| message.seq).collect();
        wrong.push(format!(
            "messages are out of order, or there twice: {seqs:?}"
        ));
    }
    for (id, turn) in turns {
        let step = turn.step;
        match walk.messages.iter().find(|message| message.id == *id) {
            None => wrong.push(format!("message {id} of step {step} is lost")),
            Some(found) => {
                if (found.seq, &found.text) != (turn.seq, &turn.text) {
                    wrong.push(format!(
                        "message {id} of step {step} is another now: {found:?}"
                    ));
                }
                if found
                    .search_results
                    .is_some_and(|count| count != turn.search_results)
                {
                    wrong.push(format!(
                        "message {id} of step {step} has other search results: {found:?}"
                    ));
                }
            }
        }
        for image in &turn.images {
            let count = walk
                .images
                .iter()
                .filter(|(of, found)| of == id && found == image)
                .count();
            if count != 1 {
                wrong.push(format!(
                    "image {} ({}) of step {step} is there {count} times",
                    image.id, image.key
                ));
            }
        }
    }
    if is_all {
        let others = walk
            .messages
            .iter()
            .filter(|message| !turns.contains_key(&message.id));
        wrong.extend(others.map(|message| {
            format!("message {message:?} was not acknowledged to anybody, or was deleted")
        }));
        let is_kept = |of: &String, image: &Kept| {
            turns
                .get(of)
                .is_some_and(|turn| turn.images.contains(image))
        };
        let others = walk.images.iter().filter(|(of, image)| !is_kept(of, image));
        wrong.extend(others.map(|(of, image)| {
            format!(
                "image {image:?} of message {of} was not acknowledged to anybody, or was deleted"
            )
        }));
    }
    wrong
}
