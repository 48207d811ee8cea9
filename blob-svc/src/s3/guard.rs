//! Reads control-plane answers before rusoto does.
//!
//! rusoto 0.48 loops for ever on XML that is cut or ill-formed, overflows on deep nesting, and takes `200 OK` with an
//! `<Error>` document for success (`CompleteMultipartUpload` and `CopyObject` answer so: "Handling 200 OK errors", Amazon S3
//! User Guide). The parser here is the one rusoto uses, in the same version, so that both judge alike.

use super::Error;
use xml::reader::{EventReader, XmlEvent};

/// The longest document that is read. A page of 1,000 keys of 1,024 bytes each stays under 4 MiB, percent-encoded.
pub(super) const MAX_DOCUMENT: usize = 8 << 20;
/// How much of a failure's body is read: an `<Error>` document is a few hundred bytes.
pub(super) const MAX_ERROR: usize = 64 << 10;
const MAX_DEPTH: usize = 16;

/// What was found in a well-formed document.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Document {
    /// No bytes at all.
    Empty,
    /// An answer.
    Answer,
    /// An `<Error>`, with its `<Code>` where it has one.
    Failure(Option<String>),
}

/// Reads a whole body. Fails with [`Error::Malformed`] unless it is empty or one well-formed document of bounded depth.
pub(super) fn read(body: &[u8]) -> Result<Document, Error> {
    if body.is_empty() {
        return Ok(Document::Empty);
    }
    let mut path: Vec<String> = Vec::new();
    let mut found = Document::Empty;
    for event in EventReader::new(body) {
        match event.map_err(|_| Error::Malformed)? {
            XmlEvent::StartElement { name, .. } if path.len() < MAX_DEPTH => {
                if path.is_empty() {
                    // The parser takes several documents in a row.
                    if found != Document::Empty {
                        return Err(Error::Malformed);
                    }
                    found = if name.local_name == "Error" {
                        Document::Failure(None)
                    } else {
                        Document::Answer
                    };
                }
                path.push(name.local_name);
            }
            XmlEvent::StartElement { .. } => return Err(Error::Malformed),
            XmlEvent::EndElement { .. } => drop(path.pop()),
            XmlEvent::Characters(text) if path == ["Error", "Code"] => {
                found = Document::Failure(Some(text))
            }
            XmlEvent::Characters(_)
            | XmlEvent::StartDocument { .. }
            | XmlEvent::EndDocument
            | XmlEvent::ProcessingInstruction { .. }
            | XmlEvent::CData(_)
            | XmlEvent::Comment(_)
            | XmlEvent::Whitespace(_) => {}
        }
    }
    Ok(found)
}

/// The `<Code>` of a failure's body, when it has a readable one.
pub(super) fn error_code(body: &[u8]) -> Option<String> {
    match read(body) {
        Ok(Document::Failure(code)) => code,
        Ok(Document::Empty | Document::Answer) | Err(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_listing_is_an_answer() {
        let listing = br#"<?xml version="1.0"?><ListBucketResult><Name>b</Name><Contents/></ListBucketResult>"#;
        assert_eq!(read(listing), Ok(Document::Answer));
    }

    #[test]
    fn every_cut_of_a_listing_is_malformed() {
        let listing =
            b"<ListBucketResult><Name>b</Name><Contents><Key>k</Key></Contents></ListBucketResult>";
        for cut in 1..listing.len() {
            assert_eq!(
                read(&listing[..cut]),
                Err(Error::Malformed),
                "cut after {cut} bytes"
            );
        }
    }

    #[test]
    fn error_in_a_success_is_a_failure_with_its_code() {
        let body =
            b"<Error><Code>InternalError</Code><Message>We encountered an error.</Message></Error>";
        assert_eq!(
            read(body),
            Ok(Document::Failure(Some("InternalError".to_owned())))
        );
    }

    #[test]
    fn nesting_of_200_000_elements_is_malformed() {
        let deep = "<a>".repeat(200_000) + &"</a>".repeat(200_000);
        assert_eq!(read(deep.as_bytes()), Err(Error::Malformed));
    }

    #[test]
    fn html_json_and_noise_are_malformed() {
        for body in [
            &b"<html><br></html>"[..],
            b"{\"a\":1}",
            b"\xff\xfe\x00",
            b"<a/><b/>",
            b"<a>&undefined;</a>",
        ] {
            assert_eq!(
                read(body),
                Err(Error::Malformed),
                "{}",
                String::from_utf8_lossy(body)
            );
        }
    }

    #[test]
    fn empty_body_is_told_apart() {
        assert_eq!(read(b""), Ok(Document::Empty));
    }
}
