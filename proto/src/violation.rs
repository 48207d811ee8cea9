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

use prost::Message;
use prost_types::{Struct, Timestamp, Value, value::Kind};
use uuid::Uuid;

use crate::{
    id::{self, new_id},
    page::{self, PageScope},
    time::Time,
};

/// The greatest size of a free JSON field, serialized, in bytes.
pub const MAX_JSON_BYTES: usize = 64 << 10;

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

/// The greatest length of a text.
#[derive(Clone, Copy, Debug)]
pub enum Max {
    /// In characters (Unicode scalar values), as Postgres counts `varchar(n)`.
    Chars(usize),
    /// In bytes of UTF-8.
    Bytes(usize),
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

    /// Checks an id that must be set. Gives the nil UUID where it is bad.
    pub fn id(&mut self, field: &str, text: &str) -> Uuid {
        if text.is_empty() {
            self.add(field, "is required: a UUID of 36 characters");
            return Uuid::nil();
        }
        self.optional_id(field, text).unwrap_or_default()
    }

    /// Checks an id that may be empty.
    pub fn optional_id(&mut self, field: &str, text: &str) -> Option<Uuid> {
        if text.is_empty() {
            return None;
        }
        let id = id::parse_id(text);
        if id.is_none() {
            self.add(field, "must be a UUID of 36 characters");
        }
        id
    }

    /// Checks an id that the caller may choose; makes one where it is empty.
    pub fn id_or_new(&mut self, field: &str, text: &str) -> Uuid {
        self.optional_id(field, text).unwrap_or_else(new_id)
    }

    /// Checks a text that must not be empty.
    pub fn required_text(&mut self, field: &str, text: String, max: Max) -> String {
        if text.is_empty() {
            self.add(field, format!("is required: 1 to {}", max.describe()));
        }
        self.text(field, text, max)
    }

    /// Checks a text that may be empty: its length, and that it holds no NUL, which Postgres cannot keep.
    pub fn text(&mut self, field: &str, text: String, max: Max) -> String {
        if !max.holds(&text) {
            self.add(field, format!("must be at most {}", max.describe()));
        } else if text.contains('\0') {
            self.add(field, "must not hold the character U+0000");
        }
        text
    }

    /// Checks a number that must not be negative.
    pub fn non_negative<N: PartialOrd + Default>(&mut self, field: &str, number: N) -> N {
        if number < N::default() {
            self.add(field, "must not be negative");
        }
        number
    }

    /// Checks a `page_size`: 0 means 50, above 1,000 means 1,000.
    pub fn page_size(&mut self, size: i32) -> usize {
        match usize::try_from(self.non_negative("page_size", size)) {
            Ok(0) | Err(_) => page::DEFAULT_SIZE,
            Ok(size) => size.min(page::MAX_SIZE),
        }
    }

    /// Checks a `page_token` and reads its cursor with `read`; empty means the first page.
    pub fn page_token<C>(
        &mut self,
        token: &str,
        scope: &PageScope,
        read: impl FnOnce(&[u8]) -> Option<C>,
    ) -> Option<C> {
        if token.is_empty() {
            return None;
        }
        let cursor = scope.cursor(token).and_then(|cursor| read(&cursor));
        if cursor.is_none() {
            self.add(
                "page_token",
                "must be the next_page_token of a request that is otherwise the same",
            );
        }
        cursor
    }

    /// Checks a time that may be absent.
    pub fn time(&mut self, field: &str, wire: Option<Timestamp>) -> Option<Time> {
        let time = Time::from_wire(wire.as_ref()?);
        if time.is_none() {
            self.add(
                field,
                "must be a time of the years 1 to 9999 with 0 to 999,999,999 nanoseconds",
            );
        }
        time
    }

    /// Checks a SHA-256 that must be set: 64 lower-case hexadecimal digits.
    pub fn sha256(&mut self, field: &str, digits: String) -> String {
        if digits.len() != 64
            || !digits
                .bytes()
                .all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
        {
            self.add(field, "must be 64 lower-case hexadecimal digits");
        }
        digits
    }

    /// Checks a free JSON object that may be absent.
    pub fn json_object(&mut self, field: &str, json: Option<Struct>) -> Option<Struct> {
        let object = Value {
            kind: Some(Kind::StructValue(json?)),
        };
        match self.json(field, Some(object))?.kind {
            Some(Kind::StructValue(object)) => Some(object),
            _ => None,
        }
    }

    /// Checks a free JSON value that may be absent: its size, its numbers, and that no text in it holds U+0000.
    pub fn json(&mut self, field: &str, json: Option<Value>) -> Option<Value> {
        let value = json?;
        if value.encoded_len() > MAX_JSON_BYTES {
            self.add(field, "must be at most 64 KiB");
        } else if let Err(problem) = judge_json(&value) {
            self.add(field, problem);
        }
        Some(value)
    }
}

impl Max {
    fn holds(self, text: &str) -> bool {
        match self {
            Self::Chars(max) => text.len() <= max || text.chars().nth(max).is_none(),
            Self::Bytes(max) => text.len() <= max,
        }
    }

    fn describe(self) -> String {
        match self {
            Self::Chars(max) => format!("{max} characters"),
            Self::Bytes(max) => format!("{max} bytes"),
        }
    }
}

fn judge_json(value: &Value) -> Result<(), &'static str> {
    let text = |text: &str| {
        if text.contains('\0') {
            Err("must not hold the character U+0000")
        } else {
            Ok(())
        }
    };
    match &value.kind {
        None => Err("must be a JSON value: a Value without a kind is none"),
        Some(Kind::NullValue(_) | Kind::BoolValue(_)) => Ok(()),
        Some(Kind::NumberValue(number)) if number.is_finite() => Ok(()),
        Some(Kind::NumberValue(_)) => {
            Err("must not hold NaN or infinity, which are no JSON numbers")
        }
        Some(Kind::StringValue(string)) => text(string),
        Some(Kind::ListValue(list)) => list.values.iter().try_for_each(judge_json),
        Some(Kind::StructValue(object)) => object
            .fields
            .iter()
            .try_for_each(|(name, value)| text(name).and_then(|()| judge_json(value))),
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

    #[test]
    fn varchar_counts_characters_and_content_counts_bytes() {
        let mut v = Violations::default();
        v.text("title", "ж".repeat(255), Max::Chars(255));
        v.text("content", "ж".repeat(2), Max::Bytes(4));
        assert!(v.fields().is_empty());
        v.text("title", "ж".repeat(256), Max::Chars(255));
        v.text("content", "жжж".into(), Max::Bytes(4));
        assert_eq!(v.fields(), ["title", "content"]);
    }

    #[test]
    fn nul_is_found_in_names_and_values_deep_inside_of_json() {
        let string = |s: &str| Value {
            kind: Some(Kind::StringValue(s.into())),
        };
        let object = |k: &str, v: Value| Struct {
            fields: [(k.to_owned(), v)].into(),
        };
        let deep = Value {
            kind: Some(Kind::ListValue(prost_types::ListValue {
                values: vec![string("a\0b")],
            })),
        };
        for bad in [
            object("x", deep),
            object("\0", string("x")),
            object("x", Value { kind: None }),
        ] {
            let mut v = Violations::default();
            v.json_object("metadata", Some(bad));
            assert_eq!(v.fields(), ["metadata"]);
        }
    }
}
