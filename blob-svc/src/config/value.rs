//! The forms that values of settings must have.

use crate::s3::Style;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// Yes or no, as people write it.
pub(super) fn flag(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "1" | "yes" | "on" => Some(true),
        "false" | "0" | "no" | "off" => Some(false),
        _ => None,
    }
}

/// "Bucket naming rules", Amazon S3 User Guide.
pub(super) fn bucket(text: &str) -> Option<String> {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let ends =
        text.bytes().next().is_some_and(plain) && text.bytes().next_back().is_some_and(plain);
    let inside = text
        .bytes()
        .all(|byte| plain(byte) || matches!(byte, b'-' | b'.'))
        && !text.contains("..");
    (ends && inside && (3..=63).contains(&text.len())).then(|| text.to_owned())
}

/// A region goes into signatures as it stands.
pub(super) fn region(text: &str) -> Option<String> {
    text.bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        .then(|| text.to_owned())
}

/// How addresses name a bucket, in boto3's words.
pub(super) fn style(text: &str) -> Option<Style> {
    match text {
        "path" => Some(Style::Path),
        "virtual" => Some(Style::VirtualHost),
        _ => None,
    }
}

/// A time (RFC 3339).
pub(super) fn instant(text: &str) -> Option<OffsetDateTime> {
    OffsetDateTime::parse(text, &Rfc3339).ok()
}

/// The certificates in a file, at least one.
pub(super) fn certificates(file: &str) -> Option<Vec<CertificateDer<'static>>> {
    let read = CertificateDer::pem_file_iter(file).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    read.ok().filter(|certificates| !certificates.is_empty())
}
