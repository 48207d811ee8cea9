//! As much of HTTP/1.1 as tells where a request begins and ends (RFC 9112).

/// The head of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) method: String,
    /// Path and query.
    pub(super) target: String,
    /// How many bytes the head has, its empty line included.
    pub(super) length: usize,
    /// How many bytes follow it.
    pub(super) body: usize,
    /// Whether the caller waits for a word before it sends them (`Expect: 100-continue`).
    pub(super) waits: bool,
}

impl Head {
    /// Reads the head at the beginning of `bytes`, when it is there as a whole.
    ///
    /// # Panics
    /// When it is none, or of a request whose length it does not tell: no caller of ours sends one.
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")?;
        let text = String::from_utf8_lossy(&bytes[..end]).into_owned();
        let mut lines = text.split("\r\n");
        let mut first = lines.next().unwrap_or_default().split(' ');
        let (Some(method), Some(target)) = (first.next(), first.next()) else {
            panic!("not a request: {text:?}");
        };
        let fields: Vec<_> = lines.filter_map(|line| line.split_once(':')).collect();
        let field = |name: &str| {
            let found = fields
                .iter()
                .find(|(other, _)| other.eq_ignore_ascii_case(name));
            found.map(|(_, value)| value.trim())
        };
        assert_eq!(field("transfer-encoding"), None, "{text}");
        Some(Self {
            method: method.to_owned(),
            target: target.to_owned(),
            length: end + 4,
            body: field("content-length").map_or(0, |length| length.parse().expect("a length")),
            waits: field("expect").is_some(),
        })
    }
}
