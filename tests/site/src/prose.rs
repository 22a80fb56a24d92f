//! Prose: words that the style leaves out, and headings in sentence case.

use std::sync::LazyLock;

use regex::Regex;

use crate::Problem;
use crate::book::Book;

/// Words that say nothing, or that something is easy.
static EMPTY: LazyLock<Regex> = LazyLock::new(|| {
    let words = "simply|just|obviously|easily|basically|of course|trivially|needless to say";
    Regex::new(&format!(r"(?i)\b({words})\b")).expect("a pattern")
});

/// Spellings of other continents.
static BRITISH: LazyLock<Regex> = LazyLock::new(|| {
    let words = "behaviours?|colou?red?|colours?|favou?rites?|honours?|neighbours?|centres?|\
                 whilst|grey|(?:organ|recogn|real|serial|optim|initial|synchron|minim|maxim|\
                 general|summar|normal|paralle?l|custom|special|util)is(?:e|es|ed|ing|ation)|\
                 analys(?:e|es|ed|ing)|labelled|modell(?:ed|ing)|travell(?:ed|ing)";
    Regex::new(&format!(r"(?i)\b({words})\b")).expect("a pattern")
});

static EXCLAMATION: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\p{L}!(?:\s|$)").expect("a pattern"));
static EMOJI: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"[\x{1F300}-\x{1FAFF}\x{2600}-\x{26FF}\x{2705}\x{274C}\x{2728}]")
        .expect("a pattern")
});
static CODE: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"`[^`]*`").expect("a pattern"));

/// Words that keep their capital inside a heading.
const NAMES: &[&str] = &[
    "I",
    "Rust",
    "Tokio",
    "Python",
    "Linux",
    "Windows",
    "Mac",
    "macOS",
    "Pin",
    "Send",
    "Sync",
    "Future",
    "Waker",
    "Unpin",
    "Drop",
    "Arc",
    "Mutex",
    "Stream",
    "Sink",
    "Cargo",
    "Redis",
    "PostgreSQL",
    "Prometheus",
    "Axum",
    "Tower",
    "Hyper",
    "Docker",
    "Kubernetes",
    "Rustlings",
    "January",
    "English",
    "Markdown",
    "Zola",
    "GitHub",
    "Part",
    "Chapter",
    "JavaScript",
    "Go",
    "Result",
    "Option",
    "Box",
    "Rc",
    "Cell",
    "Poll",
    "Pending",
    "Ready",
    "Context",
    "Loom",
];

/// Every page below content/.
pub fn check(book: &Book) -> Vec<Problem> {
    let mut problems = Vec::new();
    for page in book.content() {
        let mut problem = |line, what: String, fix: &str| {
            problems.push(Problem::new(&page.path, line, what, fix));
        };
        for (line, text) in &page.prose {
            for found in EMPTY.find_iter(text) {
                let fix = "leave it out: it says nothing, or that the reader is slow";
                problem(*line, format!("the word \"{}\"", found.as_str()), fix);
            }
            for found in BRITISH.find_iter(text) {
                problem(
                    *line,
                    format!("the spelling \"{}\"", found.as_str()),
                    "use the American one",
                );
            }
            if EXCLAMATION.is_match(text) {
                problem(*line, "an exclamation mark".into(), "use a full stop");
            }
            if EMOJI.is_match(text) {
                problem(*line, "an emoji".into(), "use a word");
            }
        }
        let source: Vec<&str> = page.text.lines().collect();
        for heading in &page.headings {
            let text = source.get(heading.line - 1).copied().unwrap_or_default();
            let text = text
                .split("{#")
                .next()
                .unwrap_or_default()
                .trim_start_matches('#');
            if let Some(word) = capital_inside(&CODE.replace_all(text, "`code`")) {
                let what = format!("\"{word}\" has a capital inside the heading");
                problem(
                    heading.line,
                    what,
                    "write it small, or add the name to NAMES in tests/site/src/prose.rs",
                );
            }
        }
    }
    problems
}

/// The first word that begins with a capital although it neither begins a sentence nor is a name.
fn capital_inside(title: &str) -> Option<&str> {
    let mut begins = true;
    for word in title.split_whitespace() {
        let bare = word.trim_matches(|c: char| !c.is_alphanumeric());
        let bare = bare
            .strip_suffix("'s")
            .or(bare.strip_suffix("’s"))
            .unwrap_or(bare);
        let mut letters = bare.chars();
        let is_capital =
            letters.next().is_some_and(char::is_uppercase) && letters.all(|c| !c.is_uppercase());
        if is_capital && !begins && !NAMES.contains(&bare) {
            return Some(bare);
        }
        begins = word.ends_with([':', '.', '?', '—', '"']);
    }
    None
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::fixture::{CHAPTER, Fixture};

    fn prose(text: &str) -> Fixture {
        Fixture::sound().replace(CHAPTER, "A task waits.", text)
    }

    #[test]
    fn words_that_the_style_leaves_out_are_named() {
        prose("It is simply done.").expect(check, &[(CHAPTER, "simply", "the word \"simply\"")]);
        prose("Let's wait, we'll see.").expect(check, &[]);
        prose("Its behaviour.").expect(
            check,
            &[(CHAPTER, "behaviour", "the spelling \"behaviour\"")],
        );
        prose("Done!").expect(check, &[(CHAPTER, "Done!", "an exclamation mark")]);
        prose("Done 🎉.").expect(check, &[(CHAPTER, "Done", "an emoji")]);
    }

    #[test]
    fn code_is_not_prose() {
        prose("Call `just` and `join!` or justify it.").expect(check, &[]);
    }

    #[test]
    fn a_heading_in_title_case_is_named() {
        Fixture::sound()
            .replace(CHAPTER, "Who wakes a task", "Who Wakes a Task")
            .expect(check, &[(CHAPTER, "Who Wakes", "\"Wakes\" has a capital")]);
        Fixture::sound()
            .replace(
                CHAPTER,
                "Who wakes a task",
                "Tokio's `Waker`: Who wakes an IO task",
            )
            .expect(check, &[]);
    }
}
