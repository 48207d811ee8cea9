//! Operands: the syntax of what somebody typed.

use std::{iter, mem};

/// A word or a quoted phrase as it was typed.
pub(super) struct Operand<'q> {
    /// Whether an `or` stands between it and the operand before.
    pub(super) after_or: bool,
    /// Whether it must not be there.
    pub(super) excluded: bool,
    /// Its words.
    pub(super) text: &'q str,
}

/// What was typed, in operands, cut where `gettoken_query_websearch` of Postgres (`tsquery.c`) cuts it.
pub(super) fn operands(typed: &str) -> impl Iterator<Item = Operand<'_>> {
    let mut rest = typed;
    let mut first = true;
    iter::from_fn(move || {
        let after_or = !mem::take(&mut first) && take_or(&mut rest);
        let excluded = take_signs(&mut rest) % 2 == 1;
        let text = take_text(&mut rest)?;
        Some(Operand {
            after_or,
            excluded,
            text,
        })
    })
}

/// Takes an `or` that is a word of its own with something behind it; elsewhere it is a word like others.
fn take_or(rest: &mut &str) -> bool {
    let ahead = rest.trim_start_matches(|c: char| c.is_whitespace() || is_delimiter(c));
    let Some((_, behind)) = ahead
        .split_at_checked(2)
        .filter(|(or, _)| or.eq_ignore_ascii_case("or"))
    else {
        return false;
    };
    let ends_word = |c: char| !(c.is_alphanumeric() || matches!(c, '-' | '_'));
    let mut chars = behind.chars();
    let operator = chars.next().is_some_and(ends_word) && !chars.as_str().trim_start().is_empty();
    if operator {
        *rest = behind;
    }
    operator
}

/// Takes what stands before an operand, and counts the minus signs in it.
fn take_signs(rest: &mut &str) -> usize {
    let skipped = |c: char| c == '-' || c.is_whitespace() || is_delimiter(c);
    let ahead = rest.trim_start_matches(skipped);
    let (signs, operand) = rest.split_at(rest.len() - ahead.len());
    *rest = operand;
    signs.matches('-').count()
}

/// Takes an operand: what is between quotes, or up to a space.
fn take_text<'q>(rest: &mut &'q str) -> Option<&'q str> {
    if let Some(quoted) = rest.strip_prefix('"') {
        let (text, behind) = quoted.split_once('"').unwrap_or((quoted, ""));
        *rest = behind;
        return Some(text);
    }
    let end = rest
        .find(|c: char| c == '"' || c.is_whitespace() || is_delimiter(c))
        .unwrap_or(rest.len());
    let (text, behind) = rest.split_at(end);
    *rest = behind;
    (!text.is_empty()).then_some(text)
}

/// The operators of other query syntaxes, which part words here and mean nothing.
fn is_delimiter(c: char) -> bool {
    matches!(c, '!' | '&' | '|' | '(' | ')' | ':')
}
