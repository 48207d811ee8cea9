//! Keys: the names of objects, and the one rule for them. A key is written once and never used again.

use contract::key::{judge, judge_prefix};
use std::fmt;
use time::OffsetDateTime;
use uuid::Uuid;

/// The longest stem that a new key keeps of a file's name, and the longest extension.
const MAX_STEM: usize = 100;
const MAX_EXTENSION: usize = 16;

/// The name of an object: 1 to 1,024 bytes of `[A-Za-z0-9/_.-]`, without a leading or trailing `/`, `..` or `//`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Key(String);

/// The beginning of keys that ends in `/`, as the name of a folder does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folder(String);

impl Key {
    /// Reads a key, or tells what is allowed.
    pub fn parse(text: String) -> Result<Self, &'static str> {
        judge(&text).map(|()| Self(text))
    }

    /// The key's text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<Key> for String {
    fn from(key: Key) -> Self {
        key.0
    }
}

impl Folder {
    /// Reads a folder, or tells what is allowed.
    pub fn parse(text: String) -> Result<Self, &'static str> {
        if !text.is_empty() && !text.ends_with('/') {
            return Err("must end in `/`, so that `images/` does not take `images2/` along");
        }
        judge_prefix(&text).map(|()| Self(text))
    }

    /// The folder's text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a key is for; it decides the folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// A chat's source document.
    ChatDocument(Uuid),
    /// A chat's picture.
    ChatImage(Uuid),
    /// A document that belongs to no chat yet.
    UploadDocument,
    /// A file that may be removed after a while.
    UploadTemp,
}

impl Purpose {
    /// Makes a key that was never used: the file's name as far as a key can hold it, the time, and 48 random bits.
    #[must_use]
    pub fn new_key(self, original_name: &str, now: OffsetDateTime) -> Key {
        let (stem, extension) = match original_name.rsplit_once('.') {
            Some((stem, extension)) if !stem.is_empty() => (stem, plain(extension, MAX_EXTENSION)),
            _ => (original_name, String::new()),
        };
        let dot = if extension.is_empty() { "" } else { "." };
        let (year, month, day) = now.to_calendar_date();
        let (hour, minute, second) = now.to_hms();
        let month = u8::from(month);
        let random = &Uuid::new_v4().simple().to_string()[..12];
        Key(format!(
            "{}/{}_{year:04}-{month:02}-{day:02}T{hour:02}-{minute:02}-{second:02}-{random}{dot}{extension}",
            self.folder(),
            plain(stem, MAX_STEM),
        ))
    }

    fn folder(self) -> String {
        match self {
            Self::ChatDocument(chat) => format!("chats/{chat}/documents"),
            Self::ChatImage(chat) => format!("chats/{chat}/images"),
            Self::UploadDocument => "uploads/documents".to_owned(),
            Self::UploadTemp => "uploads/temp".to_owned(),
        }
    }
}

/// A scratch key for bytes on their way to another.
#[must_use]
pub fn staging() -> Key {
    Key(format!("uploads/temp/staging_{}", Uuid::now_v7()))
}

/// The scratch key of an upload in parts: the same for the same key and token.
#[must_use]
pub fn staging_of(key: &Key, token: Uuid) -> Key {
    let name = Uuid::new_v5(&token, key.0.as_bytes());
    Key(format!("uploads/temp/staging_{name}"))
}

/// What a key can hold of a name: other characters become `_`, and so does a dot that would make `..`.
fn plain(name: &str, max: usize) -> String {
    let allowed = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-');
    name.chars()
        .take(max)
        .map(|letter| if allowed(letter) { letter } else { '_' })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    #[test]
    fn keys_of_the_contract_are_taken() {
        for key in [
            "a",
            "chats/1/images/viewport_step_1.png",
            "uploads/temp/x-y_Z.9",
            &"k".repeat(1_024),
        ] {
            assert!(Key::parse(key.to_owned()).is_ok(), "{key}");
        }
    }

    #[test]
    fn keys_that_leave_their_place_or_alphabet_are_refused() {
        let long = "k".repeat(1_025);
        for key in [
            "", "/a", "a//b", "a/../b", "..", "a b", "ключ", "a\nb", "a\0b", "a%2e", "a*", "a/",
            &long,
        ] {
            assert!(Key::parse(key.to_owned()).is_err(), "{key:?}");
        }
    }

    #[test]
    fn folder_without_a_slash_at_its_end_is_refused() {
        assert!(Folder::parse("images/".to_owned()).is_ok());
        for folder in ["", "images", "/", "a//"] {
            assert!(Folder::parse(folder.to_owned()).is_err(), "{folder:?}");
        }
    }

    #[test]
    fn new_key_is_a_key_whatever_the_file_is_called() {
        let now = datetime!(2025-12-18 10:30:45 UTC);
        let long = "ж".repeat(512);
        for name in [
            "document.pdf",
            "План участка.PDF",
            "..",
            ".env",
            "a/../b.tar.gz",
            "x.",
            long.as_str(),
            "😀.😀",
        ] {
            let key = Purpose::UploadDocument.new_key(name, now);
            assert_eq!(Key::parse(key.as_str().to_owned()), Ok(key), "{name}");
        }
    }

    #[test]
    fn new_key_shows_name_and_time_and_differs_each_time() {
        let now = datetime!(2025-12-18 10:30:45 UTC);
        let chat = Uuid::nil();
        let key = Purpose::ChatDocument(chat).new_key("document.pdf", now);
        assert!(
            key.as_str().starts_with(&format!(
                "chats/{chat}/documents/document_2025-12-18T10-30-45-"
            )),
            "{key}"
        );
        assert!(key.as_str().ends_with(".pdf"), "{key}");
        assert_ne!(
            key,
            Purpose::ChatDocument(chat).new_key("document.pdf", now)
        );
    }
}
