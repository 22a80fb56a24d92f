//! The page with the names of Python's asyncio: it has each of them, and no others.
//!
//! The names stand in [`NAMES`], each with the version of Python that brought it, if that is newer
//! than 3.11. A test that needs Python asks [`ASK`] whether they are still the names.

use std::collections::{BTreeMap, BTreeSet};

use regex::Regex;
use std::sync::LazyLock;

use crate::Problem;
use crate::book::Book;

const PAGE: &str = "content/appendices/asyncio.md";
/// `Queue.put`, or `Queue.shutdown 3.13`.
pub const NAMES: &str = "tests/site/asyncio/names.txt";
/// The program that prints the names of the Python that runs it.
pub const ASK: &str = "tests/site/asyncio/names.py";

/// A name in the first column, and the version behind it.
static NAME: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"`([\w.]+)`(?: \((3\.\d+)\))?").expect("a pattern"));

/// Every name stands in one row of the page, with its version.
pub fn check(book: &Book) -> Vec<Problem> {
    let Some(page) = book.page(PAGE) else {
        return Vec::new();
    };
    let names = book.file(NAMES).unwrap_or_default();
    let mut missing: BTreeMap<&str, Option<&str>> = names
        .lines()
        .map(|line| match line.split_once(' ') {
            Some((name, since)) => (name, Some(since)),
            None => (line, None),
        })
        .collect();
    let known: BTreeSet<&str> = missing.keys().copied().collect();
    let mut problems = Vec::new();
    for (line, name, since) in told(&page.without_code()) {
        let what = match missing.remove(name.as_str()) {
            Some(expected) if expected == since.as_deref() => continue,
            Some(Some(expected)) => format!("`{name}` came with Python {expected}"),
            Some(None) => format!("`{name}` is in Python 3.11 as well"),
            None if known.contains(name.as_str()) => format!("`{name}` has a row already"),
            None => format!("`{name}` is no name of asyncio"),
        };
        problems.push(Problem::new(PAGE, line, what, "correct the row"));
    }
    let missing = missing.into_keys().map(|name| {
        let fix = "write what does its work in Tokio, or why nothing does";
        Problem::new(PAGE, 1, format!("`{name}` has no row"), fix)
    });
    problems.extend(missing);
    problems
}

/// The names in the first column of the tables, with their lines and versions.
///
/// `.get` after `asyncio.Queue.put` is `Queue.get`.
fn told(text: &str) -> Vec<(usize, String, Option<String>)> {
    let mut told = Vec::new();
    for (line, row) in text.lines().enumerate() {
        let Some(cell) = row
            .strip_prefix("| `")
            .and_then(|it| it.split(" | ").next())
        else {
            continue;
        };
        let cell = format!("`{cell}");
        let mut owner = String::new();
        for found in NAME.captures_iter(&cell) {
            let name = match found[1].strip_prefix('.') {
                Some(method) => format!("{owner}.{method}"),
                None => found[1].trim_start_matches("asyncio.").to_owned(),
            };
            owner = owner_of(&name).to_owned();
            let since = found.get(2).map(|since| since.as_str().to_owned());
            told.push((line + 1, name, since));
        }
    }
    told
}

/// `Queue` of `Queue.put`; a class is its own.
fn owner_of(name: &str) -> &str {
    match name.rsplit_once('.') {
        Some((owner, method)) if method.starts_with(char::is_lowercase) => owner,
        _ => name,
    }
}

#[cfg(test)]
mod tests {
    use super::{NAMES, PAGE, check, owner_of};
    use crate::fixture::Fixture;

    fn names(row: &str) -> Fixture {
        let page = format!("+++\ntitle = \"a\"\n+++\n\n{row}\n");
        Fixture::sound()
            .write(
                NAMES,
                "Queue\nQueue.get\nQueue.put\nQueue.shutdown 3.13\nrun\n",
            )
            .write(PAGE, &page)
    }

    #[test]
    fn a_page_with_every_name_is_whole() {
        names("| `asyncio.run` | x |\n| `asyncio.Queue`, `.get`, `.put` | y |\n| `Queue.shutdown` (3.13) | z |")
            .expect(check, &[]);
    }

    #[test]
    fn a_name_that_is_missing_wrong_or_told_twice_is_named() {
        names("| `Queue.get`, `.put`, `.shutdown` | y |\n| `Queue.get`, `.jump` | `run` |").expect(
            check,
            &[
                (
                    PAGE,
                    "`.shutdown`",
                    "`Queue.shutdown` came with Python 3.13",
                ),
                (PAGE, "`.jump`", "`Queue.get` has a row already"),
                (PAGE, "`.jump`", "`Queue.jump` is no name of asyncio"),
                (PAGE, "+++", "`Queue` has no row"),
                (PAGE, "+++", "`run` has no row"),
            ],
        );
    }

    #[test]
    fn a_class_owns_its_methods_wherever_it_stands() {
        assert_eq!(owner_of("Queue.put"), "Queue");
        assert_eq!(owner_of("subprocess.Process"), "subprocess.Process");
        assert_eq!(owner_of("subprocess.Process.kill"), "subprocess.Process");
    }
}
