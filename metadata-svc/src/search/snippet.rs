//! Snippets: the piece of a text that shows why it was found.

use std::{collections::HashMap, ops::Range};

use super::{
    Query,
    word::{Word, words},
};

/// How many words a snippet has at most.
const WORDS: usize = 30;
/// How many of them stand before the first match at most.
const WORDS_BEFORE: usize = 5;
/// How many bytes a snippet has at most; enough for [`WORDS`] Russian words of usual length.
const BYTES: usize = 512;
/// How many bytes stand before the first match at most.
const BYTES_BEFORE: usize = 96;

/// A part of a snippet.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Run<'t> {
    /// The part as it stands in the text.
    pub(crate) text: &'t str,
    /// Whether it is a word that the query looks for.
    pub(crate) matched: bool,
}

/// The piece of `text` around the first of those places where the most different lexemes of `query` stand together. It is
/// cut between words, except in a word longer than a whole snippet; the runs joined are exactly the piece.
pub(crate) fn snippet<'t>(query: &Query, text: &'t str) -> Vec<Run<'t>> {
    let words: Vec<Word<'t>> = words(text).collect();
    let matches: Vec<(usize, String)> = words
        .iter()
        .enumerate()
        .filter_map(|(place, word)| Some((place, word.lexeme()?)))
        .filter(|(_, lexeme)| query.wants(lexeme))
        .collect();
    let piece = piece(text, &words, best(&matches));
    let marks = matches
        .iter()
        .map(|(place, _)| words[*place].start..words[*place].end());
    runs(text, piece, marks)
}

/// The place of the first match of the best window: the one with the most different lexemes, of equals the first.
fn best(matches: &[(usize, String)]) -> usize {
    let mut best = (0, 0);
    let mut inside: HashMap<&str, usize> = HashMap::new();
    let mut end = 0;
    for (place, lexeme) in matches {
        while let Some((_, next)) = matches
            .get(end)
            .filter(|(next, _)| *next < place + WORDS - WORDS_BEFORE)
        {
            *inside.entry(next).or_default() += 1;
            end += 1;
        }
        if inside.len() > best.0 {
            best = (inside.len(), *place);
        }
        // The window moves on to the next match: this one leaves it.
        if let Some(count) = inside.get_mut(lexeme.as_str()) {
            *count -= 1;
            if *count == 0 {
                inside.remove(lexeme.as_str());
            }
        }
    }
    best.1
}

/// The bytes of the snippet whose first match is the word at `place`. The text's own begin and end belong to it, with their
/// punctuation, where they are near.
fn piece(text: &str, words: &[Word<'_>], place: usize) -> Range<usize> {
    let first = place.saturating_sub(WORDS_BEFORE);
    let last = words.len().min(first + WORDS);
    let anchor = words.get(place).map_or(0, |word| word.start);
    let begins = (first == 0)
        .then_some(0)
        .into_iter()
        .chain(words[first..last].iter().map(|word| word.start));
    let start = begins
        .into_iter()
        .find(|start| start + BYTES_BEFORE >= anchor)
        .unwrap_or(anchor);
    let ends = words[first..last].iter().rev().map(Word::end);
    let ends = (last == words.len())
        .then_some(text.len())
        .into_iter()
        .chain(ends);
    let limit = text.floor_char_boundary(start + BYTES);
    let end = ends
        .into_iter()
        .find(|end| *end <= limit)
        .filter(|end| *end > anchor)
        .unwrap_or(limit);
    start..end
}

/// The text inside `piece`, cut at the borders of `marks`, which are in order.
fn runs(
    text: &str,
    piece: Range<usize>,
    marks: impl Iterator<Item = Range<usize>>,
) -> Vec<Run<'_>> {
    let mut runs = Vec::new();
    let mut done = piece.start;
    let mut push = |end: usize, matched: bool| {
        if end > done {
            runs.push(Run {
                text: &text[done..end],
                matched,
            });
            done = end;
        }
    };
    for mark in marks.filter(|mark| mark.start >= piece.start && mark.start < piece.end) {
        push(mark.start, false);
        push(mark.end.min(piece.end), true);
    }
    push(piece.end, false);
    runs
}
