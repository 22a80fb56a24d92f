//! Copies a program and gives each future that it awaits its place in the source.
//!
//! `sleep(second).await` becomes `sleep(second).at_place::<3>().await`. Marked alike are the
//! arguments of `join!`, the branches of `select!`, what `timeout` limits, and what `block_on` and
//! `spawn` are given. `thread::sleep`, `abort` and the branch that `select!` takes report
//! themselves. Nothing moves to another line.
//!
//! The runtime of the copy draws its random choices, such as the branch that `select!` asks first,
//! from a number that the recorder sets.

use std::ops::Range;
use std::str::FromStr;

use anyhow::{Result, anyhow};
use proc_macro2::TokenStream;

use crate::run;
use crate::story::words::expression;

mod marker;
mod select;
mod tokens;

#[cfg(test)]
mod tests;

/// What kind of place a future is polled at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `future.await`
    Await,
    /// An argument of `join!` or `try_join!`.
    Join,
    /// A branch of `select!`.
    Select,
    /// What `timeout` limits.
    Timed,
    /// What `block_on` or `spawn` is given.
    Whole,
}

/// A place of the program where a future is polled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// What kind of place.
    pub kind: Kind,
    /// The bytes of the source from the start of the expression to its end.
    pub bytes: Range<usize>,
    /// The line of the `.await`, or of the expression where there is none; from 1.
    pub line: usize,
    /// The expression without `.await`, on one line.
    pub text: String,
}

/// A call of the program that makes a lane: `spawn`, `spawn_blocking`, `block_on` and the like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spawn {
    /// The bytes from the start of the call to its end.
    pub bytes: Range<usize>,
    /// Whether it is `block_on`.
    pub blocks: bool,
    /// What the program calls the task, or nothing.
    pub name: String,
    /// The function that makes the task's future, if a call of a plain name does.
    pub calls: Option<String>,
}

/// A program with its marks.
#[derive(Debug)]
pub struct Program {
    /// The name of the crate that it is compiled as, with which its futures' types begin.
    pub crate_name: String,
    /// The text to compile.
    pub text: String,
    /// The places, by the number in their mark.
    pub places: Vec<Place>,
    /// Whether it leaves to chance which branch a `select!` asks first.
    pub random: bool,
    source: String,
    spawns: Vec<Spawn>,
    insertions: Vec<(usize, String)>,
}

/// What follows the program: the traits of the marks, and a runtime without chance.
const TAIL: &str = include_str!("tail.rs");

/// Marks a program that is compiled as the binary `name`.
pub fn mark(name: &str, source: &str) -> Result<Program> {
    let tokens = TokenStream::from_str(source).map_err(|error| anyhow!("not Rust: {error}"))?;
    let marks = marker::mark(source, tokens);
    let mut text = String::new();
    let mut copied = 0;
    for (at, inserted) in &marks.insertions {
        text.push_str(&source[copied..*at]);
        text.push_str(inserted);
        copied = *at;
    }
    text.push_str(&source[copied..]);
    text.push_str(TAIL);
    Ok(Program {
        crate_name: format!("{}::", name.replace('-', "_")),
        text,
        places: marks.places,
        random: marks.random,
        source: source.to_owned(),
        spawns: marks.spawns,
        insertions: marks.insertions,
    })
}

impl Program {
    /// The call that makes a lane, at a line and column of the marked text.
    pub fn spawn_at(&self, line: usize, column: usize, blocks: bool) -> Option<&Spawn> {
        let marked = offset(&self.text, line, column)?;
        let mut original = marked;
        let mut shift = 0;
        for (at, inserted) in &self.insertions {
            if at + shift + inserted.len() > marked {
                break;
            }
            shift += inserted.len();
            original = marked - shift;
        }
        let around = self.spawns.iter();
        around
            .filter(|spawn| spawn.blocks == blocks && spawn.bytes.contains(&original))
            .min_by_key(|spawn| spawn.bytes.len())
    }

    /// The line where the future begins that a call makes: at the `async fn` of which it is a
    /// call, if the program has one.
    pub fn body_of(&self, spawn: &Spawn) -> Option<usize> {
        let head = format!("async fn {}", spawn.calls.as_deref()?);
        self.line_where(|line| {
            let rest = line.trim_start().trim_start_matches("pub ");
            let rest = rest.strip_prefix(&head);
            rest.is_some_and(|rest| rest.starts_with(['(', '<']))
        })
    }

    /// The line where an `async fn main` begins, which Tokio reports by its end.
    pub fn line_of_main(&self) -> Option<usize> {
        self.line_where(|line| line.trim_start().starts_with("async fn main"))
    }

    /// A place as the run shows it.
    pub fn shown(&self, place: &Place) -> run::Place {
        let utf16 = |byte: usize| self.source[..byte].encode_utf16().count();
        run::Place {
            line: place.line,
            span: (utf16(place.bytes.start), utf16(place.bytes.end)),
            text: expression(place),
        }
    }

    fn line_where(&self, is_it: impl Fn(&str) -> bool) -> Option<usize> {
        let index = self.source.lines().position(is_it)?;
        Some(index + 1)
    }
}

/// The byte at a line and a column, both from 1.
fn offset(text: &str, line: usize, column: usize) -> Option<usize> {
    let mut start = 0;
    for (index, whole) in text.split_inclusive('\n').enumerate() {
        if index + 1 == line {
            let within = whole.char_indices().nth(column.checked_sub(1)?)?;
            return Some(start + within.0);
        }
        start += whole.len();
    }
    None
}
