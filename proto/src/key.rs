//! Keys: the names of objects. ASCII, so that every store, URL and signature spells them the same way.

/// The greatest length of a key, in bytes (S3's own limit).
pub const MAX_BYTES: usize = 1_024;

/// Under this prefix lies what is removed after a while: no row may name it.
pub const TEMPORARY: &str = "uploads/temp/";

/// Judges a key: 1 to 1,024 bytes of `[A-Za-z0-9/_.-]`, no leading or trailing `/`, no `..`, no `//`.
///
/// # Errors
/// What is wrong, and what is allowed; it completes the name of the field.
pub fn judge(key: &str) -> Result<(), &'static str> {
    judge_prefix(key)?;
    if key.ends_with('/') {
        Err("must name an object: it must not end in /")
    } else {
        Ok(())
    }
}

/// Judges the beginning of keys: as a key, but it may end in `/`.
///
/// # Errors
/// As [`judge`].
pub fn judge_prefix(prefix: &str) -> Result<(), &'static str> {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'/' | b'_' | b'.' | b'-');
    if prefix.is_empty() {
        Err("is required: 1 to 1,024 bytes of [A-Za-z0-9/_.-]")
    } else if prefix.len() > MAX_BYTES {
        Err("must be at most 1,024 bytes")
    } else if !prefix.bytes().all(allowed) {
        Err("must hold only [A-Za-z0-9/_.-]")
    } else if prefix.starts_with('/') {
        Err("must not begin with /")
    } else if prefix.contains("..") {
        Err("must not hold ..")
    } else if prefix.contains("//") {
        Err("must not hold //")
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_that_a_store_or_a_url_would_bend_are_refused() {
        assert_eq!(judge("chats/1/images/a_b-c.png"), Ok(()));
        assert_eq!(judge(&"k".repeat(1_024)), Ok(()));
        for bad in [
            "", "/", "/a", "a/", "a/../b", "a//b", "a b", "a\n", "ключ", "a%2e", "a?b",
        ] {
            assert!(judge(bad).is_err(), "{bad:?}");
        }
        assert!(judge(&"k".repeat(1_025)).is_err());
    }

    #[test]
    fn the_beginning_of_keys_may_end_in_a_slash_and_is_judged_as_they_are_otherwise() {
        assert_eq!(judge_prefix("chats/1/"), Ok(()));
        assert_eq!(judge_prefix("chats/1/im"), Ok(()));
        for bad in ["", "/", "/a/", "a/../", "a//", "a b/", "ключ/"] {
            assert!(judge_prefix(bad).is_err(), "{bad:?}");
        }
    }
}
