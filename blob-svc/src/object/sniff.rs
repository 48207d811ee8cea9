//! The media type of bytes that came without one, by how they begin.
//!
//! Markup and scripts are plain text here: a browser runs what it is told is HTML, and nobody said so of these bytes.

use super::OCTET_STREAM;
use std::str;

/// How many bytes it takes: archives tell what they hold (documents of an office suite, say) behind some hundred bytes.
pub(super) const HEAD: usize = 4 << 10;
const TEXT: &str = "text/plain; charset=utf-8";
/// Formats that begin as text does, by more than two letters that a text might begin with as well.
const WRITTEN: [&str; 3] = [
    "application/pdf",
    "application/postscript",
    "application/rtf",
];

/// The type of bytes whose first [`HEAD`] are these; of all bytes, where they are fewer.
pub(super) fn content_type(head: &[u8]) -> &'static str {
    let known = infer::get(head)
        .filter(|known| known.matcher_type() != infer::MatcherType::Text)
        .map(|known| known.mime_type());
    if is_text(head) {
        known
            .filter(|known| WRITTEN.contains(known))
            .unwrap_or(TEXT)
    } else {
        known.unwrap_or(OCTET_STREAM)
    }
}

/// UTF-8 without control characters but those that texts have. The last character may be cut.
fn is_text(head: &[u8]) -> bool {
    let text = match str::from_utf8(head) {
        Ok(text) => text,
        Err(error) if error.error_len().is_none() && head.len() == HEAD => {
            str::from_utf8(&head[..error.valid_up_to()]).unwrap_or_default()
        }
        Err(_) => return false,
    };
    let is_plain = |letter: char| !letter.is_control() || matches!(letter, '\t' | '\n' | '\r');
    !text.is_empty() && text.chars().all(is_plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_and_pictures_are_known_by_how_they_begin() {
        let mut docx = b"PK\x03\x04\x14\0\0\0\x08\0\0\0!\0aaaaaaaaaaaa\x13\0\0\0".to_vec();
        docx.extend_from_slice(b"[Content_Types].xml");
        for (head, expected) in [
            (
                &b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj"[..],
                "application/pdf",
            ),
            (
                b"%PDF-1.4\n1 0 obj\n<< /Type /Catalog >>",
                "application/pdf",
            ),
            (b"{\\rtf1\\ansi hello}", "application/rtf"),
            (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "image/png"),
            (b"\xff\xd8\xff\xe0\0\x10JFIF\0", "image/jpeg"),
            (b"GIF89a\x01\0\x01\0\x80\0\0", "image/gif"),
            (b"RIFF\x24\0\0\0WEBPVP8 ", "image/webp"),
            (b"PK\x03\x04\x14\0\0\0\0\0", "application/zip"),
            (b"\x1f\x8b\x08\0\0\0\0\0", "application/gzip"),
        ] {
            assert_eq!(content_type(head), expected, "{}", head.escape_ascii());
        }
    }

    #[test]
    fn text_in_any_script_is_plain_text_also_when_it_is_markup_or_begins_like_a_picture() {
        let cut = "ж".repeat(HEAD / 2);
        let cut = format!("a{cut}");
        for head in [
            "План участка\r\n\t№5",
            "BMW and others",
            "ID3 is a tag",
            "MZ",
            "<!DOCTYPE html><script>alert(1)</script>",
            "<?xml version=\"1.0\"?><svg/>",
            "#!/bin/sh\nrm",
            "\u{feff}a",
        ] {
            assert_eq!(content_type(head.as_bytes()), TEXT, "{head}");
        }
        assert_eq!(
            content_type(&cut.as_bytes()[..HEAD]),
            TEXT,
            "a letter is cut"
        );
    }

    #[test]
    fn nothing_and_noise_are_bytes_of_no_known_type() {
        for head in [
            &b""[..],
            b"\0",
            b"a\0b",
            b"\xd0",
            b"a\x1b[31m",
            b"\xff\xfe\xfd",
        ] {
            assert_eq!(content_type(head), OCTET_STREAM, "{}", head.escape_ascii());
        }
    }
}
