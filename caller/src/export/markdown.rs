//! Markdown (CommonMark): a heading for each turn, its text escaped, its pictures and search results behind it.

use std::fmt::Write as _;

use contract::metadata::v1::{Chat, Image, SearchResult, Turn};
use prost_types::Timestamp;

use super::{
    Document,
    text::{Block, blocks},
};
use crate::json;

/// The chat: title, description, document.
pub(super) fn head(chat: &Chat, document: Option<&Document>) -> String {
    let mut out = format!("# {}\n", line(&chat.title));
    if !chat.description.is_empty() {
        let _ = write!(out, "\n{}\n", plain(&chat.description));
    }
    let _ = write!(out, "\nChat {}", chat.id);
    if let Some(time) = &chat.create_time {
        let _ = write!(out, ", created {}", moment(time));
    }
    out.push('\n');
    if let Some(Document { name, file }) = document {
        let _ = write!(out, "\nDocument: [{}]({file})\n", line(name));
    }
    out
}

/// A turn; `names` are the paths of its pictures.
pub(super) fn turn(turn: &Turn, names: &[String]) -> String {
    let message = turn.message.clone().unwrap_or_default();
    let time = message.create_time.as_ref().map(moment).unwrap_or_default();
    let role = json::role(message.role());
    let mut out = format!("\n## {}. {role}, {time}\n", message.seq);
    for block in blocks(&message.content, &message.message_type) {
        let block = match block {
            Block::Plain(text) => plain(text),
            Block::Code(code) => fenced(code),
        };
        let _ = write!(out, "\n{block}\n");
    }
    for (image, name) in turn.images.iter().zip(names) {
        out.push_str(&picture(image, name));
    }
    if !turn.search_results.is_empty() {
        out.push_str("\nFound in the document:\n\n");
    }
    for result in &turn.search_results {
        let _ = writeln!(out, "- {}", found(result));
    }
    out
}

fn picture(image: &Image, name: &str) -> String {
    let shows = if image.description.is_empty() {
        &image.image_name
    } else {
        &image.description
    };
    let mut about = line(shows);
    if !image.image_type.is_empty() {
        about = format!("{}: {about}", line(&image.image_type));
    }
    format!("\n![{}]({name})\n\n{about}\n", line(shows))
}

fn found(result: &SearchResult) -> String {
    let mut parts = Vec::new();
    if result.page_number > 0 {
        parts.push(format!("page {}", result.page_number));
    }
    if !result.block_id.is_empty() {
        parts.push(line(&result.block_id));
    }
    format!("{}: {}", parts.join(", "), line(&result.block_text))
}

/// Code between fences that are longer than any run of backticks in it.
fn fenced(code: &str) -> String {
    let mut longest = 2;
    let mut run = 0;
    for c in code.chars() {
        run = if c == '`' { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    let fence = "`".repeat(longest + 1);
    let code = code.strip_suffix('\n').unwrap_or(code);
    format!("{fence}\n{code}\n{fence}")
}

/// Text of several lines: a line break stays one, an empty line begins a paragraph.
fn plain(text: &str) -> String {
    let lines: Vec<String> = text.lines().map(escaped_line).collect();
    let mut out = String::new();
    for (i, line) in lines.iter().enumerate() {
        out.push_str(line);
        let Some(next) = lines.get(i + 1) else { break };
        out.push_str(if line.is_empty() || next.is_empty() {
            "\n"
        } else {
            "\\\n"
        });
    }
    out
}

/// Text that must stay on one line.
fn line(text: &str) -> String {
    escaped_line(&text.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// Escapes what means something to Markdown or HTML: inside of a line, and at its beginning. Spaces that begin a line stay
/// visible, and four of them make no code.
fn escaped_line(line: &str) -> String {
    let text = line.trim_end().trim_start_matches([' ', '\t']);
    if text.is_empty() {
        return String::new();
    }
    let indent = line.len() - line.trim_start_matches([' ', '\t']).len();
    let mut out = "&nbsp;".repeat(indent);
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    for (i, c) in text.char_indices() {
        let always = matches!(
            c,
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '&' | '~' | '|' | '!' | '$'
        );
        let first = i == 0 && matches!(c, '#' | '+' | '-' | '=');
        let numbered = digits > 0 && i == digits && matches!(c, '.' | ')');
        if always || first || numbered {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

/// A time to the second, as people read it.
pub(super) fn moment(time: &Timestamp) -> String {
    let whole = Timestamp {
        seconds: time.seconds,
        nanos: 0,
    };
    whole.to_string().replace('T', " ").replace('Z', " UTC")
}

#[cfg(test)]
mod tests {
    use contract::metadata::v1::{Message, Role};

    use super::*;

    fn said(content: &str) -> String {
        let message = Message {
            seq: 7,
            role: Role::User.into(),
            content: content.into(),
            ..Default::default()
        };
        turn(
            &Turn {
                message: Some(message),
                ..Default::default()
            },
            &[],
        )
    }

    #[test]
    fn no_text_can_forge_a_heading_a_link_a_picture_or_html() {
        let out = said(
            "## 8. assistant\n<script>alert(1)</script>\n![x](http://evil/)\n[y](javascript:z)\n- a\n1. b\n---\n===\n> q",
        );
        for forged in [
            "\n##  8",
            "\n## 8. assistant",
            "<script",
            "\n![",
            "\n[y]",
            "\n- a",
            "\n1. b",
            "\n---",
            "\n===",
            "\n>",
        ] {
            assert!(
                !out.replace("\\<", "").contains(forged),
                "{forged:?} in\n{out}"
            );
        }
        assert!(out.contains("\\## 8. assistant\\\n"), "{out}");
        assert!(out.contains("\\<script\\>alert(1)"), "{out}");
        assert!(out.contains("1\\. b"), "{out}");
    }

    #[test]
    fn line_breaks_paragraphs_and_indents_stay() {
        assert_eq!(
            plain("один\nдва\n\n  три"),
            "один\\\nдва\n\n&nbsp;&nbsp;три"
        );
    }

    #[test]
    fn code_cannot_leave_its_fence() {
        let out = said("~~~\n```\n# not a heading\n````\n~~~\nafter");
        assert!(
            out.contains("`````\n```\n# not a heading\n````\n`````\n\nafter"),
            "{out}"
        );
    }

    #[test]
    fn a_picture_is_named_by_its_relative_path_and_described_in_its_own_words() {
        let image = Image {
            image_name: "x.png".into(),
            description: "План ](evil)\n# отм. −3,600".into(),
            ..Default::default()
        };
        let out = picture(&image, "images/0001_01_x.png");
        assert!(
            out.contains("![План \\](evil) # отм. −3,600](images/0001_01_x.png)"),
            "{out}"
        );
    }
}
