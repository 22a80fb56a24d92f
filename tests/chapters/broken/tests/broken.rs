//! A book with a chapter for each way in which a program can be wrong, and what is said of it.
//!
//! The tests named as chapters are those that fail; they do so only when [`SAID`] runs them.

use std::path::Path;
use std::process::{Command, Output};
use std::sync::LazyLock;
use std::{env, fs};

#[path = "../../tests/python.rs"]
mod python;
#[path = "../../tests/word.rs"]
mod word;
#[path = "../../tests/proof.rs"]
mod words;

include!(concat!(env!("OUT_DIR"), "/chapters.rs"));

/// What the tests of the book call.
mod proof {
    pub use crate::words::Program;

    pub fn prove(program: &Program, triple: &str, text: &str) {
        if std::env::var_os(crate::BREAK).is_some() {
            crate::words::prove(program, triple, text);
        }
    }

    #[allow(dead_code, reason = "only names are needed of a book that is sound")]
    pub fn refuse(words: &str) {
        if std::env::var_os(crate::BREAK).is_some() {
            crate::words::refuse(words);
        }
    }

    pub fn prove_python(program: &Program, code: &str) {
        if std::env::var_os(crate::BREAK).is_some() {
            crate::words::prove_python(program, code);
        }
    }
}

const BREAK: &str = "CHAPTERS_BREAK";

/// What is said when the whole book is proved.
static SAID: LazyLock<String> = LazyLock::new(|| {
    let test = env::current_exe().unwrap();
    let mut command = Command::new(test);
    command
        .args(["--include-ignored", "ch"])
        .env(BREAK, "1")
        .env("CHAPTERS_LIMIT", "4");
    let output = command.output().unwrap();
    assert!(!output.status.success());
    both(&output)
});

fn both(output: &Output) -> String {
    let (said, errors) = (&output.stdout, &output.stderr);
    String::from_utf8_lossy(said).into_owned() + &String::from_utf8_lossy(errors)
}

/// What is said of one chapter: all parts, and the place and the command besides.
#[track_caller]
fn says(page: &str, parts: &[&str]) {
    let name = NAMES
        .iter()
        .find(|name| name.starts_with(&page.replace('-', "_")));
    let name = name.expect("there is such a chapter");
    let start = format!("---- {name} stdout ----");
    let said = SAID.split_once(&start).expect("it fails").1;
    let said = said.split("\n---- ch").next().unwrap_or_default();
    let place = format!("content/{page}.md:3: the block below the heading `waiting` ");
    let again = format!("To run only this block: cargo test -p chapters {name}");
    for part in [&place, &again].map(String::as_str).iter().chain(parts) {
        assert!(said.contains(part), "no {part:?} in:\n{said}");
    }
    assert_eq!(said.matches(&place).count(), 1, "told once:\n{said}");
    assert!(!said.contains("--extern"), "a command line:\n{said}");
}

#[test]
fn a_program_that_does_not_compile_is_named_with_its_line_in_the_page() {
    says(
        "ch01-no-type",
        &[
            "does not compile without a warning",
            "error[E0308]",
            "content/ch01-no-type.md:5:",
            "tests/anti_patterns",
        ],
    );
}

#[test]
fn a_warning_is_an_error() {
    says(
        "ch02-warning",
        &["unused variable: `x`", "ch02-warning.md:5:"],
    );
}

#[test]
fn a_program_that_panics_is_named_with_its_line_in_the_page() {
    let parts = ["fails", "a word before", "content/ch03-panics.md:6:5"];
    says("ch03-panics", &parts);
}

#[test]
fn a_program_that_hangs_is_stopped_at_the_limit() {
    says("ch04-hangs", &["It still ran after 4 s"]);
}

#[test]
fn a_program_that_should_panic_panics_and_says_its_lesson() {
    says(
        "ch05-no-panic",
        &["does not panic, as its should_panic=1 says"],
    );
    says(
        "ch06-other-panic",
        &[
            "does not panic, as its should_panic=1 says",
            "ch06-other-panic.md:5:5",
            "the lesson",
        ],
    );
    says(
        "ch07-panic-uncompiled",
        &["does not compile", "error[E0425]"],
    );
}

#[test]
fn a_program_that_is_not_run_is_compiled_all_the_same() {
    says("ch08-not-run", &["does not compile", "error[E0425]"]);
}

#[test]
fn a_program_that_ends_with_a_status_fails() {
    says("ch09-exits", &["fails\n"]);
}

#[test]
fn of_a_program_with_tests_all_is_run() {
    says("ch10-main-of-tests", &["fails\n", "main is run, too"]);
    says("ch11-test-fails", &["fails\n", "a test of the program"]);
}

#[test]
fn a_program_has_the_crates_of_its_readers_and_their_edition() {
    says("ch12-foreign-crate", &["does not compile", "error[E0433]"]);
    says("ch13-old-rust", &["does not compile", "`gen`"]);
}

#[test]
fn a_python_program_that_fails_or_hangs_is_named() {
    says(
        "ch14-python",
        &["fails, exit status: 3", "a word before", " -- --ignored"],
    );
    says("ch15-python-hangs", &["still ran after 4 s"]);
}

#[test]
fn programs_in_lists_quotes_answers_and_any_fence_are_proved() {
    let passed = SAID
        .lines()
        .filter(|line| line.starts_with("test ch20_passes") && line.ends_with(" ok"));
    assert_eq!(passed.count(), 6, "{}", *SAID);
}

/// Has the tests of a book written.
fn generate(chapter: impl AsRef<[u8]>) -> (bool, String, String) {
    let book = tempfile::tempdir().unwrap();
    fs::create_dir(book.path().join("content")).unwrap();
    fs::write(book.path().join("content/ch01-waiting.md"), chapter).unwrap();
    generate_from(book.path())
}

fn generate_from(book: &Path) -> (bool, String, String) {
    // The compiled build.rs, which stands in for rustc.
    let output = Command::new(env::var_os("RUSTC").unwrap())
        .env("RUSTC", "rustc")
        .env("OUT_DIR", book)
        .env("TARGET", "any")
        .env("BOOK_ROOT", book)
        .output()
        .unwrap();
    let tests = fs::read_to_string(book.join("chapters.rs")).unwrap_or_default();
    (output.status.success(), both(&output), tests)
}

#[test]
fn a_file_that_is_not_utf8_is_named_with_its_line() {
    let (is_written, said, _) = generate(b"One\nTw\xff\n");
    assert!(
        !is_written && said.contains("content/ch01-waiting.md: line 2 is not UTF-8"),
        "{said}"
    );
}

#[test]
fn code_that_escapes_proof_is_refused() {
    let says = |chapter: &str, part: &str| {
        let (is_written, said, tests) = generate(chapter);
        assert!(is_written && tests.contains(part), "{said}\n{tests}");
    };
    says(
        "Text\n\n    fn main() {}\n",
        "content/ch01-waiting.md:3: an indented code block",
    );
    says(
        "<pre>fn main() {}</pre>\n",
        "content/ch01-waiting.md:1: code in raw HTML",
    );
    says(
        "<summary>A</summary>\n```rust\nfn main() {}\n```\n",
        "content/ch01-waiting.md:2: `",
    );
    says(
        "```rust\nfn main() {}\n",
        "content/ch01-waiting.md:1: an unclosed fence",
    );
    says(
        "```rust\nfn main() {}\n",
        "fn ch01_waiting_refused_0_line_1() {",
    );
}

#[test]
fn an_empty_chapter_has_nothing_to_prove() {
    let (is_written, said, tests) = generate("");
    assert!(is_written && !tests.contains("#[test]"), "{said}");
}

#[test]
fn a_folder_without_a_book_is_no_book_that_is_proved() {
    let folder = tempfile::tempdir().unwrap();
    let (is_written, said, _) = generate_from(folder.path());
    assert!(
        !is_written && said.contains("there is no book in"),
        "{said}"
    );
}

#[test]
fn a_program_that_skeptic_reads_in_another_way_than_readers_is_refused() {
    for (chapter, part) in [
        ("```rust\n# fn main() {}\n```\n", "begin no line with `# `"),
        (
            "```rust,run=ch01-no_run-no_run,no_run\nfn main() {}\n```\n```rust,run=no_run\nfn main() {}\n```\n",
            "`no_run` in another word",
        ),
    ] {
        let (is_written, said, _) = generate(chapter);
        assert!(
            !is_written && said.contains("content/ch01-waiting.md:") && said.contains(part),
            "{said}"
        );
    }
}

#[test]
fn the_name_of_a_test_stays_when_the_text_below_it_changes() {
    let one = "## One {#one}\n\n```rust\nfn main() {}\n```\n";
    let (_, _, tests) = generate(one);
    assert!(tests.contains("fn ch01_waiting_one_line_3() {"), "{tests}");
}

#[test]
fn a_word_that_chooses_no_program_is_an_error() {
    let choose = |word: &str| {
        let command = Command::new(env::current_exe().unwrap()).arg(word).output();
        let output = command.unwrap();
        (output.status.success(), both(&output))
    };
    for word in ["ch99", "ch01_nothing", "nothing_line_1"] {
        let (is_proved, said) = choose(word);
        assert!(!is_proved, "{said}");
        assert!(
            said.contains(&format!("error: no chapter {word}: ")),
            "{said}"
        );
    }
    // It may be meant for another package.
    assert!(choose("no_such_word").0);
    assert!(choose("ch01_no_type").0);
}
