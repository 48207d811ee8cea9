//! Violations: how input is judged. Every check of a request adds to one [`Violations`], so that the caller is told of all
//! bad fields at once.
//!
//! A check gives back a value in any case; the value counts only when [`Violations::accept`] lets it through:
//!
//! ```
//! use contract::violation::{Max, Violations};
//!
//! let mut v = Violations::default();
//! let title = v.required_text("title", String::new(), Max::Chars(255));
//! assert_eq!(v.accept(Some(title)).unwrap_err().fields(), ["title"]);
//! ```

use std::{collections::HashSet, fmt::Display, hash::Hash};

use crate::page;

mod field;
mod json;

pub use field::Max;
pub use json::MAX_JSON_BYTES;

/// One bad field, and what is allowed there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The field's path in the request, for example `turns[2].message.content`.
    pub field: String,
    /// What is wrong, and what is allowed.
    pub description: String,
}

/// All bad fields of a request.
#[derive(Debug, Default)]
pub struct Violations {
    path: String,
    found: Vec<Violation>,
}

impl Violations {
    /// Notes that `field` is bad.
    pub fn add(&mut self, field: &str, description: impl Into<String>) {
        let field = if self.path.is_empty() {
            field.to_owned()
        } else {
            format!("{}.{field}", self.path)
        };
        self.found.push(Violation {
            field,
            description: description.into(),
        });
    }

    /// Lets `value` through if no field was bad.
    ///
    /// # Errors
    /// The violations, if there are any; a missing value counts as one.
    pub fn accept<T>(mut self, value: Option<T>) -> Result<T, Self> {
        match value {
            Some(value) if self.found.is_empty() => Ok(value),
            None if self.found.is_empty() => {
                self.add("request", "is incomplete");
                Err(self)
            }
            _ => Err(self),
        }
    }

    /// The violations, in the order they were found.
    #[must_use]
    pub fn into_vec(self) -> Vec<Violation> {
        self.found
    }

    /// The paths of the bad fields, in the order they were found.
    #[must_use]
    pub fn fields(&self) -> Vec<&str> {
        self.found.iter().map(|v| v.field.as_str()).collect()
    }

    /// Checks what lies inside of `field`: paths found by `check` begin with it.
    pub fn within<T>(&mut self, field: impl Display, check: impl FnOnce(&mut Self) -> T) -> T {
        let outer = self.path.len();
        if outer > 0 {
            self.path.push('.');
        }
        self.path.push_str(&field.to_string());
        let value = check(self);
        self.path.truncate(outer);
        value
    }

    /// Checks a message that must be set.
    pub fn required<M, T>(
        &mut self,
        field: &str,
        message: Option<M>,
        check: impl FnOnce(&mut Self, M) -> Option<T>,
    ) -> Option<T> {
        let Some(message) = message else {
            self.add(field, "is required");
            return None;
        };
        self.within(field, |v| check(v, message))
    }

    /// Checks each message of a list that may be empty, of at most 1,000.
    pub fn each<M, T>(
        &mut self,
        field: &str,
        messages: Vec<M>,
        mut check: impl FnMut(&mut Self, M) -> Option<T>,
    ) -> Vec<T> {
        if messages.len() > page::MAX_SIZE {
            self.add(
                field,
                format!("must have at most 1,000 items, has {}", messages.len()),
            );
            return Vec::new();
        }
        let checked = messages.into_iter().enumerate();
        checked
            .filter_map(|(i, m)| self.within(format_args!("{field}[{i}]"), |v| check(v, m)))
            .collect()
    }

    /// Checks each message of a batch of 1 to 1,000.
    pub fn batch<M, T>(
        &mut self,
        field: &str,
        messages: Vec<M>,
        check: impl FnMut(&mut Self, M) -> Option<T>,
    ) -> Vec<T> {
        if messages.is_empty() {
            self.add(field, "must have 1 to 1,000 items, has none");
        }
        self.each(field, messages, check)
    }

    /// Checks that no item of a batch stands there twice.
    pub fn distinct<T: Eq + Hash>(&mut self, field: &str, items: impl IntoIterator<Item = T>) {
        let mut seen = HashSet::new();
        for (i, item) in items.into_iter().enumerate() {
            if !seen.insert(item) {
                self.add(&format!("{field}[{i}]"), "stands in the batch twice");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_bad_fields_are_told_at_once_with_their_paths() {
        let mut v = Violations::default();
        let id = v.id("chat_id", "no");
        v.batch("turns", vec![String::new()], |v, text| {
            v.within("message", |v| {
                v.required_text("content", text, Max::Bytes(4))
            });
            Some(())
        });
        v.page_size(-1);
        assert_eq!(
            v.accept(Some(id)).expect_err("three bad fields").fields(),
            ["chat_id", "turns[0].message.content", "page_size"]
        );
    }
}
