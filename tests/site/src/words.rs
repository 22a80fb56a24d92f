//! The words of the interface, in `words/`: each stands there once, is used, and is in every language.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use harness::book::lines;
use regex::Regex;
use toml::{Table, Value};

use crate::Problem;
use crate::book::Book;

/// The language that the others are translated from.
const ENGLISH: &str = "content/words/en.toml";
/// The table that elements fetch.
const SCRIPTS: &str = "scripts.";
/// The table of what code/ writes beside the pages.
const FILES: &str = "files.";

/// A name to fill in.
static NAMES: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\{\w+\}").expect("a pattern"));
/// `words.part_of` in a template, `its.language` of another language.
static IN_TEMPLATE: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\b(?:words|its)\.(\w+)").expect("a pattern"));
/// The first argument of `say`.
static IN_SCRIPT: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\bsay\(([^,{)]*)").expect("a pattern"));
static QUOTED: LazyLock<Regex> = LazyLock::new(|| Regex::new(r#""(\w+)""#).expect("a pattern"));
/// The beginning of keys that a script puts together.
static BEGUN: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\bsay\(`(\w+)\$\{").expect("a pattern"));

/// The files of words, and what templates and scripts take from them.
pub fn check(book: &Book) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut languages = BTreeMap::new();
    for file in book.files("content/words", "toml") {
        match book.file(&file).unwrap_or_default().parse::<Table>() {
            Ok(table) => drop(languages.insert(file, texts(&table))),
            Err(error) => {
                let text = book.file(&file).unwrap_or_default();
                let line = lines(&text)(error.span().map_or(0, |span| span.start));
                let what = format!("this is not TOML: {}", error.message());
                problems.push(Problem::new(file, line, what, "fix it"));
            }
        }
    }
    let Some(english) = languages.get(ENGLISH) else {
        return problems;
    };
    for (file, words) in &languages {
        problems.extend(compare(book, file, words, english));
    }
    problems.extend(uses(book, english));
    problems
}

/// Every text with its key: `scripts.copied`; of a list, all of it.
fn texts(table: &Table) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for (key, value) in table {
        match value {
            Value::Table(inner) => {
                found.extend(
                    texts(inner)
                        .into_iter()
                        .map(|(name, text)| (format!("{key}.{name}"), text)),
                );
            }
            value => drop(found.insert(key.clone(), value.to_string())),
        }
    }
    found
}

type Words = BTreeMap<String, String>;

fn compare(book: &Book, file: &str, words: &Words, english: &Words) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (key, text) in english {
        match words.get(key) {
            None => {
                let what = format!("`{key}` is missing");
                problems.push(Problem::new(file, 1, what, format!("translate {text}")));
            }
            Some(own) if names(own) != names(text) => {
                let what = format!("`{key}` has not the names to fill in that it has in {ENGLISH}");
                problems.push(Problem::new(
                    file,
                    line(book, file, key),
                    what,
                    format!("keep the names of {text}"),
                ));
            }
            Some(_) => {}
        }
    }
    for key in words.keys().filter(|key| !english.contains_key(*key)) {
        let what = format!("`{key}` is not in {ENGLISH}");
        problems.push(Problem::new(
            file,
            line(book, file, key),
            what,
            "remove it, or fix the name",
        ));
    }
    problems
}

fn names(text: &str) -> BTreeSet<&str> {
    NAMES.find_iter(text).map(|found| found.as_str()).collect()
}

/// The line on which a key stands.
fn line(book: &Book, file: &str, key: &str) -> usize {
    let (table, name) = key.rsplit_once('.').unwrap_or(("", key));
    let mut here = String::new();
    let text = book.file(file).unwrap_or_default();
    let found = text.lines().position(|line| {
        if let Some(header) = line.strip_prefix('[') {
            here = header.trim_end_matches(']').to_owned();
        }
        here == table
            && line
                .strip_prefix(name)
                .is_some_and(|rest| rest.starts_with(" ="))
    });
    found.map_or(1, |line| line + 1)
}

/// That what is asked for is there, and what is there is asked for.
fn uses(book: &Book, english: &Words) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut used = BTreeSet::new();
    let mut asked = |file: &str, text: &str, at: usize, key: String| {
        if !english.contains_key(&key)
            && !english.keys().any(|it| it.starts_with(&format!("{key}.")))
        {
            let what = format!("{ENGLISH} has no `{key}`");
            problems.push(Problem::new(
                file,
                lines(text)(at),
                what,
                "write it there, or fix the name",
            ));
        }
        used.insert(key);
    };
    let extensions = ["html", "xml", "json"];
    for file in extensions
        .iter()
        .flat_map(|extension| book.files("templates", extension))
    {
        let text = book.file(&file).unwrap_or_default();
        for found in IN_TEMPLATE
            .captures_iter(&text)
            .filter(|found| !is_file(&text, found))
        {
            let at = found.get(0).map_or(0, |whole| whole.start());
            asked(&file, &text, at, found[1].to_owned());
        }
    }
    let mut scripts = String::new();
    for file in book.files("static/js", "js") {
        let text = book.file(&file).unwrap_or_default();
        for call in IN_SCRIPT.captures_iter(&text) {
            let at = call.get(0).map_or(0, |whole| whole.start());
            for key in QUOTED.captures_iter(&call[1]) {
                asked(&file, &text, at, format!("{SCRIPTS}{}", &key[1]));
            }
        }
        scripts += &text;
    }
    // Some keys are chosen apart from where they are said.
    let quoted = QUOTED
        .captures_iter(&scripts)
        .map(|found| format!("{SCRIPTS}{}", &found[1]));
    used.extend(quoted);
    let begun: Vec<String> = BEGUN
        .captures_iter(&scripts)
        .map(|found| format!("{SCRIPTS}{}", &found[1]))
        .collect();
    for key in english.keys() {
        let is_used = used.contains(key)
            || key.starts_with(FILES)
            || begun.iter().any(|start| key.starts_with(start));
        if !is_used {
            let what = format!("nothing says `{key}`");
            problems.push(Problem::new(
                ENGLISH,
                line(book, ENGLISH, key),
                what,
                "remove it",
            ));
        }
    }
    problems
}

/// Whether what was found is the name of a file, such as `words.json`.
fn is_file(text: &str, found: &regex::Captures<'_>) -> bool {
    let at = found.get(0).map_or(0, |whole| whole.start());
    text[..at].ends_with('/') || &found[1] == "js"
}

#[cfg(test)]
mod tests {
    use super::{ENGLISH, check};
    use crate::fixture::Fixture;

    const GERMAN: &str = "content/words/de.toml";
    const PAGE: &str = "templates/page.html";
    const SCRIPT: &str = "static/js/copy-code.js";

    fn site() -> Fixture {
        Fixture::sound()
            .write(ENGLISH, "part = \"Part {number}\"\n[scripts]\ncopied = \"Copied\"\nis_read = \"read\"\n")
            .write(GERMAN, "part = \"Teil {number}\"\n[scripts]\ncopied = \"Kopiert\"\nis_read = \"gelesen\"\n")
            .write(PAGE, "<p>{{ words.part }}</p>\n")
            .write(SCRIPT, "say(\"copied\");\nsay(`is_${state}`);\n")
    }

    #[test]
    fn nothing_is_wrong_with_sound_words() {
        site().expect(check, &[]);
    }

    #[test]
    fn words_that_a_language_lacks_or_has_alone_are_named() {
        site()
            .replace(GERMAN, "copied", "kopiert")
            .replace(GERMAN, "{number}", "{nummer}")
            .expect(
                check,
                &[
                    (GERMAN, "part", "`part` has not the names"),
                    (GERMAN, "no such text", "`scripts.copied` is missing"),
                    (
                        GERMAN,
                        "kopiert",
                        "`scripts.kopiert` is not in content/words/en.toml",
                    ),
                ],
            );
    }

    #[test]
    fn words_that_are_not_there_and_words_that_nothing_says_are_named() {
        site()
            .replace(PAGE, "words.part", "words.prat")
            .replace(SCRIPT, "copied", "copid")
            .expect(
                check,
                &[
                    (PAGE, "words.prat", "content/words/en.toml has no `prat`"),
                    (
                        SCRIPT,
                        "copid",
                        "content/words/en.toml has no `scripts.copid`",
                    ),
                    (ENGLISH, "part", "nothing says `part`"),
                    (ENGLISH, "copied", "nothing says `scripts.copied`"),
                ],
            );
    }

    #[test]
    fn a_file_that_is_not_toml_is_named_with_its_line() {
        site()
            .replace(GERMAN, "copied = ", "copied ")
            .expect(check, &[(GERMAN, "copied ", "this is not TOML")]);
    }
}
