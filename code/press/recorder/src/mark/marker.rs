//! Walks over a program's tokens and notes what to insert where.

use std::collections::BTreeSet;
use std::ops::Range;

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};

use super::select::{after_biased, branches};
use super::tokens::{bytes, bytes_of, inside, is, is_word, one_line, start_of};
use super::{Changed, Kind, Place, Spawn, TAIL};

/// What was found in a file.
#[derive(Default)]
pub struct Marks {
    pub places: Vec<Place>,
    pub spawns: Vec<Spawn>,
    pub random: bool,
    pub changed: Vec<(usize, Changed)>,
    /// What to insert, and before which byte of the file.
    pub insertions: Vec<(usize, String)>,
}

/// What stands before a file: so many bytes, lines and places.
#[derive(Clone, Copy)]
pub struct Start {
    pub byte: usize,
    pub line: usize,
    pub place: usize,
}

/// Finds the places of a file, and marks those that touch none of the lines `without`.
pub fn mark(source: &str, tokens: TokenStream, start: Start, without: &BTreeSet<usize>) -> Marks {
    let mut marker = Marker {
        source,
        start,
        without,
        marks: Marks::default(),
    };
    marker.walk(&tokens.into_iter().collect::<Vec<_>>());
    // Stable: what is inserted at one byte stays in the order in which it was found.
    marker.marks.insertions.sort_by_key(|(at, _)| *at);
    marker.marks
}

/// A name with arguments behind it, and all that stands around.
struct Call<'a> {
    name: String,
    tokens: &'a [TokenTree],
    /// The index of the name among the tokens.
    index: usize,
    is_macro: bool,
    arguments: Vec<TokenTree>,
}

impl Call<'_> {
    /// Whether the name is behind `word::`.
    fn is_of(&self, word: &str) -> bool {
        let owner = self.index.checked_sub(3).map(|at| &self.tokens[at]);
        owner.is_some_and(|token| is_word(token, word))
    }

    fn is_method(&self) -> bool {
        let before = self.index.checked_sub(1).map(|at| &self.tokens[at]);
        before.is_some_and(|token| is(token, '.'))
    }
}

struct Marker<'a> {
    source: &'a str,
    start: Start,
    without: &'a BTreeSet<usize>,
    marks: Marks,
}

impl Marker<'_> {
    fn walk(&mut self, tokens: &[TokenTree]) {
        for (index, token) in tokens.iter().enumerate() {
            match token {
                TokenTree::Punct(dot) if dot.as_char() == '.' => {
                    let next = tokens.get(index + 1);
                    if let Some(word) = next.filter(|token| is_word(token, "await")) {
                        self.awaits(tokens, index, word);
                    }
                }
                TokenTree::Punct(hash) if hash.as_char() == '#' => {
                    self.attribute(tokens.get(index + 1));
                }
                TokenTree::Ident(name) => self.name(tokens, index, name.to_string()),
                TokenTree::Group(group) => {
                    self.module(&tokens[..index], group);
                    self.walk(&group.stream().into_iter().collect::<Vec<_>>());
                }
                _ => {}
            }
        }
    }

    /// A module needs the traits of the marks too: `mod name { … }`.
    fn module(&mut self, before: &[TokenTree], group: &Group) {
        if let [.., word, TokenTree::Ident(_)] = before
            && is_word(word, "mod")
            && group.delimiter() == Delimiter::Brace
        {
            self.insert([(group.span_close().byte_range().start, TAIL.to_owned())]);
        }
    }

    /// `tokens[dot]` is the dot of an `.await`.
    fn awaits(&mut self, tokens: &[TokenTree], dot: usize, word: &TokenTree) {
        let Some(range) = bytes_of(&tokens[start_of(tokens, dot)..dot]) else {
            return;
        };
        let end = range.end;
        let number = self.place(Kind::Await, range.clone(), bytes(word).end);
        if !self.is_unmarked(range.start..bytes(word).end) {
            self.insert([(end, format!(".at_place::<{number}>()"))]);
        }
    }

    /// `#[tokio::main(…)]` builds a runtime whose chance is set.
    fn attribute(&mut self, brackets: Option<&TokenTree>) {
        let Some(tokens) = brackets.and_then(|token| inside(token, Delimiter::Bracket)) else {
            return;
        };
        let setting = "crate = \"::recorder::seeded\"";
        match tokens.as_slice() {
            [tokio, _, _, main] if is_word(tokio, "tokio") && is_word(main, "main") => {
                self.insert([(bytes(main).end, format!("({setting})"))]);
            }
            [tokio, _, _, main, settings] if is_word(tokio, "tokio") && is_word(main, "main") => {
                let given = inside(settings, Delimiter::Parenthesis).unwrap_or_default();
                if !given.iter().any(|word| is_word(word, "crate")) {
                    let start = bytes(settings).start + 1;
                    self.insert([(start, format!("{setting}, "))]);
                }
            }
            _ => {}
        }
    }

    /// `tokens[index]` is a name that may be called.
    fn name(&mut self, tokens: &[TokenTree], index: usize, name: String) {
        if index > 0 && is_word(&tokens[index - 1], "fn") {
            return;
        }
        let is_macro = tokens.get(index + 1).is_some_and(|token| is(token, '!'));
        let arguments = tokens.get(index + if is_macro { 2 } else { 1 });
        let Some(TokenTree::Group(group)) = arguments else {
            return;
        };
        if !is_macro && group.delimiter() != Delimiter::Parenthesis {
            return;
        }
        let arguments = group.stream().into_iter().collect();
        self.call(&Call {
            name,
            tokens,
            index,
            is_macro,
            arguments,
        });
    }

    fn call(&mut self, call: &Call<'_>) {
        let empty = call.arguments.is_empty();
        match call.name.as_str() {
            "new_current_thread" | "new_multi_thread" if empty => {
                let end = bytes(&call.tokens[call.index + 1]).end;
                self.insert([(end, ".seeded()".to_owned())]);
            }
            "abort" if empty && call.is_method() => self.aborts(call),
            "init" if empty && !call.is_macro => self.listens(call, "unheard"),
            _ if empty => {}
            "set_global_default" if !call.is_macro => self.listens(call, "accepted"),
            "set_hook" if !call.is_macro => self.hooks(&call.arguments),
            "join" | "try_join" if call.is_macro => {
                let arguments = after_biased(&call.arguments).unwrap_or(&call.arguments);
                for argument in arguments.split(|token| is(token, ',')) {
                    self.wraps(Kind::Join, argument);
                }
            }
            "select" if call.is_macro && !call.is_of("futures") => self.selects(call),
            "timeout" | "timeout_at" if !call.is_macro && !call.is_method() => {
                let mut arguments = call.arguments.splitn(2, |token| is(token, ','));
                let future = arguments.nth(1).unwrap_or_default();
                let end = future.iter().position(|token| is(token, ','));
                self.wraps(Kind::Timed, &future[..end.unwrap_or(future.len())]);
            }
            "sleep" if call.is_of("thread") => self.blocks(&call.arguments),
            "block_on" if !call.is_macro => self.spawns(call),
            name if !call.is_macro && name.starts_with("spawn") => self.spawns(call),
            _ => {}
        }
    }

    fn selects(&mut self, call: &Call<'_>) {
        let tokens = after_biased(&call.arguments);
        self.marks.random |= tokens.is_none();
        for branch in branches(tokens.unwrap_or(&call.arguments)) {
            let Some(number) = self.wraps(Kind::Select, branch.future) else {
                continue;
            };
            let report = format!("::recorder::probe::taken({number}); ");
            let Some(handler) = bytes_of(branch.handler) else {
                continue;
            };
            match branch.handler {
                _ if self.is_unmarked(handler.clone()) => {}
                [block] if inside(block, Delimiter::Brace).is_some() => {
                    self.insert([(handler.start + 1, format!(" {report}"))]);
                }
                _ => self.insert([
                    (handler.start, format!("{{ {report}")),
                    (handler.end, " }".to_owned()),
                ]),
            }
        }
    }

    fn spawns(&mut self, call: &Call<'_>) {
        let arguments = &call.arguments;
        let first = start_of(call.tokens, call.index + 2);
        let start = bytes(&call.tokens[first]).start;
        let calls = match arguments.as_slice() {
            [TokenTree::Ident(called), TokenTree::Group(_)] => Some(called.to_string()),
            _ => None,
        };
        self.marks.spawns.push(Spawn {
            bytes: start..bytes(&call.tokens[call.index + 1]).end,
            blocks: call.name == "block_on",
            name: self.given_name(&call.tokens[..first], call),
            calls,
        });
        if takes_future(call) {
            self.wraps(Kind::Whole, arguments);
        }
    }

    /// The name that the program has for a task: the variable its handle is bound to, else the
    /// call that makes its future, else nothing.
    fn given_name(&self, before: &[TokenTree], call: &Call<'_>) -> String {
        if let [bound @ .., TokenTree::Ident(name), equals] = before
            && is(equals, '=')
            && !name.to_string().starts_with('_')
            && (matches!(bound, [.., let_] if is_word(let_, "let"))
                || matches!(bound, [.., let_, mut_] if is_word(let_, "let") && is_word(mut_, "mut")))
        {
            return name.to_string();
        }
        let arguments = &call.arguments;
        let is_call = arguments
            .last()
            .is_some_and(|last| inside(last, Delimiter::Parenthesis).is_some())
            && start_of(arguments, arguments.len()) == 0;
        let range = bytes_of(arguments).filter(|_| is_call && call.name != "block_on");
        range.map_or(String::new(), |range| one_line(&self.source[range]))
    }

    /// Marks a whole expression: `(expression).at_place::<N>()`.
    fn wraps(&mut self, kind: Kind, expression: &[TokenTree]) -> Option<usize> {
        let range = bytes_of(expression)?;
        let number = self.place(kind, range.clone(), range.end);
        self.around(range, "(", &format!(").at_place::<{number}>()"));
        Some(number)
    }

    /// Reports that a thread is put to sleep: `thread::sleep(recorder::blocking(…, time))`.
    fn blocks(&mut self, arguments: &[TokenTree]) {
        if let Some(range) = bytes_of(arguments) {
            let before = "::recorder::probe::blocking(::std::file!(), ::std::line!(), ";
            self.around(range, before, ")");
        }
    }

    /// Reports panics beside the program's own hook: `set_hook(recorder::probe::hook(hook))`.
    fn hooks(&mut self, arguments: &[TokenTree]) {
        if let Some(range) = bytes_of(arguments) {
            self.around(range, "::recorder::probe::hook(", ")");
        }
    }

    /// Reports that a task is aborted: `(&task).aborting(…).abort()`.
    fn aborts(&mut self, call: &Call<'_>) {
        let dot = call.index - 1;
        if let Some(range) = bytes_of(&call.tokens[start_of(call.tokens, dot)..dot]) {
            let after = ").aborting(::std::file!(), ::std::line!())";
            self.around(range, "(&", after);
        }
    }

    /// Leaves the place of the one who hears `tracing` to the probe, whatever the program calls:
    /// `recorder::unheard!(tracing_subscriber::fmt::init())`.
    fn listens(&mut self, call: &Call<'_>, with: &str) {
        let end = call.index + 2;
        let first = start_of(call.tokens, end);
        let Some(range) = bytes_of(&call.tokens[first..end]) else {
            return;
        };
        let text = &self.source[range.clone()];
        let words = [
            "tracing_subscriber",
            "registry()",
            "fmt()",
            "set_global_default",
        ];
        if !words.iter().any(|word| text.contains(word)) {
            return;
        }
        let line = self.line_of(range.start);
        self.marks.changed.push((line, Changed::Unheard));
        self.around(range, &format!("::recorder::{with}!("), ")");
    }

    fn place(&mut self, kind: Kind, text: Range<usize>, end: usize) -> usize {
        let at = match kind {
            Kind::Await => end,
            _ => text.start,
        };
        self.marks.places.push(Place {
            kind,
            bytes: self.start.byte + text.start..self.start.byte + end,
            line: self.line_of(at),
            text: one_line(&self.source[text]),
        });
        self.start.place + self.marks.places.len() - 1
    }

    /// The line of the whole program that has this byte of the file.
    fn line_of(&self, byte: usize) -> usize {
        self.start.line + 1 + self.source[..byte].matches('\n').count()
    }

    /// Whether an expression touches a line without marks.
    fn is_unmarked(&self, bytes: Range<usize>) -> bool {
        let lines = self.line_of(bytes.start)..=self.line_of(bytes.end);
        self.without.range(lines).next().is_some()
    }

    /// Inserts before and after an expression.
    fn around(&mut self, range: Range<usize>, before: &str, after: &str) {
        if !self.is_unmarked(range.clone()) {
            self.insert([
                (range.start, before.to_owned()),
                (range.end, after.to_owned()),
            ]);
        }
    }

    fn insert(&mut self, texts: impl IntoIterator<Item = (usize, String)>) {
        self.marks.insertions.extend(texts);
    }
}

/// Whether a spawning call is given a future, and not a closure or something for a thread.
fn takes_future(call: &Call<'_>) -> bool {
    let [first, rest @ ..] = call.arguments.as_slice() else {
        return false;
    };
    if call.name == "block_on" {
        return !rest.iter().any(|token| is(token, ','));
    }
    let named = matches!(call.name.as_str(), "spawn" | "spawn_local");
    let of_tokio = call.is_of("tokio") || call.is_of("task") || call.name == "spawn_local";
    let is_closure =
        is(first, '|') || (is_word(first, "move") && rest.iter().any(|token| is(token, '|')));
    // A variable may hold anything, unless it is Tokio that takes it.
    let is_variable = rest.is_empty() && matches!(first, TokenTree::Ident(_));
    named && !call.is_of("thread") && !is_closure && (of_tokio || !is_variable)
}
