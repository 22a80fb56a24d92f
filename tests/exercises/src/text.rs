//! What the text of an exercise's files owes to readers, to Rustlings and to each other.

use crate::Problem;
use crate::set::{Exercise, Kind, Set};
use std::fs;

const TESTS: &str = "#[cfg(test)]\nmod tests {\n";

/// What is wrong with the text of the files of `exercise`.
pub fn problems(set: &Set, exercise: &Exercise) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut texts = Vec::new();
    for kind in Kind::ALL {
        let path = set.path(kind, exercise);
        if kind == Kind::Wrong && !path.exists() {
            continue; // Not every exercise has a tempting wrong idea.
        }
        match fs::read_to_string(&path) {
            Ok(text) => texts.push((kind, text)),
            Err(error) => problems.push(Problem::new(
                Set::place(kind, exercise),
                format!("cannot be read: {error}"),
                "write the file (as UTF-8), or remove the entry from info.toml",
            )),
        }
    }
    if set.in_hand.contains(exercise.name()) {
        texts.retain(|(kind, _)| *kind != Kind::Given);
    }
    // The others are held against the first: the exercise as given, if that is not the reader's.
    let first = texts.first().cloned();
    for (kind, text) in &texts {
        let mut refuse = |line: usize, what: String, fix: &str| {
            let place = format!("{}:{line}", Set::place(*kind, exercise));
            problems.push(Problem::new(place, what, fix));
        };
        for (line, what, fix) in alone(*kind, text) {
            refuse(line, what, fix);
        }
        let Some((first_kind, first)) = first.as_ref().filter(|(first, _)| first != kind) else {
            continue;
        };
        if *kind != Kind::Wrong
            && let Some(line) = first_difference(tests_of(first), tests_of(text))
        {
            refuse(
                code_of(text).lines().count() + line,
                "the tests differ from the exercise's".into(),
                "copy everything from `#[cfg(test)]` on from the file in exercises/",
            );
        }
        if exercise.compiles && *first_kind == Kind::Given {
            let own = signatures(code_of(text));
            for signature in signatures(code_of(first)) {
                if !own.contains(&signature) && !signature.ends_with("fn main()") {
                    refuse(
                        1,
                        format!("`{signature}` of the exercise is missing or changed"),
                        "keep every signature of the exercise; only bodies are the reader's",
                    );
                }
            }
        }
    }
    problems
}

/// What is wrong with one file by itself: line, what, fix.
fn alone(kind: Kind, text: &str) -> Vec<(usize, String, &'static str)> {
    let mut wrong = Vec::new();
    let code = code_of(text);
    let tests = tests_of(text);
    let find = |needle: &str| {
        text.lines()
            .position(|line| line.contains(needle))
            .map(|n| n + 1)
    };

    match kind {
        Kind::Given => {
            if !text.starts_with("//! ") {
                wrong.push((
                    1,
                    "does not begin with its task".into(),
                    "state the task in `//! …`",
                ));
            }
            if !code.contains("// TODO") {
                wrong.push((
                    1,
                    "has no `// TODO`".into(),
                    "say in a `// TODO: …` comment what the reader writes there",
                ));
            }
            if !text.contains("#[test]\n") {
                wrong.push((
                    1,
                    "Rustlings looks for `#[test]` at the end of a line and finds none".into(),
                    "add `// `tokio::test` runs an async function as a #[test]` above the first test",
                ));
            }
        }
        Kind::Solution => {
            for left in ["TODO", "todo!", "unimplemented!"] {
                if let Some(line) = find(left) {
                    wrong.push((line, format!("still has `{left}`"), "solve it"));
                }
            }
        }
        Kind::Wrong => {
            if !text.starts_with("//! Wrong: ") {
                wrong.push((
                    1,
                    "does not say what is wrong with it".into(),
                    "begin with `//! Wrong: ` and one sentence",
                ));
            }
            if !tests.is_empty() {
                wrong.push((
                    code.lines().count() + 1,
                    "has tests of its own".into(),
                    "delete them: it is tried with those of the exercise",
                ));
            }
        }
    }

    if !code.contains("fn main()") {
        wrong.push((
            1,
            "has no `fn main()`".into(),
            "add `fn main() {}` before the tests",
        ));
    }
    if kind != Kind::Wrong && tests.is_empty() {
        wrong.push((
            1,
            "has no tests".into(),
            "end it with `#[cfg(test)]` and `mod tests { … }`",
        ));
    } else if !tests.is_empty()
        && (!tests.ends_with("\n}\n") || tests.matches("\n}\n").count() != 1)
    {
        wrong.push((
            code.lines().count() + 1,
            "`mod tests` is not the last thing in the file".into(),
            "move what follows it to where it is used",
        ));
    }
    if let Some(line) = find("crate::") {
        wrong.push((
            line,
            "names something through `crate::`".into(),
            "write `super::` or `self::`: the proof compiles the file as a module",
        ));
    }
    if let Some(line) = find("#[ignore") {
        wrong.push((line, "ignores a test".into(), "let it run, or delete it"));
    }
    if let Some(line) = find("fn test_") {
        wrong.push((
            line,
            "has a test named `test_…`".into(),
            "name the behavior wanted, in words: `waits_for_the_slower_of_the_two`",
        ));
    }
    wrong
}

/// All that stands before the tests.
fn code_of(text: &str) -> &str {
    text.find(TESTS).map_or(text, |start| &text[..start])
}

/// The tests, with the line that opens them.
pub fn tests_of(text: &str) -> &str {
    text.find(TESTS).map_or("", |start| &text[start..])
}

fn first_difference(left: &str, right: &str) -> Option<usize> {
    if left == right {
        return None;
    }
    let same = left
        .lines()
        .zip(right.lines())
        .take_while(|(left, right)| left == right)
        .count();
    Some(same + 1)
}

/// Every `fn` of formatted code up to its body, in one line.
fn signatures(code: &str) -> Vec<String> {
    let mut signatures = Vec::new();
    let mut rest = code;
    while let Some(line) = rest.lines().next() {
        let after_line = &rest[(line.len() + 1).min(rest.len())..];
        if is_function(line) {
            let end = rest.find(['{', ';']).unwrap_or(rest.len());
            let signature = rest[..end].split_whitespace().collect::<Vec<_>>().join(" ");
            let signature = signature.replace("( ", "(").replace(", )", ")");
            // Neither `mut` nor an underscore before a parameter's name changes what callers see.
            let plain = [("(mut ", "("), (", mut ", ", "), ("(_", "("), (", _", ", ")];
            let plain = plain
                .iter()
                .fold(signature, |text, (from, to)| text.replace(from, to));
            signatures.push(plain);
        }
        rest = after_line;
    }
    signatures
}

fn is_function(line: &str) -> bool {
    let qualifier =
        |word: &&str| matches!(*word, "pub" | "async" | "const") || word.starts_with("pub(");
    line.split_whitespace().find(|word| !qualifier(word)) == Some("fn")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signatures_ignore_bodies_line_breaks_and_mut() {
        let given = "/// Runs `fn nothing()`.\npub async fn run<T>(\n    job: T,\n    n: u8,\n) -> T\nwhere\n    T: Clone,\n{\n    todo!()\n}\n";
        let solved = "pub async fn run<T>(mut job: T, n: u8) -> T where T: Clone, {\n    fn inner() {}\n    job\n}\n";
        let wanted = "pub async fn run<T>(job: T, n: u8) -> T where T: Clone,";
        assert_eq!(signatures(given), [wanted]);
        assert_eq!(signatures(solved), [wanted, "fn inner()"]);
    }

    #[test]
    fn signatures_see_methods_and_trait_items_but_no_closures_or_fn_types() {
        let code = "impl A {\n    fn a(&self);\n    pub(super) fn b(&mut self) {}\n}\nlet f: fn() = || {};\n";
        assert_eq!(
            signatures(code),
            ["fn a(&self)", "pub(super) fn b(&mut self)"]
        );
    }
}
