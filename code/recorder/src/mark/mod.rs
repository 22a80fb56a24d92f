//! Copies a program and gives each future that it awaits its place in the source.
//!
//! `sleep(second).await` becomes `sleep(second).at_place::<3>().await`, and the arguments of
//! `join!`, the branches of `select!` and what `block_on` and `tokio::spawn` are given are marked
//! alike; `thread::sleep` reports for how long. Nothing moves to another line.

use std::ops::Range;
use std::str::FromStr;

use anyhow::{Result, anyhow};
use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// What kind of place a future is polled at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `future.await`
    Await,
    /// An argument of `join!` or `try_join!`.
    Join,
    /// A branch of `select!`.
    Select,
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
    /// The column of the expression's start, from 1.
    pub column: usize,
    /// The expression without `.await`, on one line.
    pub text: String,
}

/// A spawning call of the program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spawn {
    /// The bytes from the start of the call to its end.
    pub bytes: Range<usize>,
    /// What the program calls the task.
    pub name: String,
    /// The function that makes the task's future, if a call of a plain name does.
    pub calls: Option<String>,
}

/// A program with its marks.
#[derive(Debug)]
pub struct Program {
    /// The name of the crate that it is compiled as, with which its futures' types begin.
    pub crate_name: String,
    source: String,
    /// The text to compile.
    pub text: String,
    /// The places, by the number in their mark.
    pub places: Vec<Place>,
    /// The spawning calls, in order.
    pub spawns: Vec<Spawn>,
    insertions: Vec<(usize, String)>,
}

/// What follows the program: the probe, and the trait of the marks.
const TAIL: &str = "\n#[allow(unused_imports)]\nuse recorder::{At as _, println};\n";

/// Marks a program that is compiled as the binary `name`.
pub fn mark(name: &str, source: &str) -> Result<Program> {
    let tokens = TokenStream::from_str(source).map_err(|error| anyhow!("not Rust: {error}"))?;
    let mut marker = Marker {
        source,
        places: Vec::new(),
        spawns: Vec::new(),
        insertions: Vec::new(),
    };
    marker.walk(&tokens.into_iter().collect::<Vec<_>>());
    let mut insertions = marker.insertions;
    insertions.sort_by_key(|(at, _)| *at);
    let mut text = String::new();
    let mut copied = 0;
    for (at, inserted) in &insertions {
        text.push_str(&source[copied..*at]);
        text.push_str(inserted);
        copied = *at;
    }
    text.push_str(&source[copied..]);
    text.push_str(TAIL);
    Ok(Program {
        crate_name: format!("{}::", name.replace('-', "_")),
        source: source.to_owned(),
        text,
        places: marker.places,
        spawns: marker.spawns,
        insertions,
    })
}

impl Program {
    /// The spawning call at a line and column of the marked text.
    pub fn spawn_at(&self, line: usize, column: usize) -> Option<&Spawn> {
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
            .filter(|spawn| spawn.bytes.contains(&original))
            .min_by_key(|spawn| spawn.bytes.len())
    }

    /// Where the future made by the spawning call of a line begins: at the `async fn` that it
    /// calls, if the program has one, else at the call.
    pub fn body_of(&self, line: usize) -> usize {
        let called = self.spawns.iter().find_map(|spawn| {
            let at = 1 + self.source[..spawn.bytes.start].matches('\n').count();
            (at == line).then_some(spawn.calls.as_deref()).flatten()
        });
        let Some(called) = called else { return line };
        let head = format!("async fn {called}(");
        for (index, text) in self.source.lines().enumerate() {
            if text.trim_start().starts_with(&head) {
                return index + 1;
            }
        }
        line
    }

    /// The line where `main` begins, for a `block_on` that Tokio reports at its end.
    pub fn line_of_main(&self, reported: usize) -> usize {
        let mut lines = self.source.lines();
        let found = lines.position(|line| line.trim_start().starts_with("async fn main"));
        found.map_or(reported, |index| index + 1)
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

struct Marker<'a> {
    source: &'a str,
    places: Vec<Place>,
    spawns: Vec<Spawn>,
    insertions: Vec<(usize, String)>,
}

impl Marker<'_> {
    fn walk(&mut self, tokens: &[TokenTree]) {
        for (index, token) in tokens.iter().enumerate() {
            let next = tokens.get(index + 1);
            match token {
                TokenTree::Punct(dot) if dot.as_char() == '.' => {
                    if let Some(TokenTree::Ident(name)) = next
                        && name == "await"
                    {
                        self.awaits(tokens, index, &tokens[index + 1]);
                    }
                }
                TokenTree::Ident(name) => {
                    let name = name.to_string();
                    self.call(tokens, index, &name);
                }
                TokenTree::Group(group) => {
                    self.walk(&group.stream().into_iter().collect::<Vec<_>>());
                }
                _ => {}
            }
        }
    }

    /// `tokens[dot]` is the dot of an `.await`.
    fn awaits(&mut self, tokens: &[TokenTree], dot: usize, word: &TokenTree) {
        let first = start_of(tokens, dot);
        if first == dot {
            return;
        }
        let start = bytes(&tokens[first]).start;
        let end = bytes(&tokens[dot]).start;
        let number = self.place(Kind::Await, start..end, bytes(word).end);
        self.insertions.push((
            bytes(&tokens[dot - 1]).end,
            format!(".at_place::<{number}>()"),
        ));
    }

    /// `tokens[index]` is a name that may be called.
    fn call(&mut self, tokens: &[TokenTree], index: usize, name: &str) {
        let after = |by: usize| tokens.get(index + by);
        let before = |by: usize| index.checked_sub(by).and_then(|index| tokens.get(index));
        let is_macro = after(1).is_some_and(|token| is(token, '!'));
        let arguments = match after(if is_macro { 2 } else { 1 }) {
            Some(TokenTree::Group(group)) => group.stream().into_iter().collect::<Vec<_>>(),
            _ => return,
        };
        if arguments.is_empty() {
            return;
        }
        match name {
            "join" | "try_join" if is_macro => {
                for argument in arguments.split(|token| is(token, ',')) {
                    self.wraps(Kind::Join, after_word(argument, "biased"));
                }
            }
            "sleep" if before(3).is_some_and(|token| word(token, "thread")) => {
                self.blocks(&arguments);
            }
            "select" if is_macro => self.select(after_word(&arguments, "biased")),
            "block_on" if !is_macro && !before(1).is_some_and(|token| word(token, "fn")) => {
                self.wraps(Kind::Whole, &arguments);
            }
            _ if !is_macro && name.starts_with("spawn") => {
                if before(1).is_some_and(|token| word(token, "fn")) {
                    return;
                }
                let first = start_of(tokens, index + 2);
                let start = bytes(&tokens[first]).start;
                let end = bytes(&tokens[index + 1]).end;
                let name = self.name(&tokens[..first], &arguments);
                let calls = match arguments.as_slice() {
                    [TokenTree::Ident(called), TokenTree::Group(_)] => Some(called.to_string()),
                    _ => None,
                };
                self.spawns.push(Spawn {
                    bytes: start..end,
                    name,
                    calls,
                });
                let of_tokio = |owner: &str| before(3).is_some_and(|token| word(token, owner));
                if name_is_async(tokens, index) && (of_tokio("tokio") || of_tokio("task")) {
                    self.wraps(Kind::Whole, &arguments);
                }
            }
            _ => {}
        }
    }

    /// The branches of a `select!`: pattern `=` future [`, if` condition] `=>` handler.
    fn select(&mut self, tokens: &[TokenTree]) {
        let mut index = 0;
        while index < tokens.len() {
            let is_else = word(&tokens[index], "else");
            let rest = &tokens[index..];
            let Some(arrow) = (0..rest.len()).find(|at| is_arrow(rest, *at)) else {
                return;
            };
            if !is_else && let Some(equals) = (0..arrow).find(|at| is_equals(rest, *at)) {
                let future = &rest[equals + 1..arrow];
                let comma = future.iter().position(|token| is(token, ','));
                self.wraps(Kind::Select, &future[..comma.unwrap_or(future.len())]);
            }
            let handler = arrow + 2;
            let is_block = matches!(rest.get(handler), Some(TokenTree::Group(group))
                if group.delimiter() == Delimiter::Brace);
            let mut end = if is_block { handler + 1 } else { rest.len() };
            if !is_block {
                let comma = rest[handler..].iter().position(|token| is(token, ','));
                end = comma.map_or(end, |comma| handler + comma);
            }
            if rest.get(end).is_some_and(|token| is(token, ',')) {
                end += 1;
            }
            index += end;
        }
    }

    /// Marks a whole expression: `(expression).at_place::<N>()`.
    fn wraps(&mut self, kind: Kind, expression: &[TokenTree]) {
        let (Some(first), Some(last)) = (expression.first(), expression.last()) else {
            return;
        };
        let range = bytes(first).start..bytes(last).end;
        let number = self.place(kind, range.clone(), range.end);
        self.insertions.push((range.start, "(".to_owned()));
        self.insertions
            .push((range.end, format!(").at_place::<{number}>()")));
    }

    /// Reports that a thread is put to sleep: `thread::sleep(recorder::blocking(line, time))`.
    fn blocks(&mut self, arguments: &[TokenTree]) {
        let (Some(first), Some(last)) = (arguments.first(), arguments.last()) else {
            return;
        };
        let before = "::recorder::probe::blocking(::std::line!(), ".to_owned();
        self.insertions.push((bytes(first).start, before));
        self.insertions.push((bytes(last).end, ")".to_owned()));
    }

    fn place(&mut self, kind: Kind, text: Range<usize>, end: usize) -> usize {
        let before = match kind {
            Kind::Await => &self.source[..end],
            _ => &self.source[..text.start],
        };
        let line = 1 + before.matches('\n').count();
        let indent = self.source[..text.start].rfind('\n').map_or(0, |at| at + 1);
        self.places.push(Place {
            kind,
            bytes: text.start..end,
            line,
            column: 1 + self.source[indent..text.start].chars().count(),
            text: one_line(&self.source[text]),
        });
        self.places.len() - 1
    }

    /// The name that the program has for a task: the variable its handle is bound to, else the
    /// call that makes its future, else nothing.
    fn name(&self, before: &[TokenTree], arguments: &[TokenTree]) -> String {
        if let [.., TokenTree::Ident(name), equals] = before
            && is(equals, '=')
        {
            let bound = &before[..before.len() - 2];
            let plain = bound.last().is_some_and(|token| word(token, "let"));
            let changing =
                matches!(bound, [.., let_, mut_] if word(let_, "let") && word(mut_, "mut"));
            if (plain || changing) && !name.to_string().starts_with('_') {
                return name.to_string();
            }
        }
        if let [.., TokenTree::Group(group)] = arguments
            && group.delimiter() == Delimiter::Parenthesis
            && start_of(arguments, arguments.len()) == 0
            && let (Some(first), Some(last)) = (arguments.first(), arguments.last())
        {
            return one_line(&self.source[bytes(first).start..bytes(last).end]);
        }
        String::new()
    }
}

/// `spawn_blocking` and `spawn` of threads are given closures.
fn name_is_async(tokens: &[TokenTree], index: usize) -> bool {
    word(&tokens[index], "spawn")
}

/// Where the expression begins whose last token is `tokens[end - 1]`.
fn start_of(tokens: &[TokenTree], end: usize) -> usize {
    let mut at = end;
    while at > 0 {
        match &tokens[at - 1] {
            token if is(token, '?') => at -= 1,
            TokenTree::Group(group) => {
                at -= 1;
                if group.delimiter() == Delimiter::Brace {
                    let prefix = |token: &TokenTree| {
                        word(token, "async") || word(token, "move") || word(token, "unsafe")
                    };
                    while at > 0 && prefix(&tokens[at - 1]) {
                        at -= 1;
                    }
                    if !(at > 0 && is(&tokens[at - 1], '!')) {
                        break;
                    }
                }
                if at > 1 && is(&tokens[at - 1], '!') {
                    at -= 1;
                } else if at > 0 && is(&tokens[at - 1], '>') {
                    let Some(open) = tokens[..at].iter().rposition(|token| is(token, '<')) else {
                        break;
                    };
                    if open < 2 || !is(&tokens[open - 1], ':') {
                        break;
                    }
                    at = open - 2;
                } else if !(at > 0 && is_operand(&tokens[at - 1])) {
                    break;
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

/// A token that can be called, indexed or asked for a field.
fn is_operand(token: &TokenTree) -> bool {
    const KEYWORDS: [&str; 10] = [
        "return", "in", "if", "while", "match", "let", "else", "move", "break", "mut",
    ];
    match token {
        TokenTree::Ident(name) => !KEYWORDS.iter().any(|keyword| name == keyword),
        TokenTree::Literal(_) => true,
        TokenTree::Group(group) => group.delimiter() == Delimiter::Parenthesis,
        TokenTree::Punct(_) => false,
    }
}

fn is(token: &TokenTree, letter: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == letter)
}

fn word(token: &TokenTree, text: &str) -> bool {
    matches!(token, TokenTree::Ident(name) if name == text)
}

fn is_arrow(tokens: &[TokenTree], at: usize) -> bool {
    is(&tokens[at], '=') && tokens.get(at + 1).is_some_and(|token| is(token, '>'))
}

fn is_equals(tokens: &[TokenTree], at: usize) -> bool {
    let part_of_another = at > 0 && is(&tokens[at - 1], '.');
    is(&tokens[at], '=') && !is_arrow(tokens, at) && !part_of_another
}

/// What follows `biased;`, where a macro begins with it.
fn after_word<'a>(tokens: &'a [TokenTree], start: &str) -> &'a [TokenTree] {
    match tokens {
        [first, semicolon, rest @ ..] if word(first, start) && is(semicolon, ';') => rest,
        _ => tokens,
    }
}

fn bytes(token: &TokenTree) -> Range<usize> {
    token.span().byte_range()
}

fn one_line(text: &str) -> String {
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
