//! A small sound book in a folder of its own, in which a test breaks one thing.

use std::fs;
use std::path::PathBuf;

use tempfile::TempDir;

use crate::Problem;
use crate::book::Book;

/// The one chapter of the book.
pub const CHAPTER: &str = "content/part1-foundations/ch02-event-loop-internals.md";

/// The files of the book. They stand in `tests/site/fixture/`.
const FILES: &[(&str, &str)] = &[
    (CHAPTER, include_str!("../fixture/chapter.md")),
    (
        "content/glossary.md",
        include_str!("../fixture/glossary.md"),
    ),
    (
        "content/outline.toml",
        include_str!("../fixture/outline.toml"),
    ),
    (
        "Cargo.lock",
        "[[package]]\nname = \"tokio\"\nversion = \"1.54.1\"\n",
    ),
    (
        "Cargo.toml",
        "[workspace.package]\nrust-version = \"1.95\"\n",
    ),
    (
        "code/examples/src/bin/ch02-ticker.rs",
        include_str!("../fixture/ticker.rs"),
    ),
    (
        "code/exercises/info.toml",
        include_str!("../fixture/info.toml"),
    ),
    (
        "code/measurements/results/wakes.toml",
        "machine = \"m\"\n[values]\nper_second = 3\n",
    ),
    (
        "static/drawings/ch02-lanes.svg",
        include_str!("../fixture/lanes.svg"),
    ),
    (
        "static/runs/ch02-tick.json",
        r#"{ "name": "ch02-tick", "tokio": "1.54.1", "clock": "virtual", "picture": [720, 88],
             "source": "fn main() {\n    assert!(true);\n}\n",
             "lanes": [{ "name": "main", "kind": "main", "line": 1 }], "places": [],
             "steps": [{ "kind": "run", "lane": 0, "x": 82, "say": "*main* runs." }] }"#,
    ),
    (
        "static/runs/ch02-tick.svg",
        "<svg><title>Recorded run of main</title><desc>main runs.</desc></svg>",
    ),
    (
        "templates/base.html",
        "<title>{% block title %}{% endblock %}</title>",
    ),
    (
        "templates/page.html",
        "{% extends \"base.html\" %}{% block title %}{{ page.title }}{% endblock %}",
    ),
    (
        "tests/anti_patterns/ch02-event-loop-internals/no_main.rs",
        "fn mai() {}\n",
    ),
    (
        "tests/anti_patterns/ch02-event-loop-internals/no_main.stderr",
        "error[E0601]: no `main`\n",
    ),
    (
        "tests/site/anchors.txt",
        include_str!("../fixture/anchors.txt"),
    ),
];

/// The folder of the book.
pub struct Fixture(TempDir);

impl Fixture {
    /// A book in which nothing is wrong.
    pub fn sound() -> Fixture {
        let fixture = Fixture(tempfile::tempdir().unwrap());
        FILES
            .iter()
            .fold(fixture, |fixture, (path, text)| fixture.write(path, text))
    }

    pub fn write(self, path: &str, text: &str) -> Fixture {
        self.write_bytes(path, text.as_bytes())
    }

    pub fn write_bytes(self, path: &str, bytes: &[u8]) -> Fixture {
        let file = self.path(path);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, bytes).unwrap();
        self
    }

    #[track_caller]
    pub fn replace(self, path: &str, from: &str, to: &str) -> Fixture {
        let text = fs::read_to_string(self.path(path)).unwrap();
        assert!(text.contains(from), "{path} has no {from:?}");
        self.write(path, &text.replacen(from, to, 1))
    }

    pub fn rename(self, from: &str, to: &str) -> Fixture {
        fs::rename(self.path(from), self.path(to)).unwrap();
        self
    }

    pub fn remove(self, path: &str) -> Fixture {
        fs::remove_file(self.path(path)).unwrap();
        self
    }

    pub fn book(&self) -> Book {
        Book::read(self.0.path())
    }

    /// Asserts that a rule finds these problems and no others: each is a file, a text that
    /// stands first on the line it is reported for, and the beginning of what is wrong.
    #[track_caller]
    pub fn expect(self, check: fn(&Book) -> Vec<Problem>, expected: &[(&str, &str, &str)]) {
        let found = check(&self.book());
        let listed: Vec<String> = found.iter().map(Problem::to_string).collect();
        assert_eq!(found.len(), expected.len(), "{}", listed.join("\n"));
        for (problem, (file, at, what)) in found.iter().zip(expected) {
            let text = fs::read(self.path(file)).unwrap_or_default();
            let text = String::from_utf8_lossy(&text);
            let line = text
                .lines()
                .position(|line| line.contains(at))
                .map_or(1, |line| line + 1);
            assert_eq!(
                (problem.file.as_str(), problem.line),
                (*file, line),
                "{problem}"
            );
            assert!(problem.what.starts_with(what), "{problem}");
        }
    }

    fn path(&self, path: &str) -> PathBuf {
        self.0.path().join(path)
    }
}

/// The rules over the sound book: none finds anything.
#[test]
fn nothing_is_wrong_with_the_sound_book() {
    let checks: &[fn(&Book) -> Vec<Problem>] = &[
        crate::anchors::check,
        crate::anti_patterns::check,
        crate::cards::check,
        crate::crates::check,
        crate::documentation::check,
        crate::drawings::check,
        crate::exercises::check,
        crate::fences::check,
        crate::format::check,
        crate::front_matter::check,
        crate::headings::check,
        crate::links::check,
        crate::listings::check,
        crate::topics::check,
        crate::prose::check,
        crate::quiz::check,
        crate::runs::check,
        crate::sentences::check,
        crate::shortcodes::check,
        crate::templates::check,
        crate::terms::check,
        crate::translations::check,
        crate::unreadable::check,
        crate::words::check,
    ];
    for check in checks {
        Fixture::sound().expect(*check, &[]);
    }
}
