//! What a message says, cut into plain text and code. Messages hold Markdown more or less; an export shows them as they were
//! written, and lets only fenced code (`CommonMark`, section 4.5) keep its form.

/// A part of a message.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Block<'a> {
    /// Text; its line breaks count.
    Plain(&'a str),
    /// Code, as it stands between its fences.
    Code(&'a str),
}

/// An opening fence: its character and length.
type Fence = (char, usize);

/// Cuts a message; a message of type `code` is code as a whole. A fence that is never closed reaches to the end.
pub(super) fn blocks<'a>(content: &'a str, message_type: &str) -> Vec<Block<'a>> {
    if message_type == "code" && !content.lines().any(|line| fence(line).is_some()) {
        return vec![Block::Code(content)];
    }
    let mut blocks = Vec::new();
    let mut open: Option<Fence> = None;
    let (mut begin, mut at) = (0, 0);
    for line in content.split_inclusive('\n') {
        let next = at + line.len();
        let turns = match open {
            None => fence(line).is_some(),
            Some(opened) => closes(line, opened),
        };
        if turns {
            push(&mut blocks, open, &content[begin..at]);
            open = if open.is_none() { fence(line) } else { None };
            begin = next;
        }
        at = next;
    }
    push(&mut blocks, open, &content[begin..]);
    blocks
}

fn push<'a>(blocks: &mut Vec<Block<'a>>, open: Option<Fence>, text: &'a str) {
    match open {
        Some(_) => blocks.push(Block::Code(text)),
        None if text.trim().is_empty() => {}
        None => blocks.push(Block::Plain(text.trim_matches(['\n', '\r']))),
    }
}

fn fence(line: &str) -> Option<Fence> {
    let text = line.trim_start_matches(' ');
    if line.len() - text.len() > 3 {
        return None;
    }
    let mark = text.chars().next().filter(|c| matches!(c, '`' | '~'))?;
    let info = text.trim_start_matches(mark);
    let length = text.len() - info.len();
    (length >= 3 && !(mark == '`' && info.contains('`'))).then_some((mark, length))
}

fn closes(line: &str, (mark, length): Fence) -> bool {
    let bare = line.trim();
    fence(line).is_some() && bare.len() >= length && bare.chars().all(|c| c == mark)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fenced_code_is_cut_out_and_the_rest_is_plain() {
        let text = "before\n```rust\nfn x() {}\n~~~\n```\nafter\n";
        let cut = blocks(text, "text");
        assert_eq!(
            cut,
            [
                Block::Plain("before"),
                Block::Code("fn x() {}\n~~~\n"),
                Block::Plain("after")
            ]
        );
    }

    #[test]
    fn an_open_fence_reaches_to_the_end_and_a_shorter_one_does_not_close() {
        assert_eq!(blocks("````\n```\nx", "text"), [Block::Code("```\nx")]);
        assert_eq!(blocks("    ```\nx", "text"), [Block::Plain("    ```\nx")]);
    }

    #[test]
    fn a_message_of_code_is_code_as_a_whole() {
        assert_eq!(blocks("a\n\nb", "code"), [Block::Code("a\n\nb")]);
        assert_eq!(blocks("```\na\n```", "code"), [Block::Code("a\n")]);
    }
}
