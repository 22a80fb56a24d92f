//! Walks over a program's tokens and notes what to insert where.

use std::ops::Range;

use proc_macro2::{Delimiter, TokenStream, TokenTree};

use super::select::{after_biased, branches};
use super::tokens::{bytes, bytes_of, inside, is, is_word, one_line, start_of};
use super::{Kind, Place, Spawn};

/// What was found in a program.
#[derive(Default)]
pub struct Marks {
    pub places: Vec<Place>,
    pub spawns: Vec<Spawn>,
    pub random: bool,
    /// What to insert, and before which byte of the source.
    pub insertions: Vec<(usize, String)>,
}

/// Finds the places of a program.
pub fn mark(source: &str, tokens: TokenStream) -> Marks {
    let mut marker = Marker {
        source,
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
                    self.walk(&group.stream().into_iter().collect::<Vec<_>>());
                }
                _ => {}
            }
        }
    }

    /// `tokens[dot]` is the dot of an `.await`.
    fn awaits(&mut self, tokens: &[TokenTree], dot: usize, word: &TokenTree) {
        let Some(range) = bytes_of(&tokens[start_of(tokens, dot)..dot]) else {
            return;
        };
        let end = range.end;
        let number = self.place(Kind::Await, range, bytes(word).end);
        self.insert(end, format!(".at_place::<{number}>()"));
    }

    /// `#[tokio::main(…)]` builds a runtime whose chance is set.
    fn attribute(&mut self, brackets: Option<&TokenTree>) {
        let Some(tokens) = brackets.and_then(|token| inside(token, Delimiter::Bracket)) else {
            return;
        };
        let setting = "crate = \"crate::recorder_tail\"";
        match tokens.as_slice() {
            [tokio, _, _, main] if is_word(tokio, "tokio") && is_word(main, "main") => {
                self.insert(bytes(main).end, format!("({setting})"));
            }
            [tokio, _, _, main, settings] if is_word(tokio, "tokio") && is_word(main, "main") => {
                self.insert(bytes(settings).start + 1, format!("{setting}, "));
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
                self.insert(end, ".seeded()".to_owned());
            }
            "abort" if empty && call.is_method() => self.aborts(call),
            _ if empty => {}
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
                [block] if inside(block, Delimiter::Brace).is_some() => {
                    self.insert(handler.start + 1, format!(" {report}"));
                }
                _ => {
                    self.insert(handler.start, format!("{{ {report}"));
                    self.insert(handler.end, " }".to_owned());
                }
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
        self.insert(range.start, "(".to_owned());
        self.insert(range.end, format!(").at_place::<{number}>()"));
        Some(number)
    }

    /// Reports that a thread is put to sleep: `thread::sleep(recorder::blocking(line, time))`.
    fn blocks(&mut self, arguments: &[TokenTree]) {
        if let Some(range) = bytes_of(arguments) {
            let before = "::recorder::probe::blocking(::std::line!(), ".to_owned();
            self.insert(range.start, before);
            self.insert(range.end, ")".to_owned());
        }
    }

    /// Reports that a task is aborted: `(&task).aborting(line).abort()`.
    fn aborts(&mut self, call: &Call<'_>) {
        let dot = call.index - 1;
        if let Some(range) = bytes_of(&call.tokens[start_of(call.tokens, dot)..dot]) {
            self.insert(range.start, "(&".to_owned());
            self.insert(range.end, ").aborting(::std::line!())".to_owned());
        }
    }

    fn place(&mut self, kind: Kind, text: Range<usize>, end: usize) -> usize {
        let before = match kind {
            Kind::Await => &self.source[..end],
            _ => &self.source[..text.start],
        };
        self.marks.places.push(Place {
            kind,
            bytes: text.start..end,
            line: 1 + before.matches('\n').count(),
            text: one_line(&self.source[text]),
        });
        self.marks.places.len() - 1
    }

    fn insert(&mut self, at: usize, text: String) {
        self.marks.insertions.push((at, text));
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
