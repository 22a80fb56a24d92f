//! The branches of a `select!`.

use proc_macro2::{Delimiter, TokenTree};

use super::tokens::{inside, is, is_word};

/// One branch: pattern `=` future [`, if` condition] `=>` handler.
pub struct Branch<'a> {
    pub future: &'a [TokenTree],
    pub handler: &'a [TokenTree],
}

/// What follows `biased;`, where a macro begins with it.
pub fn after_biased(tokens: &[TokenTree]) -> Option<&[TokenTree]> {
    match tokens {
        [first, semicolon, rest @ ..] if is_word(first, "biased") && is(semicolon, ';') => {
            Some(rest)
        }
        _ => None,
    }
}

/// The branches that have a future, which `else` has not.
pub fn branches(mut tokens: &[TokenTree]) -> Vec<Branch<'_>> {
    let mut branches = Vec::new();
    while let Some(arrow) = (0..tokens.len()).find(|at| is_arrow(tokens, *at)) {
        let (head, rest) = (&tokens[..arrow], &tokens[arrow + 2..]);
        let is_block = rest
            .first()
            .is_some_and(|first| inside(first, Delimiter::Brace).is_some());
        let end = if is_block {
            1
        } else {
            comma_in(rest).unwrap_or(rest.len())
        };
        if let Some(equals) = (0..arrow).find(|at| is_equals(head, *at)) {
            let future = &head[equals + 1..];
            branches.push(Branch {
                future: &future[..comma_in(future).unwrap_or(future.len())],
                handler: &rest[..end],
            });
        }
        let comma = rest.get(end).is_some_and(|token| is(token, ','));
        tokens = &rest[end + usize::from(comma)..];
    }
    branches
}

fn comma_in(tokens: &[TokenTree]) -> Option<usize> {
    tokens.iter().position(|token| is(token, ','))
}

fn is_arrow(tokens: &[TokenTree], at: usize) -> bool {
    is(&tokens[at], '=') && tokens.get(at + 1).is_some_and(|token| is(token, '>'))
}

fn is_equals(tokens: &[TokenTree], at: usize) -> bool {
    let part_of_range = at > 0 && is(&tokens[at - 1], '.');
    is(&tokens[at], '=') && !part_of_range
}
