//! What benchmarks print: Markdown, figures with their spread, and at the end what was to be reached.

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

/// The middle one of `values`, and the least and the greatest.
pub(crate) fn spread(values: impl IntoIterator<Item = f64>) -> (f64, f64, f64) {
    let mut values: Vec<_> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    match values.as_slice() {
        [] => (f64::NAN, f64::NAN, f64::NAN),
        [least, .., greatest] => (values[values.len() / 2], *least, *greatest),
        [only] => (*only, *only, *only),
    }
}
