//! Listings: the parts of a file are marked by pairs of comments.

use std::collections::HashSet;

pub use harness::book::listing::{comment, part};

use crate::Problem;
use crate::book::Book;

const OPEN: &str = "ANCHOR: ";
const CLOSE: &str = "ANCHOR_END: ";
/// Kinds of files that chapters show.
const SHOWN: [&str; 4] = ["rs", "lua", "sql", "py"];

/// The parts that a file opens.
pub fn parts<'a>(file: &str, text: &'a str) -> HashSet<&'a str> {
    text.lines().filter_map(|line| opened(file, line)).collect()
}

/// The part that a line opens.
pub fn opened<'a>(file: &str, line: &'a str) -> Option<&'a str> {
    line.trim().strip_prefix(comment(file))?.strip_prefix(OPEN)
}

/// The part that a line closes.
pub fn closed<'a>(file: &str, line: &'a str) -> Option<&'a str> {
    line.trim().strip_prefix(comment(file))?.strip_prefix(CLOSE)
}

/// In every file below code/, each part opens once and is closed once, after that.
pub fn check(book: &Book) -> Vec<Problem> {
    let mut problems = Vec::new();
    for file in SHOWN.iter().flat_map(|kind| book.files("code", kind)) {
        let comment = comment(&file);
        let text = book.file(&file).unwrap_or_default();
        let mut open: Vec<(&str, usize)> = Vec::new();
        let mut seen = HashSet::new();
        for (line, text) in (1..).zip(text.lines().map(str::trim)) {
            let Some(text) = text.strip_prefix(comment) else {
                continue;
            };
            if let Some(part) = text.strip_prefix(OPEN) {
                if !seen.insert(part) {
                    let what = format!("a second part `{part}`");
                    problems.push(Problem::new(&file, line, what, "give it another name"));
                }
                open.push((part, line));
            } else if let Some(part) = text.strip_prefix(CLOSE) {
                match open.iter().rposition(|(opened, _)| *opened == part) {
                    Some(index) => drop(open.remove(index)),
                    None => {
                        let what = format!("closes a part `{part}` that is not open");
                        let fix = format!("write `{comment}{OPEN}{part}` where it begins");
                        problems.push(Problem::new(&file, line, what, fix));
                    }
                }
            }
        }
        problems.extend(open.into_iter().map(|(part, line)| {
            let fix = format!("write `{comment}{CLOSE}{part}` where it ends");
            Problem::new(
                &file,
                line,
                format!("the part `{part}` is never closed"),
                fix,
            )
        }));
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::{check, parts};
    use crate::fixture::Fixture;

    const FILE: &str = "code/examples/src/bin/ch02-ticker.rs";

    #[test]
    fn a_part_stands_in_comments_of_its_language() {
        for (file, comment) in [("a.rs", "// "), ("a.lua", "-- "), ("a.py", "# ")] {
            let text = format!("{comment}ANCHOR: tick\n");
            assert!(parts(file, &text).contains("tick"), "{file}");
        }
    }

    #[test]
    fn a_part_that_is_not_closed_is_named_and_so_is_one_that_was_not_opened() {
        Fixture::sound()
            .replace(FILE, "ANCHOR_END: tick", "ANCHOR_END: tock")
            .expect(
                check,
                &[
                    (
                        FILE,
                        "ANCHOR_END: tock",
                        "closes a part `tock` that is not open",
                    ),
                    (FILE, "ANCHOR: tick", "the part `tick` is never closed"),
                ],
            );
    }
}
