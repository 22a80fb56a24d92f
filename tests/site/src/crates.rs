//! Crates: above the first program of a page that needs more than Tokio, a line says what to add.
//!
//! Chapter 1 has its reader type `cargo add tokio --features full,test-util`. What else a page needs
//! is read from its programs, and the features from Cargo.toml, whose versions prove the book.
//! `BLESS=1 cargo test -p site --test site` writes the line.

use std::collections::BTreeSet;
use std::fs;
use std::sync::LazyLock;

use harness::book::{Block, Page};
use regex::Regex;
use toml::{Table, Value};

use crate::Problem;
use crate::book::Book;
use crate::shortcodes;

/// The crates that a program of the book may use, beside the manifest that lists them.
const ALLOWED: &str = "tests/chapters/Cargo.toml";

/// What Chapter 1 gives every reader.
const GIVEN: &str = "tokio";

const ADD: &str = "$ cargo add ";

static COMMENT: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"//[^\n]*").expect("a pattern"));

/// Every page below content/ says which crates its programs need, above the first that needs one.
pub fn check(book: &Book) -> Vec<Problem> {
    let crates = Crates::read(book);
    let found = book.content().filter_map(|page| crates.wrong(book, page));
    found.collect()
}

/// Writes the lines anew where they are not as they should be.
pub fn bless(book: &Book) -> std::io::Result<()> {
    let crates = Crates::read(book);
    for page in book.content() {
        if crates.wrong(book, page).is_some() {
            fs::write(book.root.join(&page.path), crates.blessed(book, page))?;
        }
    }
    Ok(())
}

struct Crates {
    /// Each name, what finds its use in a program, and what `cargo add` is told after it.
    all: Vec<(String, Regex, String)>,
}

impl Crates {
    fn read(book: &Book) -> Crates {
        let table = |path: &str| -> Table {
            let text = book.file(path).unwrap_or_default();
            text.parse().unwrap_or_default()
        };
        let (allowed, workspace) = (table(ALLOWED), table("Cargo.toml"));
        let versions = workspace.get("workspace");
        let versions = versions.and_then(|it| it.get("dependencies"));
        let names = allowed.get("dependencies").and_then(Value::as_table);
        let names = names.into_iter().flat_map(Table::keys);
        let all = names.filter(|name| *name != GIVEN).map(|name| {
            let word = name.replace('-', "_");
            let pattern = format!(r"(?:^|[^:\w.])(?:::)?{word}::|\buse (?:::)?{word}\b");
            let asked = versions.and_then(|it| it.get(name));
            (
                name.clone(),
                Regex::new(&pattern).expect("a name"),
                asked.map(options).unwrap_or_default(),
            )
        });
        Crates { all: all.collect() }
    }

    /// The crates that a program uses.
    fn of<'a>(&'a self, code: &str) -> impl Iterator<Item = &'a str> {
        let code = COMMENT.replace_all(code, "").into_owned();
        self.all.iter().filter_map(move |(name, uses, _)| {
            let is_own = code.contains(&format!("mod {} ", name.replace('-', "_")));
            (uses.is_match(&code) && !is_own).then_some(name.as_str())
        })
    }

    /// What the page should say, and above which line: nothing if it needs no line.
    fn wanted(&self, book: &Book, page: &Page) -> Option<(usize, String)> {
        let mut needed = BTreeSet::new();
        let mut first = usize::MAX;
        for (line, code) in programs(book, page) {
            for name in self.of(&code) {
                needed.insert(name);
                first = first.min(line);
            }
        }
        let (simple, with_options): (Vec<_>, Vec<_>) = self
            .all
            .iter()
            .filter(|(name, ..)| needed.contains(name.as_str()))
            .partition(|(_, _, options)| options.is_empty());
        let simple: Vec<&str> = simple.iter().map(|(name, ..)| name.as_str()).collect();
        let mut lines = String::new();
        if !simple.is_empty() {
            lines += &format!("{ADD}{}\n", simple.join(" "));
        }
        for (name, _, options) in with_options {
            lines += &format!("{ADD}{name}{options}\n");
        }
        (!lines.is_empty()).then_some((first, lines))
    }

    fn wrong(&self, book: &Book, page: &Page) -> Option<Problem> {
        let there: Vec<&Block> = page.blocks.iter().filter(|block| is_line(block)).collect();
        let problem = |line: usize, what: String| {
            let fix = "type `BLESS=1 cargo test -p site --test site`";
            Some(Problem::new(&page.path, line, what, fix))
        };
        match (self.wanted(book, page), there.as_slice()) {
            (None, []) => None,
            (None, [block, ..]) => problem(block.line, "no program here needs these crates".into()),
            (Some((line, lines)), []) => {
                let lines = lines.trim_end().replace(ADD, "");
                problem(line, format!("no line above says to add {lines}"))
            }
            (Some((line, lines)), [block]) if block.code == lines && block.line < line => None,
            (Some((line, _)), [block]) if block.line > line => problem(
                block.line,
                "stands below the first program that needs it".into(),
            ),
            (Some((_, lines)), [block]) => problem(
                block.line,
                format!("is not what the programs need: {}", lines.trim_end()),
            ),
            (Some(_), [_, block, ..]) => {
                problem(block.line, "a second line of crates on this page".into())
            }
        }
    }

    /// The page with its line where it belongs; one that stands above that place stays where it is.
    fn blessed(&self, book: &Book, page: &Page) -> String {
        let wanted = self.wanted(book, page);
        let mut lines: Vec<&str> = page.text.lines().collect();
        let there: Vec<&Block> = page.blocks.iter().filter(|block| is_line(block)).collect();
        let mut kept = None;
        if let (Some((first, text)), [block, ..]) = (&wanted, there.as_slice())
            && block.line < *first
        {
            kept = Some((block.line, text));
        }
        // From below, so that the lines above keep their numbers.
        let mut edits: Vec<(usize, usize, String)> = Vec::new();
        for block in there {
            let whole = block.line..block.line + block.code.lines().count() + 2;
            let text = match kept {
                Some((line, text)) if line == block.line => fenced(text),
                _ => String::new(),
            };
            let gap = usize::from(text.is_empty());
            edits.push((whole.start, whole.end + gap, text));
        }
        if let (Some((first, text)), None) = (&wanted, kept) {
            let at = above(page, *first);
            edits.push((at, at, fenced(text) + "\n"));
        }
        edits.sort_by_key(|(start, ..)| std::cmp::Reverse(*start));
        for (start, end, text) in &edits {
            let end = (*end - 1).min(lines.len());
            lines.splice(*start - 1..end, text.lines());
        }
        lines.join("\n") + "\n"
    }
}

/// ` --features full`, as the workspace asks for it.
fn options(asked: &Value) -> String {
    let mut options = String::new();
    if asked.get("default-features") == Some(&Value::Boolean(false)) {
        options += " --no-default-features";
    }
    let features = asked.get("features").and_then(Value::as_array);
    let features: Vec<&str> = features
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    if !features.is_empty() {
        options += &format!(" --features {}", features.join(","));
    }
    options
}

/// The programs that a reader may paste, each with its line: blocks, and what the compiler refuses.
fn programs(book: &Book, page: &Page) -> Vec<(usize, String)> {
    let blocks = page.blocks.iter().filter(|it| it.language() == "rust");
    let mut programs: Vec<(usize, String)> = blocks.map(|it| (it.line, it.code.clone())).collect();
    for shortcode in shortcodes::of_page(page) {
        if let ("anti_pattern", Some(name)) = (shortcode.name.as_str(), shortcode.argument("name"))
        {
            let file = book.file(&format!("tests/anti_patterns/{name}.rs"));
            programs.extend(file.map(|code| (shortcode.line, code)));
        }
    }
    programs
}

/// Whether a block says which crates to add, and nothing else.
fn is_line(block: &Block) -> bool {
    block.language() == "console"
        && !block.code.is_empty()
        && block.code.lines().all(|line| {
            let rest = line.strip_prefix(ADD);
            rest.is_some_and(|rest| rest.split(' ').next() != Some(GIVEN))
        })
}

fn fenced(lines: &str) -> String {
    format!("```console\n{lines}```\n")
}

/// The line above which to write: a question stands whole, and so do a Python program and its Tokio
/// counterpart.
fn above(page: &Page, line: usize) -> usize {
    let lines: Vec<&str> = page.text.lines().collect();
    let before = &lines[..line - 1];
    let opened = before.iter().rposition(|it| it.starts_with("<quiz-card"));
    let closed = before.iter().rposition(|it| it.starts_with("</quiz-card"));
    if opened > closed {
        return opened.map_or(line, |at| at + 1);
    }
    let block = page.blocks.iter().find(|block| block.line == line);
    let python = page
        .blocks
        .iter()
        .rfind(|it| it.line < line && it.language() == "python");
    match (block, python) {
        (Some(block), Some(python)) if block.option("python").is_some() => python.line,
        _ => line,
    }
}

#[cfg(test)]
mod tests {
    use super::{ALLOWED, bless, check};
    use crate::fixture::{CHAPTER, Fixture};

    const MANIFEST: &str = "[workspace.package]\nrust-version = \"1.95\"\n\
        [workspace.dependencies]\nfutures = \"0.3\"\nanyhow = \"1\"\n\
        tokio-util = { version = \"0.7\", default-features = false, features = [\"full\", \"rt\"] }\n";

    /// With a program that uses something in the first block, and another in a quiz.
    fn uses(first: &str, quiz: &str) -> Fixture {
        Fixture::sound()
            .write("Cargo.toml", MANIFEST)
            .write(
                ALLOWED,
                "[dependencies]\nanyhow.workspace = true\nfutures.workspace = true\n\
                 tokio.workspace = true\ntokio-util.workspace = true\n",
            )
            .replace(
                CHAPTER,
                "fn main() {\n    assert!(true)",
                &format!("{first}\nfn main() {{\n    assert!(true)"),
            )
            .replace(CHAPTER, "    assert_eq!(1 + 1, 2);", &format!("    {quiz}"))
    }

    fn line(with: &str) -> Fixture {
        uses("use futures::join;", "").replace(CHAPTER, "A task waits.", with)
    }

    #[test]
    fn what_a_page_needs_is_written_above_its_first_use() {
        let fixture = uses(
            "use futures::join;",
            "tokio_util::time::now(); anyhow::bail!(1);",
        );
        bless(&fixture.book()).unwrap();
        let text = fixture.book().page(CHAPTER).unwrap().text.clone();
        let written = "A task waits.\n\n```console\n$ cargo add anyhow futures\n\
            $ cargo add tokio-util --no-default-features --features full,rt\n```\n\n```rust,run";
        assert!(text.contains(written), "{text}");
        fixture.expect(check, &[]);
    }

    #[test]
    fn a_question_stays_whole() {
        let fixture = uses("use tokio::join;", "let f = futures::future::ready(1);");
        bless(&fixture.book()).unwrap();
        let text = fixture.book().page(CHAPTER).unwrap().text.clone();
        let written = "```console\n$ cargo add futures\n```\n\n<quiz-card answer=\"2\">";
        assert!(text.contains(written), "{text}");
        fixture.expect(check, &[]);
    }

    #[test]
    fn what_is_not_current_is_named_until_it_is_blessed() {
        let problem = |at| {
            vec![(
                CHAPTER,
                at,
                "is not what the programs need: $ cargo add fut",
            )]
        };
        let old = "Before.\n\n```console\n$ cargo add futures rayon\n```\n\nA task waits.";
        line(old).expect(check, &problem("```console"));
        let fixture = line(old);
        bless(&fixture.book()).unwrap();
        let text = fixture.book().page(CHAPTER).unwrap().text.clone();
        let new = "Before.\n\n```console\n$ cargo add futures\n```\n\nA task waits.\n\n```rust,run";
        assert!(text.contains(new), "{text}");
        fixture.expect(check, &[]);
    }

    #[test]
    fn a_line_that_is_missing_late_or_idle_is_named_and_moved() {
        line("A task waits.").expect(
            check,
            &[(CHAPTER, "```rust,run", "no line above says to add futures")],
        );
        let late = "```console\n$ cargo add futures\n```\n\n## How";
        let fixture = line("A task waits.").replace(CHAPTER, "## How", late);
        bless(&fixture.book()).unwrap();
        let text = fixture.book().page(CHAPTER).unwrap().text.clone();
        assert_eq!(text.matches("$ cargo add").count(), 1, "{text}");
        fixture.expect(check, &[]);
        let idle = uses("use tokio::join;", "").replace(CHAPTER, "## How", late);
        bless(&idle.book()).unwrap();
        let text = idle.book().page(CHAPTER).unwrap().text.clone();
        assert!(!text.contains("cargo add"), "{text}");
        assert!(text.contains("```\n\n## How"), "{text}");
        idle.expect(check, &[]);
    }

    #[test]
    fn words_that_are_no_crates_are_no_uses() {
        for word in [
            "// as futures::join does",
            "use tokio_util_of_mine::futures::join;",
            "mod futures {}\nuse futures::join;",
        ] {
            uses(word, "").expect(check, &[]);
        }
        let box_of_chapter_1 = "```console\n$ cargo new waits\n$ cargo add tokio\n```\n\n\
            ```console\n$ cargo add tokio --features full,test-util\n```\n\nA task waits.";
        uses("use tokio::join;", "")
            .replace(CHAPTER, "A task waits.", box_of_chapter_1)
            .expect(check, &[]);
    }
}
