//! What was answered, beside what was planned.

use crate::{content, plan::Plan, seen::Seen};

/// Everything has ended as planned, and whatever was repeated was answered alike.
pub(super) fn judge(plan: &Plan, seen: &Seen) -> Vec<String> {
    let mut wrong = Vec::new();
    for step in &plan.steps {
        if !seen.ended.contains_key(&step.number) {
            wrong.push(format!(
                "step {} {:?} has not ended",
                step.number, step.deed
            ));
        }
        let Some(answer) = seen.answer(step.number) else {
            continue;
        };
        let must = step.contents().iter().map(|content| content.bytes());
        let must: Vec<_> = must
            .map(|bytes| (bytes.len() as i64, content::sha256(&bytes)))
            .collect();
        let is = answer
            .objects
            .iter()
            .map(|kept| (kept.size_bytes, kept.sha256.clone()));
        if is.collect::<Vec<_>>() != must {
            wrong.push(format!(
                "step {} was answered other objects: {answer:?}",
                step.number
            ));
        }
    }
    for (step, outcome) in &seen.again {
        let first = seen.ended.get(step);
        if first != Some(outcome) {
            wrong.push(format!(
                "step {step} was answered {first:?} first, and {outcome:?} again"
            ));
        }
    }
    wrong
}

/// Messages of one line of work stand in the order in which they were acknowledged.
pub(super) fn order(plan: &Plan, seen: &Seen, chat: usize) -> Vec<String> {
    let mut wrong = Vec::new();
    for task in &plan.tasks {
        let turns = task
            .iter()
            .filter(|step| plan.steps[**step].chat == chat && plan.steps[**step].is_turn());
        let seqs: Vec<_> = turns
            .filter_map(|step| Some(seen.answer(*step)?.seq))
            .collect();
        if !seqs.is_sorted_by(|a, b| a < b) {
            wrong.push(format!("turns {task:?} were given the places {seqs:?}"));
        }
    }
    wrong
}
