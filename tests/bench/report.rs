//! What both benchmarks print: Markdown, figures with their spread, and at the end what was to be reached.

use crate::rounds::spread;

/// What became of a goal.
pub(crate) struct Verdict {
    /// What was measured.
    pub(crate) what: String,
    pub(crate) goal: String,
    pub(crate) figure: String,
    pub(crate) is_reached: bool,
}

/// Prints what became of all goals.
pub(crate) fn print(verdicts: &[Verdict]) {
    println!("\n## To reach\n\n| | to reach | measured | |\n|---|---|---:|---|");
    for Verdict {
        what,
        goal,
        figure,
        is_reached,
    } in verdicts
    {
        let word = if *is_reached {
            "reached"
        } else {
            "not reached"
        };
        println!("| {what} | {goal} | {figure} | {word} |");
    }
}

/// The middle value, and in parentheses the least and the greatest.
pub(crate) fn range(values: impl Iterator<Item = f64>, digits: usize) -> String {
    let (middle, least, greatest) = spread(values);
    format!("{middle:.digits$} ({least:.digits$}–{greatest:.digits$})")
}
