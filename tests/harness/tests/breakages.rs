//! Small books, each broken in one way, and what the harness says of them.

use std::fs;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

const CHAPTER: &str = "content/ch01-waiting.md";

/// What proving a book said, and whether all was well.
struct Said {
    text: String,
    is_proved: bool,
}

impl Said {
    #[track_caller]
    fn fails_with(&self, parts: &[&str]) {
        assert!(!self.is_proved, "{}", self.text);
        for part in parts {
            assert!(self.text.contains(part), "no {part:?} in\n{}", self.text);
        }
    }

    #[track_caller]
    fn passes(&self, programs: usize) {
        let expected = format!("{programs} passed; 0 failed");
        assert!(
            self.is_proved && self.text.contains(&expected),
            "{}",
            self.text
        );
    }
}

fn book(chapter: impl AsRef<[u8]>) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("content")).unwrap();
    write(folder.path(), chapter);
    folder
}

fn write(book: &Path, chapter: impl AsRef<[u8]>) {
    fs::write(book.join(CHAPTER), chapter).unwrap();
}

fn prove(book: &Path) -> Said {
    prove_with(book, &[])
}

fn prove_with(book: &Path, arguments: &[&str]) -> Said {
    let output = Command::new(env!("CARGO_BIN_EXE_prove-book"))
        .args(arguments)
        .env("BOOK_ROOT", book)
        .env("CHAPTERS_LIMIT", "1")
        .output()
        .unwrap();
    Said {
        text: format!(
            "{}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        ),
        is_proved: output.status.success(),
    }
}

/// A chapter with one block, whose fence is on line 3.
fn with(fence: &str, program: &str) -> TempDir {
    book(format!(
        "## Waiting {{#waiting}}\n\n```{fence}\n{program}\n```\n"
    ))
}

/// Where the message says that the block is.
const PLACE: &str = "content/ch01-waiting.md:3: the block below the heading `waiting`";

#[test]
fn a_program_that_does_not_compile_is_named_with_its_line_in_the_page() {
    let book = with("rust", "fn main() {\n    let x: u8 = \"\";\n}");
    prove(book.path()).fails_with(&[
        PLACE,
        "does not compile without a warning",
        "error[E0308]",
        "content/ch01-waiting.md:5:",
        "cargo test -p chapters content/ch01-waiting.md:3:",
    ]);
}

#[test]
fn a_warning_is_an_error() {
    let book = with("rust", "fn main() {\n    let x = 1;\n}");
    prove(book.path()).fails_with(&[PLACE, "unused variable: `x`"]);
}

#[test]
fn a_program_that_panics_is_named_with_its_line_in_the_page() {
    let book = with("rust", "fn main() {\n    assert_eq!(1 + 1, 3);\n}");
    prove(book.path()).fails_with(&[
        PLACE,
        "fails, exit status: 101",
        "content/ch01-waiting.md:5:",
    ]);
}

#[test]
fn a_program_that_hangs_is_stopped_at_the_limit() {
    let book = with(
        "rust",
        "fn main() {\n    loop {\n        std::thread::park();\n    }\n}",
    );
    prove(book.path()).fails_with(&[PLACE, "still ran after 1 s"]);
}

#[test]
fn a_program_that_should_panic_and_does_not_is_named() {
    let book = with("rust,should_panic=1", "fn main() {}");
    prove(book.path()).fails_with(&[PLACE, "does not panic, as its should_panic=1 says"]);
    with_passes(
        "rust,should_panic=1",
        "fn main() {\n    panic!(\"as told\");\n}",
    );
}

#[track_caller]
fn with_passes(fence: &str, program: &str) {
    prove(with(fence, program).path()).passes(1);
}

#[test]
fn a_program_that_is_not_run_is_compiled_all_the_same() {
    with_passes(
        "rust,no_run=1",
        "fn main() {\n    loop {\n        std::thread::park();\n    }\n}",
    );
    let book = with("rust,no_run=1", "fn main() {\n    nothing();\n}");
    prove(book.path()).fails_with(&[PLACE, "error[E0425]"]);
}

#[test]
fn a_file_that_is_not_utf8_is_named_with_its_line() {
    let book = book(b"One\nTw\xff\n");
    prove(book.path()).fails_with(&["content/ch01-waiting.md: line 2 is not UTF-8"]);
}

#[test]
fn an_empty_chapter_has_nothing_to_prove() {
    prove(book("").path()).passes(0);
}

#[test]
fn a_folder_without_a_book_is_no_book_that_is_proved() {
    let folder = tempfile::tempdir().unwrap();
    prove(folder.path()).fails_with(&["there is no book in"]);
}

#[test]
fn blocks_are_found_in_lists_quotes_and_answers() {
    let block = |indent: &str| {
        format!(
            "{indent}```rust\n{indent}fn main() {{\n{indent}    assert!(true);\n{indent}}}\n{indent}```\n\n"
        )
    };
    let text = format!(
        "- An item\n\n{}> A quote\n>\n{}<details>\n\n{}</details>\n",
        block("  "),
        block("> "),
        block("")
    );
    prove(book(text).path()).passes(3);
}

#[test]
fn a_message_names_the_line_where_the_block_stands_now() {
    let program = "```rust\nfn main() {\n    let path = std::env::args().next();\n    assert_eq!(path, None);\n}\n```\n";
    let book = book(format!("## One\n\n{program}"));
    prove(book.path()).fails_with(&["content/ch01-waiting.md:6:"]);
    write(book.path(), format!("## One\n\nA line more.\n\n{program}"));
    prove(book.path()).fails_with(&["content/ch01-waiting.md:8:"]);
}

#[test]
fn only_the_block_that_changed_is_built() {
    let block =
        |number: u32| format!("```rust\nfn main() {{\n    assert!({number} > 0);\n}}\n```\n\n");
    let book = book(block(1) + &block(2));
    prove(book.path()).passes(2);
    let kept = programs(book.path());
    write(book.path(), block(1) + &block(3));
    prove(book.path()).passes(2);
    let now = programs(book.path());
    assert_eq!(kept.len(), 2);
    assert_eq!(now.iter().filter(|name| kept.contains(name)).count(), 1);
}

/// The names of the programs that are kept.
fn programs(book: &Path) -> Vec<String> {
    let kept = fs::read_dir(book.join("target/programs")).unwrap();
    kept.map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect()
}

#[test]
fn a_block_is_chosen_by_its_file_and_line() {
    let book = book("```rust\nfn main() {}\n```\n\n```rust\nfn main() {\n    panic!();\n}\n```\n");
    prove_with(book.path(), &["content/ch01-waiting.md:1:"]).passes(1);
}

#[cfg(unix)]
#[test]
fn a_process_that_a_program_leaves_behind_keeps_nobody_waiting() {
    let program = "use std::process::Command;\n\nfn main() {\n    let child = Command::new(\"sleep\").arg(\"600\").spawn();\n    assert!(child.is_ok());\n}";
    with_passes("rust", program);
}
