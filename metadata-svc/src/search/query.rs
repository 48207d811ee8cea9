//! Queries: what somebody typed to find texts by, in the syntax of Postgres' `websearch_to_tsquery`.
//!
//! Words must all stand in a text; `"a phrase"` must stand there as it is, with anything in the place of its stop words;
//! `or` between two words takes either, and binds weaker than the rest; `-` excludes. What is joined without a space
//! (`wi-fi`) is a phrase. No input is wrong, but one may ask for nothing. An alternative that only excludes finds nothing
//! here; in Postgres it finds every text without the word.

use std::{collections::BTreeSet, mem};

use super::{
    operand::{Operand, operands},
    word::words,
};

/// A query that looks for at least one lexeme.
#[derive(Debug)]
pub(crate) struct Query {
    /// At least one; a text matches when it matches one of them.
    alternatives: Vec<Alternative>,
    /// Every lexeme that is looked for.
    wanted: BTreeSet<String>,
    /// Every lexeme that is excluded, alone or in a phrase.
    unwanted: BTreeSet<String>,
}

/// A query that has no word to look for.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("holds no word to look for, only common words, excluded words or punctuation")]
pub(crate) struct NothingToFind;

/// What a text must and must not hold.
#[derive(Debug, Default)]
struct Alternative {
    all: Vec<Phrase>,
    none: Vec<Phrase>,
    /// The operands as they were typed, each in quotes: what is joined without a space means the same in them.
    typed: String,
    /// Of these, those that are not excluded.
    wanted: String,
}

/// One lexeme or more, each with its distance in words from the first.
#[derive(Debug)]
struct Phrase(Vec<(usize, String)>);

impl Query {
    /// Reads what was typed, whatever it is.
    ///
    /// # Errors
    /// [`NothingToFind`] when no alternative has a word to look for.
    pub(crate) fn parse(typed: &str) -> Result<Self, NothingToFind> {
        let mut alternatives = alternatives(typed);
        alternatives.retain(|alternative| !alternative.all.is_empty());
        if alternatives.is_empty() {
            return Err(NothingToFind);
        }
        let lexemes = |side: fn(&Alternative) -> &[Phrase]| {
            alternatives
                .iter()
                .flat_map(side)
                .flat_map(Phrase::lexemes)
                .map(str::to_owned)
                .collect()
        };
        let (wanted, unwanted) = (lexemes(|one| &one.all), lexemes(|one| &one.none));
        Ok(Self {
            alternatives,
            wanted,
            unwanted,
        })
    }

    /// Where to look in an index from lexemes to texts: a text that matches holds every lexeme of at least one of these sets.
    /// No set is empty.
    pub(crate) fn lookups(&self) -> impl Iterator<Item = BTreeSet<&str>> {
        self.alternatives
            .iter()
            .map(|one| one.all.iter().flat_map(Phrase::lexemes).collect())
    }

    /// Its alternatives as they were typed, for Postgres to read; of each the whole, and what of it is looked for.
    pub(crate) fn typed(&self) -> impl Iterator<Item = (&str, &str)> {
        self.alternatives
            .iter()
            .map(|one| (one.typed.as_str(), one.wanted.as_str()))
    }

    /// Whether [`Query::score_counts`] cannot decide alone, because the order of words matters.
    pub(crate) fn needs_text(&self) -> bool {
        self.alternatives
            .iter()
            .flat_map(|one| one.all.iter().chain(&one.none))
            .any(Phrase::is_ordered)
    }

    /// The score of a text of which only the counts of its lexemes are known (0 for an absent one). None means that it does
    /// not match; a score means that it matches, or with [`Query::needs_text`] that it may.
    pub(crate) fn score_counts(&self, count: impl Fn(&str) -> u32) -> Option<u32> {
        let stands = |phrase: &Phrase| phrase.lexemes().all(|lexeme| count(lexeme) > 0);
        let surely = |phrase: &Phrase| !phrase.is_ordered() && stands(phrase);
        self.alternatives
            .iter()
            .any(|one| one.all.iter().all(stands) && !one.none.iter().any(surely))
            .then(|| {
                self.wanted
                    .iter()
                    .map(|lexeme| count(lexeme))
                    .fold(0, u32::saturating_add)
            })
    }

    /// How often the lexemes that are looked for stand in a text that matches; none when it does not match.
    pub(crate) fn score(&self, text: &str) -> Option<u32> {
        let places: Vec<Option<&str>> = words(text)
            .map(|word| self.known(&word.lexeme()?))
            .collect();
        let stands = |phrase: &Phrase| phrase.stands_in(&places);
        self.alternatives
            .iter()
            .any(|one| one.all.iter().all(stands) && !one.none.iter().any(stands))
            .then(|| {
                places
                    .iter()
                    .flatten()
                    .filter(|lexeme| self.wants(lexeme))
                    .count()
            })
            .map(|score| u32::try_from(score).unwrap_or(u32::MAX))
    }

    /// Whether a lexeme is looked for.
    pub(super) fn wants(&self, lexeme: &str) -> bool {
        self.wanted.contains(lexeme)
    }

    /// The query's own copy of a lexeme that it names.
    fn known(&self, lexeme: &str) -> Option<&str> {
        self.wanted
            .get(lexeme)
            .or_else(|| self.unwanted.get(lexeme))
            .map(String::as_str)
    }
}

impl Alternative {
    fn spell(&mut self, operand: &Operand<'_>) {
        let quoted = format!("\"{}\" ", operand.text);
        if operand.excluded {
            self.typed.push('-');
        } else {
            self.wanted += &quoted;
        }
        self.typed += &quoted;
    }
}

impl Phrase {
    /// The phrase of an operand; none when it has only stop words.
    fn of(operand: &str) -> Option<Self> {
        let mut lexemes = words(operand)
            .enumerate()
            .filter_map(|(place, word)| Some((place, word.lexeme()?)))
            .peekable();
        let first = lexemes.peek()?.0;
        Some(Self(
            lexemes
                .map(|(place, lexeme)| (place - first, lexeme))
                .collect(),
        ))
    }

    fn lexemes(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(_, lexeme)| lexeme.as_str())
    }

    /// Whether it is more than one lexeme.
    fn is_ordered(&self) -> bool {
        self.0.len() > 1
    }

    /// Whether it stands in a text, of which `places` has a lexeme for each word, where the query names it.
    fn stands_in(&self, places: &[Option<&str>]) -> bool {
        let at = |place: usize| places.get(place).copied().flatten();
        (0..places.len()).any(|start| {
            self.0
                .iter()
                .all(|(distance, lexeme)| at(start + distance) == Some(lexeme))
        })
    }
}

/// What was typed, cut at each `or`; the stop words have gone.
fn alternatives(typed: &str) -> Vec<Alternative> {
    let mut alternatives = Vec::new();
    let mut current = Alternative::default();
    for operand in operands(typed) {
        if operand.after_or {
            alternatives.push(mem::take(&mut current));
        }
        let side = if operand.excluded {
            &mut current.none
        } else {
            &mut current.all
        };
        side.extend(Phrase::of(operand.text));
        current.spell(&operand);
    }
    alternatives.push(current);
    alternatives
}
