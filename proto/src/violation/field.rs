//! How single fields are judged: ids, texts, numbers, pages, times, digests.

use prost_types::Timestamp;
use uuid::Uuid;

use super::Violations;
use crate::{
    id::{self, new_id},
    page::{self, PageScope},
    time::Time,
};

/// The greatest length of a text.
#[derive(Clone, Copy, Debug)]
pub enum Max {
    /// In characters (Unicode scalar values), as Postgres counts `varchar(n)`.
    Chars(usize),
    /// In bytes of UTF-8.
    Bytes(usize),
}

impl Violations {
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

#[cfg(test)]
mod tests {
    use super::*;

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
}
