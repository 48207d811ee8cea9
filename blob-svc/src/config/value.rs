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

/// What [`bucket`] reads, for people.
pub(super) const BUCKET_ALLOWED: &str = "a bucket's name: 3 to 63 of a-z, 0-9, `-`, `.`";

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

/// A prefix of keys: of their letters, ending in `/`, so that `images/` is not `images2/`.
pub(super) fn prefix(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._/".contains(&byte);
    let parts = text.strip_suffix('/').unwrap_or_default().split('/');
    text.bytes().all(plain)
        && !text.contains("..")
        && parts.into_iter().all(|part| !part.is_empty())
}

/// A letter of a token (RFC 9110, section 5.6.2).
pub(super) fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
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
