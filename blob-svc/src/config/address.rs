//! Addresses of stores: a scheme and an authority, and nothing else. They go into signatures as they stand.

/// What [`parse`] reads, for people.
pub(super) const ALLOWED: &str = "http://HOST[:PORT] or https://HOST[:PORT], without a path";

/// Reads `[http[s]://]HOST[:PORT]`; without a scheme it is https.
pub(super) fn parse(text: &str) -> Option<(&'static str, String)> {
    let (scheme, default_port, rest) = match text.split_once("://") {
        Some(("http", rest)) => ("http", ":80", rest),
        Some(("https", rest)) => ("https", ":443", rest),
        Some(_) => return None,
        None => ("https", ":443", text),
    };
    let rest = rest.strip_suffix('/').unwrap_or(rest);
    let authority: http::uri::Authority = rest.parse().ok()?;
    // A `Host` header has no user, and clients leave the scheme's own port out of it.
    let port = authority
        .port_u16()
        .map(|port| format!(":{port}"))
        .unwrap_or_default();
    let plain = !authority.host().is_empty() && rest == format!("{}{port}", authority.host());
    plain.then(|| {
        (
            scheme,
            rest.strip_suffix(default_port)
                .unwrap_or(rest)
                .to_ascii_lowercase(),
        )
    })
}
