//! Anti-patterns: each case is shown, and can be shown.

use crate::Problem;
use crate::book::{Book, chapter_number, stem};
use crate::shortcodes;

const FOLDER: &str = "tests/anti_patterns/";
const MOST_LINES: usize = 25;

/// Every `chNN-slug/name.rs` belongs to a chapter, fits on the page, has its message, and is
/// shown by a page. That a shown case exists is the business of the shortcodes.
pub fn check(book: &Book) -> Vec<Problem> {
    let shown: Vec<String> = shortcodes::all(book)
        .iter()
        .filter(|shortcode| shortcode.name == "anti_pattern")
        .filter_map(|shortcode| shortcode.argument("name").map(str::to_owned))
        .collect();
    let mut problems = Vec::new();
    for file in book.files(FOLDER, "rs") {
        let Some(case) = file.trim_start_matches(FOLDER).strip_suffix(".rs") else {
            continue;
        };
        let Some((folder, name)) = case.split_once('/') else {
            continue;
        };
        if chapter_number(folder).is_none() {
            continue;
        }
        let mut problem = |file: &str, line, what: &str, fix: String| {
            problems.push(Problem::new(file, line, what, fix));
        };
        if !book.chapters().any(|(_, page)| stem(page) == folder) {
            let fix = "name the folder as the chapter's file".into();
            problem(&file, 1, "there is no such chapter", fix);
        } else if !shown.iter().any(|shown| shown == case) {
            let fix = format!("write {{{{ anti_pattern(name=\"{case}\") }}}} there, or remove it");
            problem(&file, 1, "no chapter shows this case", fix);
        }
        if !name
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
        {
            problem(
                &file,
                1,
                "the name is not in snake_case",
                "rename it".into(),
            );
        }
        let length = book.file(&file).unwrap_or_default().lines().count();
        if length > MOST_LINES {
            let fix = "shorten it to what shows the error".into();
            problem(&file, MOST_LINES + 1, "a case of more than 25 lines", fix);
        }
        let message = format!("{FOLDER}{case}.stderr");
        match book.file(&message) {
            None => {
                let fix = "type `cargo xtask bless`, then read it".into();
                problem(&message, 1, "the compiler's message is missing", fix);
            }
            Some(text) => {
                if let Some(index) = text.lines().position(|line| line.contains("--> $RUST")) {
                    let what = "the message shows the standard library's source, which not \
                                everyone has";
                    let fix = "choose a program whose message stays within it".into();
                    problem(&message, index + 1, what, fix);
                }
            }
        }
    }
    for message in book.files(FOLDER, "stderr") {
        let program = message.replace(".stderr", ".rs");
        if message.starts_with("tests/anti_patterns/ch") && book.file(&program).is_none() {
            let fix = "remove it, or write the program";
            problems.push(Problem::new(
                &message,
                1,
                "a message without a program",
                fix,
            ));
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::fixture::Fixture;

    const CASE: &str = "tests/anti_patterns/ch02-event-loop-internals/no_main.rs";
    const MESSAGE: &str = "tests/anti_patterns/ch02-event-loop-internals/no_main.stderr";

    #[test]
    fn a_case_that_no_chapter_shows_is_named() {
        let unshown = CASE.replace("no_main", "other");
        Fixture::sound()
            .write(&unshown, "fn a() {}\n")
            .write(&unshown.replace(".rs", ".stderr"), "error\n")
            .expect(check, &[(&unshown, "", "no chapter shows this case")]);
    }

    #[test]
    fn a_case_without_a_message_and_a_message_without_a_case_are_named() {
        Fixture::sound()
            .remove(MESSAGE)
            .expect(check, &[(MESSAGE, "", "the compiler's message is missing")]);
        Fixture::sound()
            .remove(CASE)
            .expect(check, &[(MESSAGE, "", "a message without a program")]);
    }

    #[test]
    fn a_case_in_the_folder_of_no_chapter_is_named() {
        let stray = "tests/anti_patterns/ch09-none/a.rs";
        Fixture::sound()
            .write(stray, "fn a() {}\n")
            .write("tests/anti_patterns/ch09-none/a.stderr", "error\n")
            .expect(check, &[(stray, "", "there is no such chapter")]);
    }

    #[test]
    fn a_message_that_depends_on_the_machine_is_named() {
        Fixture::sound()
            .write(MESSAGE, "error\n  --> $RUST/core/src/future.rs\n")
            .expect(
                check,
                &[(
                    MESSAGE,
                    "$RUST",
                    "the message shows the standard library's source",
                )],
            );
    }
}
