//! Questions to tokens.

use std::ops::Range;

use proc_macro2::{Delimiter, TokenTree};

pub fn is(token: &TokenTree, letter: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == letter)
}

pub fn is_word(token: &TokenTree, text: &str) -> bool {
    matches!(token, TokenTree::Ident(name) if name == text)
}

/// The tokens inside a group with these brackets.
pub fn inside(token: &TokenTree, delimiter: Delimiter) -> Option<Vec<TokenTree>> {
    match token {
        TokenTree::Group(group) if group.delimiter() == delimiter => {
            Some(group.stream().into_iter().collect())
        }
        _ => None,
    }
}

/// Where a token stands in the source.
pub fn bytes(token: &TokenTree) -> Range<usize> {
    token.span().byte_range()
}

/// Where tokens stand in the source, if there are any.
pub fn bytes_of(tokens: &[TokenTree]) -> Option<Range<usize>> {
    let (first, last) = (tokens.first()?, tokens.last()?);
    Some(bytes(first).start..bytes(last).end)
}

/// Where the expression begins whose last token is `tokens[end - 1]`.
pub fn start_of(tokens: &[TokenTree], end: usize) -> usize {
    let mut at = end;
    while at > 0 {
        match &tokens[at - 1] {
            token if is(token, '?') => at -= 1,
            TokenTree::Group(group) => {
                at -= 1;
                if group.delimiter() == Delimiter::Brace {
                    at = before_words(tokens, at);
                    if !(at > 0 && is(&tokens[at - 1], '!')) {
                        break;
                    }
                }
                match before_group(tokens, at) {
                    Some(before) => at = before,
                    None => break,
                }
            }
            token if is_operand(token) => {
                at -= 1;
                if at > 0 && is(&tokens[at - 1], '.') {
                    at -= 1;
                } else if at > 2 && is(&tokens[at - 1], ':') && is(&tokens[at - 2], ':') {
                    at -= 2;
                } else {
                    break;
                }
            }
            _ => break,
        }
    }
    at
}

/// Before the words that a block may begin with, as in `async move { … }`.
fn before_words(tokens: &[TokenTree], mut at: usize) -> usize {
    let word = |token| {
        ["async", "move", "unsafe"]
            .iter()
            .any(|text| is_word(token, text))
    };
    while at > 0 && word(&tokens[at - 1]) {
        at -= 1;
    }
    at
}

/// Where to look on before a group at `at`: behind the name that is called or indexed, before the
/// `!` of a macro or the `::<…>` of a call. Nothing if the group begins the expression.
fn before_group(tokens: &[TokenTree], at: usize) -> Option<usize> {
    let before = tokens[..at].last()?;
    if is(before, '!') {
        return (at > 1).then_some(at - 1);
    }
    if is(before, '>') {
        let open = tokens[..at].iter().rposition(|token| is(token, '<'))?;
        return (open >= 2 && is(&tokens[open - 1], ':')).then(|| open - 2);
    }
    is_operand(before).then_some(at)
}

/// A token that can be called, indexed or asked for a field.
fn is_operand(token: &TokenTree) -> bool {
    const KEYWORDS: [&str; 10] = [
        "return", "in", "if", "while", "match", "let", "else", "move", "break", "mut",
    ];
    match token {
        TokenTree::Ident(name) => !KEYWORDS.iter().any(|keyword| name == keyword),
        TokenTree::Literal(_) => true,
        TokenTree::Group(group) => {
            matches!(
                group.delimiter(),
                Delimiter::Parenthesis | Delimiter::Bracket
            )
        }
        TokenTree::Punct(_) => false,
    }
}

/// A text without its line breaks.
pub fn one_line(text: &str) -> String {
    let mut line = String::new();
    for part in text.lines() {
        let part = part.trim();
        if !line.is_empty() && !part.starts_with('.') && !line.ends_with('(') {
            line.push(' ');
        }
        line.push_str(part);
    }
    line
}
