//! Output: text for people, or JSON for scripts.

use std::io::{self, Write as _};

use serde_json::Value;

/// Where results go.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Out {
    pub(crate) json: bool,
}

impl Out {
    /// Writes one result: as a line of JSON, or as text.
    pub(crate) fn line(
        self,
        json: impl FnOnce() -> Value,
        text: impl FnOnce() -> String,
    ) -> io::Result<()> {
        if self.json {
            writeln!(io::stdout(), "{}", json())
        } else {
            writeln!(io::stdout(), "{}", plain(&text()))
        }
    }

    /// Writes a text that scripts do not want.
    pub(crate) fn text(self, text: impl AsRef<str>) -> io::Result<()> {
        if self.json {
            return Ok(());
        }
        writeln!(io::stdout(), "{}", plain(text.as_ref()))
    }
}

/// Text that cannot command a terminal: control characters but line breaks and tabs are replaced.
pub(crate) fn plain(text: &str) -> String {
    let keep = |c: char| {
        if c.is_control() && !matches!(c, '\n' | '\t') {
            '\u{fffd}'
        } else {
            c
        }
    };
    text.chars().map(keep).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_cannot_command_a_terminal() {
        assert_eq!(
            plain("чат\u{1b}[2J\r\n\tx\u{9b}"),
            "чат\u{fffd}[2J\u{fffd}\n\tx\u{fffd}"
        );
    }
}
