//! Copies a program and gives each future that it awaits its place in the source.
//!
//! `sleep(second).await` becomes `sleep(second).at_place::<3>().await`. Marked alike are the
//! arguments of `join!`, the branches of `select!`, what `timeout` limits, and what `block_on` and
//! `spawn` are given. `thread::sleep`, `abort` and the branch that `select!` takes report
//! themselves. Nothing moves to another line.
//!
//! The runtime of the copy draws its random choices, such as the branch that `select!` asks first,
//! from a number that the recorder sets.
//!
//! A program of several files is marked as one: their texts stand one behind the other, and lines
//! and bytes count through all of them. Only sentences name a line by its own file.

use std::collections::BTreeSet;
use std::ops::Range;
use std::str::FromStr;

use anyhow::{Result, anyhow};
use proc_macro2::TokenStream;

use crate::run;
use crate::words::shorten;

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

/// The longest expression that a sentence has in full.
const LONGEST: usize = 40;

impl Place {
    /// The expression, short enough for a sentence.
    pub fn expression(&self) -> String {
        if self.text.starts_with("async") && self.text.chars().count() > LONGEST {
            return "async { … }".to_owned();
        }
        shorten(&self.text, LONGEST)
    }
}

/// A call of the program that makes a lane: `spawn`, `spawn_blocking`, `block_on` and the like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spawn {
    /// The bytes of its file from the start of the call to its end.
    pub bytes: Range<usize>,
    /// Whether it is `block_on`.
    pub blocks: bool,
    /// What the program calls the task, or nothing.
    pub name: String,
    /// The function that makes the task's future, if a call of a plain name does.
    pub calls: Option<String>,
}

/// Something that the marked copy does not do as the program does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Changed {
    /// It does not install the program's own subscriber of `tracing`, whose place the probe has.
    Unheard,
}

/// A file of a program, with its marks.
#[derive(Debug)]
pub struct File {
    /// Where it is, as the compiler names it.
    pub path: String,
    /// How many letters of that a sentence leaves out.
    hidden: usize,
    /// The text to compile.
    pub text: String,
    /// How many lines stand before it in the source of the whole program.
    pub before: usize,
    spawns: Vec<Spawn>,
    insertions: Vec<(usize, String)>,
}

/// A program with its marks.
#[derive(Debug)]
pub struct Program {
    /// The names of the crates that it is compiled as, with which its futures' types begin.
    pub crates: Vec<String>,
    /// Its files, in the order in which they stand in `source`.
    pub files: Vec<File>,
    /// The texts of its files, one behind the other.
    pub source: String,
    /// The places, by the number in their mark.
    pub places: Vec<Place>,
    /// Whether it leaves to chance which branch a `select!` asks first.
    pub random: bool,
    /// What its copy does otherwise, and in which line.
    pub changed: Vec<(usize, Changed)>,
}

/// What follows each file of a program, and stands at the end of each module in it: the traits of
/// the marks, and printing that tells where it is done.
const TAIL: &str = " #[allow(unused_imports)] use ::recorder::\
                    {Abort as _, Abortable as _, At as _, Seeded as _, print, println};";

/// Marks a program of one file, which is compiled as the binary `name`.
pub fn mark(name: &str, source: &str) -> Result<Program> {
    let path = format!("src/bin/{name}.rs");
    mark_files(
        &[name],
        "",
        vec![(path, source.to_owned())],
        &BTreeSet::new(),
    )
}

/// Marks the files of a program, each with its path, that are compiled into `crates`.
///
/// A sentence leaves out what their paths begin with, `folder`.
/// Expressions that touch the lines `without` bear no marks.
pub fn mark_files(
    crates: &[&str],
    folder: &str,
    files: Vec<(String, String)>,
    without: &BTreeSet<usize>,
) -> Result<Program> {
    let mut program = Program {
        crates: crates
            .iter()
            .map(|name| format!("{}::", name.replace('-', "_")))
            .collect(),
        files: Vec::new(),
        source: String::new(),
        places: Vec::new(),
        random: false,
        changed: Vec::new(),
    };
    for (path, source) in files {
        if !program.source.is_empty() && !program.source.ends_with('\n') {
            program.source.push('\n');
        }
        let before = program.source.matches('\n').count();
        let tokens = TokenStream::from_str(&source).map_err(|error| {
            let at = error.span().start();
            anyhow!("{path}:{}:{}: not Rust: {error}", at.line, at.column + 1)
        })?;
        let start = marker::Start {
            byte: program.source.len(),
            line: before,
            place: program.places.len(),
        };
        let marks = marker::mark(&source, tokens, start, without);
        program.files.push(File {
            hidden: if path.starts_with(folder) {
                folder.len()
            } else {
                0
            },
            path,
            text: with_insertions(&source, &marks.insertions),
            before,
            spawns: marks.spawns,
            insertions: marks.insertions,
        });
        program.source.push_str(&source);
        program.places.extend(marks.places);
        program.random |= marks.random;
        program.changed.extend(marks.changed);
    }
    Ok(program)
}

fn with_insertions(source: &str, insertions: &[(usize, String)]) -> String {
    let mut text = String::new();
    let mut copied = 0;
    for (at, inserted) in insertions {
        text.push_str(&source[copied..*at]);
        text.push_str(inserted);
        copied = *at;
    }
    text.push_str(&source[copied..]);
    text.push('\n');
    text.push_str(TAIL);
    text.push('\n');
    text
}

impl File {
    /// How a sentence names it.
    pub fn shown(&self) -> &str {
        &self.path[self.hidden..]
    }
}

impl Program {
    /// The file that the compiler, or a backtrace, names so.
    pub fn file(&self, named: &str) -> Option<&File> {
        let named = named.strip_prefix("./").unwrap_or(named);
        self.files.iter().find(|file| file.path == named)
    }

    /// The line of the source that is this one of a file, if the file is one of the program's.
    pub fn line(&self, file: &str, line: usize) -> Option<usize> {
        Some(self.file(file)?.before + line)
    }

    /// How a sentence names a line of the source: by its file too, if there are several.
    pub fn spot(&self, line: usize) -> String {
        match self.place_of(line) {
            Some((file, line)) if self.files.len() > 1 => format!("line {line} of `{file}`"),
            _ => format!("line {line}"),
        }
    }

    /// The file of a line of the source, and which line it is there.
    pub fn place_of(&self, line: usize) -> Option<(&str, usize)> {
        let file = self.files.iter().rfind(|file| file.before < line)?;
        Some((file.shown(), line - file.before))
    }

    /// The call that makes a lane, at a line and column of a marked file.
    pub fn spawn_at(&self, file: &str, line: usize, column: usize, blocks: bool) -> Option<&Spawn> {
        let file = self.file(file)?;
        let marked = offset(&file.text, line, column)?;
        let mut original = marked;
        let mut shift = 0;
        for (at, inserted) in &file.insertions {
            if at + shift + inserted.len() > marked {
                break;
            }
            shift += inserted.len();
            original = marked - shift;
        }
        let around = file.spawns.iter();
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

    /// Whether a type is that of an `async fn` or block of the program.
    pub fn owns(&self, future: &str) -> bool {
        let starts = |name: &String| future.starts_with(name.as_str());
        self.crates.iter().any(starts) && future.ends_with("{{closure}}")
    }

    /// How a sentence names a place: its expression and line.
    pub fn spell(&self, place: &Place) -> String {
        format!("`{}` in {}", place.expression(), self.spot(place.line))
    }

    /// A place as the run shows it.
    pub fn shown(&self, place: &Place) -> run::Place {
        let utf16 = |byte: usize| self.source[..byte].encode_utf16().count();
        run::Place {
            line: place.line,
            span: (utf16(place.bytes.start), utf16(place.bytes.end)),
            text: place.expression(),
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
