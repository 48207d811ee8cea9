//! The forms that values of settings must have.

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
