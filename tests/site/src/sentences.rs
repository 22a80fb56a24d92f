//! Sentences: each begins a line of its own, so that a change of one is a change of one line.
//!
//! This holds for pages and for what contributors read: the README files and `.github/`.
//! A bold label before the first sentence is part of its line.

use std::sync::LazyLock;

use harness::book::{self, Page, running};
use regex::{Captures, Regex};

use crate::Problem;
use crate::book::Book;

/// Where one sentence ends and the next begins; a word in lower case begins none.
static NEXT: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"[^.][.?!]["'”’)\]]*\s+(["'“‘(\[]*[\p{Lu}\p{Nd}`])"#).expect("a pattern")
});

/// What is one word, whatever stands in it: code, a link, often to a title, and a shortcode.
static WORD: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"`[^`]*`|\[[^\]]*\]|\{\{.*?\}\}").expect("a pattern"));

/// Every page, every README.md below code/ and tests/, and the texts in .github/.
pub fn check(book: &Book) -> Vec<Problem> {
    let mut problems: Vec<Problem> = book.pages.iter().flat_map(of_page).collect();
    let folders = [".github", "code", "tests"].into_iter();
    let files = folders.flat_map(|folder| book.files(folder, "md"));
    for file in files.filter(|file| file.starts_with(".github/") || file.ends_with("/README.md")) {
        let text = book.file(&file).unwrap_or_default();
        problems.extend(of_page(&book::parse(&file, text)));
    }
    problems
}

fn of_page(page: &Page) -> Vec<Problem> {
    let mut problems = Vec::new();
    for running::Line { line, text } in running::of_page(page) {
        let words = WORD.replace_all(&text, |word: &Captures| "`".repeat(word[0].len()));
        for next in NEXT.captures_iter(&words) {
            let begins = next.get(1).map_or(0, |next| next.start());
            let begins: String = text[begins..].chars().take(40).collect();
            problems.push(Problem::new(
                &page.path,
                line,
                format!("a sentence begins inside the line: \"{begins}\""),
                "begin it on the next line, indented as the text of this one; write an abbreviation out",
            ));
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::fixture::{CHAPTER, Fixture};

    fn prose(text: &str) -> Fixture {
        Fixture::sound().replace(CHAPTER, "A task waits.", text)
    }

    /// Each text has a sentence inside a line, which begins as it is said.
    #[track_caller]
    fn names(texts: &[(&str, &str)]) {
        for (text, begins) in texts {
            let what = format!("a sentence begins inside the line: \"{begins}");
            prose(text).expect(check, &[(CHAPTER, text, &what)]);
        }
    }

    #[test]
    fn a_second_sentence_on_a_line_is_named() {
        names(&[
            ("A task waits. It is woken.", "It is woken.\""),
            ("Does it wait? It does.", "It does."),
            ("It waits for 3. 4 is too much.", "4 is"),
            ("- It waits. It is woken.", "It is"),
            ("1. It waits. It is woken.", "It is"),
            ("> It waits. It is woken.", "It is"),
        ]);
    }

    #[test]
    fn each_place_is_named() {
        let what = "a sentence begins inside the line";
        let (text, last) = (
            "One waits. Two wait.\nThree wait. Four wait. Five wait.",
            "Three",
        );
        let expected = [
            (CHAPTER, "One waits", what),
            (CHAPTER, last, what),
            (CHAPTER, last, what),
        ];
        prose(text).expect(check, &expected);
    }

    #[test]
    fn a_sentence_ends_and_begins_inside_markup() {
        names(&[
            ("It *waits.* It is woken.", "It is"),
            ("It **waits.** It is woken.", "It is"),
            ("It [waits](#quiz). It is woken.", "It is"),
            ("(It waits.) It is woken.", "It is"),
            ("It says \"wait.\" It is woken.", "It is"),
            ("It waits. *It* is woken.", "It is"),
            ("It waits. [It](#quiz) is woken.", "[It] is"),
            ("It waits. \"It\" is a task.", "\"It\""),
            ("It waits. (It is woken.)", "(It"),
            ("It waits. `wake` wakes it.", "`wake`"),
            ("It waits in `a.await`. It is woken.", "It is"),
            (
                "It waits. {{ later(chapter=2, text=\"C\") }} says.",
                "{{ later",
            ),
            ("**Why. It waits.**", "It waits."),
        ]);
    }

    #[test]
    fn what_ends_no_sentence_is_not_named() {
        for text in [
            "It takes 1.54 Tokio seconds.",
            "It waits, and so on ... Tokio waits.",
            "It waits … Then it goes on.",
            "It calls `std::mem::swap(...) Then. It` waits.",
            "It asks \"why?\" and waits.",
            "It is in [Who waits? And why?](#quiz) and waits.",
            "It has `a`, `b`, etc. and waits.",
            "It waits: It is a task.",
            "It waits {{ later(chapter=2, text=\"One. Two\") }} long.",
        ] {
            prose(text).expect(check, &[]);
        }
    }

    #[test]
    fn a_label_belongs_to_the_line_of_its_sentence() {
        for text in ["**Why?** It waits.", "- **2.** It waits.", "- **It.** `a`"] {
            prose(text).expect(check, &[]);
        }
    }

    #[test]
    fn what_is_no_paragraph_is_not_named() {
        for text in [
            "{{ drawing(name=\"ch02-lanes\", caption=\"It waits. It is woken.\") }}",
            "### One. Two. {#three}",
            "| It waits. It is woken. |\n| --- |\n| It waits. It is woken. |",
            "```text\nIt waits. It is woken.\n```",
            "<p title=\"One. Two.\">\nOne. Two.\n</p>",
            "![One. Two.](x.svg)",
        ] {
            prose(text).expect(check, &[]);
        }
    }

    #[test]
    fn what_contributors_read_is_held_to_it() {
        let text = "It waits. It is woken.\n";
        let what = "a sentence begins inside the line";
        for file in [
            "README.md",
            ".github/CONTRIBUTING.md",
            "code/projects/chat/README.md",
            "tests/site/README.md",
        ] {
            Fixture::sound()
                .write(file, text)
                .expect(check, &[(file, text.trim(), what)]);
        }
        Fixture::sound()
            .write("tests/chapters/broken/a.md", text)
            .expect(check, &[]);
    }
}
