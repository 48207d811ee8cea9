//! Samples: what there may be any number of, told by its number and the first of it.

use serde::Serialize;

/// How many are told.
const TOLD: usize = 1_000;

/// So many, and the first 1,000 of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Sample<T> {
    /// How many.
    pub count: u64,
    /// The first 1,000.
    pub first: Vec<T>,
}

impl<T> Sample<T> {
    /// Adds one.
    pub(crate) fn add(&mut self, one: T) {
        self.count += 1;
        if self.first.len() < TOLD {
            self.first.push(one);
        }
    }

    /// Adds what another sample tells.
    pub(crate) fn join(&mut self, other: Self) {
        self.count += other.count;
        let free = TOLD - self.first.len();
        self.first.extend(other.first.into_iter().take(free));
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }
}

impl<T> Default for Sample<T> {
    fn default() -> Self {
        Self {
            count: 0,
            first: Vec::new(),
        }
    }
}

impl<T> Extend<T> for Sample<T> {
    fn extend<I: IntoIterator<Item = T>>(&mut self, more: I) {
        more.into_iter().for_each(|one| self.add(one));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_are_counted_and_the_first_thousand_told_however_they_come() {
        let mut sample = Sample::default();
        sample.extend(0..600);
        let mut more = Sample::default();
        more.extend(600..2_600);
        sample.join(more);
        assert_eq!(sample.count, 2_600);
        assert_eq!(sample.first, (0..1_000).collect::<Vec<_>>());
    }
}
