//! The word that chooses programs: `cargo test -p chapters ch03`.

/// A word that chooses no program is a mistake, and not a book that is proved.
///
/// A word that may be meant for another package is none: `cargo test WORD` asks all of them.
#[ctor::ctor(unsafe)]
fn refuse_a_chapter_that_is_not_there() {
    let word = std::env::args().skip(1).find(|word| !word.starts_with('-'));
    let Some(word) = word else { return };
    let is_chapter = word
        .strip_prefix("ch")
        .is_some_and(|rest| rest.starts_with(|letter: char| letter.is_ascii_digit()));
    let is_page = word.contains(".md") || word.contains("_line_");
    if (is_chapter || is_page) && !crate::NAMES.iter().any(|name| name.contains(&word)) {
        eprintln!(
            "error: no chapter {word}: a chapter is named as its file begins, `ch03`, and a program as `cargo test -p chapters -- --list` says"
        );
        std::process::exit(1);
    }
}
