//! Words and lexemes: what a text is found by.
//!
//! A word is what Unicode calls one (UAX #29), cut at apostrophes, underscores and the like; a dot stays inside numbers and
//! between Latin letters (`3.14`, `example.com`). Its lexeme is its stem in lower case: by the English stemmer when it is all
//! ASCII letters, by the Russian one when it has other letters; with digits or a dot it is kept as it is. Stop words have none.
//!
//! Equal to `to_tsvector('russian', …)` of Postgres 15 on every single word tried. What Postgres sees in more than one word is
//! left in words here: `wi-fi` is two words and no compound beside them, `-5` is 5, `a@b.com` and `b.com/c?d` are not one.

use std::collections::BTreeMap;

use rust_stemmers::{Algorithm, Stemmer};
use unicode_segmentation::UnicodeSegmentation as _;

use super::stop;

/// Longer words are passed over, as Postgres does (`MAXSTRLEN` in its `ts_type.h`): they are no words, and keys stay short.
const MAX_WORD_BYTES: usize = 2_046;

/// What UAX #29 keeps inside a word (`MidLetter`, `MidNum`, `MidNumLet`, `ExtendNumLet`) and the search does not.
const JOINERS: [char; 16] = [
    '\'', '’', '‘', '＇', '_', '＿', ':', '：', ',', '，', ';', '；', '·', '\u{2027}', '\u{2044}',
    '\u{202f}',
];

/// A word of a text.
#[derive(Clone, Copy, Debug)]
pub(super) struct Word<'t> {
    /// The word as it stands in the text.
    pub(super) text: &'t str,
    /// Where it begins in the text, in bytes.
    pub(super) start: usize,
}

impl Word<'_> {
    /// Where it ends in the text, in bytes.
    pub(super) fn end(&self) -> usize {
        self.start + self.text.len()
    }

    /// What it is found by; none for a stop word.
    pub(super) fn lexeme(&self) -> Option<String> {
        let word: String = self.text.to_lowercase().replace('\u{ad}', "");
        if word.contains(|c: char| c.is_numeric() || c == '.') {
            Some(word)
        } else if word.is_ascii() {
            let stem = || Stemmer::create(Algorithm::English).stem(&word).into_owned();
            (!stop::english(&word)).then(stem)
        } else {
            // The stemmer came before the rule of Snowball 2 that ё is е; stop words are judged as written.
            let stem = || {
                Stemmer::create(Algorithm::Russian)
                    .stem(&word.replace('ё', "е"))
                    .into_owned()
            };
            (!stop::russian(&word)).then(stem)
        }
    }
}

/// The words of a text, in order, stop words included: the place of a word among them is what phrases count by.
pub(super) fn words(text: &str) -> impl Iterator<Item = Word<'_>> {
    text.unicode_word_indices()
        .flat_map(|(start, joined)| {
            pieces(joined).map(move |(at, text)| Word {
                text,
                start: start + at,
            })
        })
        .filter(|word| word.text.len() <= MAX_WORD_BYTES)
}

/// The lexemes of a text, each with how often it stands there.
pub(crate) fn lexemes(text: &str) -> BTreeMap<String, u32> {
    let mut counts = BTreeMap::new();
    for lexeme in words(text).filter_map(|word| word.lexeme()) {
        *counts.entry(lexeme).or_default() += 1;
    }
    counts
}

/// A word of UAX #29, cut at its joiners.
fn pieces(joined: &str) -> impl Iterator<Item = (usize, &str)> {
    let dots = !joined.is_ascii();
    joined
        .split(move |c: char| JOINERS.contains(&c) || (dots && c == '.'))
        .map(|piece| (piece.as_ptr().addr() - joined.as_ptr().addr(), piece))
        .filter(|(_, piece)| piece.contains(char::is_alphanumeric))
}
