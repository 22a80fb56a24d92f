//! Shortcodes: only those of the book, with arguments that name something that exists.

use std::sync::LazyLock;

use harness::book::{Page, lines};
use regex::Regex;
use toml::{Table, Value};

use crate::Problem;
use crate::book::SYSTEMS;
use crate::book::{Book, without_code};
use crate::listings;

/// `{{ name(…) }}` and `{% name(…) %}`.
static SHORTCODE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"\{[{%]\s*([A-Za-z_]\w*)\s*\(([^)}]*(?:\)[^}]*?)?)\)\s*[%}]\}").expect("a pattern")
});
static ARGUMENT: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"^\s*(?:(\w+)\s*=\s*"([^"]*)"|(chapter)\s*=\s*(\d+))\s*(?:,|$)"#)
        .expect("a pattern")
});

/// Those that may stand inside a line.
const INLINE: &[&str] = &["later", "measured"];

/// Each shortcode with its arguments; those in brackets may be left out.
const KNOWN: &[(&str, &[&str])] = &[
    ("anti_pattern", &["name"]),
    ("card", &["id"]),
    ("clone", &[]),
    ("drawing", &["name", "[caption]"]),
    ("later", &["chapter", "text", "[id]"]),
    ("listing", &["file", "[part]"]),
    ("measured", &["name", "value"]),
    ("report", &["file"]),
    ("steps", &["project", "step", "[part]"]),
];

/// A shortcode in a page.
pub struct Shortcode<'a> {
    /// The page.
    pub page: &'a Page,
    /// Its line in the page, from 1.
    pub line: usize,
    /// `listing`
    pub name: String,
    /// `("file", "code/…")`, or what could not be read.
    pub arguments: Result<Vec<(String, String)>, String>,
    stands_alone: bool,
}

impl Shortcode<'_> {
    /// The program that it shows, from the root of the repository.
    pub fn program(&self) -> Option<String> {
        match self.name.as_str() {
            "steps" => {
                let (project, step) = (self.argument("project")?, self.argument("step")?);
                Some(format!("{SYSTEMS}/{project}/steps/{step}.rs"))
            }
            _ => self.argument("file").map(str::to_owned),
        }
    }

    /// The value of an argument.
    pub fn argument(&self, name: &str) -> Option<&str> {
        let arguments = self.arguments.as_ref().ok()?;
        arguments
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }
}

/// Every shortcode outside code blocks.
pub fn all(book: &Book) -> Vec<Shortcode<'_>> {
    book.content().flat_map(of_page).collect()
}

/// Every shortcode of a page outside its code blocks.
pub fn of_page(page: &Page) -> Vec<Shortcode<'_>> {
    let text = without_code(page);
    let line_at = lines(&text);
    let found = SHORTCODE.captures_iter(&text).map(|found| {
        let whole = found.get(0).expect("a match has a whole");
        let around = [
            text[..whole.start()].rsplit('\n').next(),
            text[whole.end()..].split('\n').next(),
        ];
        Shortcode {
            page,
            line: line_at(whole.start()),
            name: found[1].into(),
            arguments: arguments(&found[2]),
            stands_alone: around.iter().flatten().all(|rest| rest.trim().is_empty()),
        }
    });
    found.collect()
}

fn arguments(mut text: &str) -> Result<Vec<(String, String)>, String> {
    let mut arguments = Vec::new();
    while !text.trim().is_empty() {
        let found = ARGUMENT
            .captures(text)
            .ok_or_else(|| text.trim().to_owned())?;
        let part = |text: usize, number: usize| {
            let part = found.get(text).or(found.get(number));
            part.map_or("", |part| part.as_str()).to_owned()
        };
        arguments.push((part(1, 3), part(2, 4)));
        text = &text[found[0].len()..];
    }
    Ok(arguments)
}

/// Every shortcode is known, complete, and names what exists.
pub fn check(book: &Book) -> Vec<Problem> {
    let mut problems = Vec::new();
    for shortcode in all(book) {
        let problem = |(what, fix): (String, String)| {
            Problem::new(&shortcode.page.path, shortcode.line, what, fix)
        };
        match form(&shortcode) {
            Err(error) => problems.push(problem(error)),
            Ok(()) => problems.extend(target(book, &shortcode).err().map(problem)),
        }
    }
    problems
}

/// What is wrong, and how to fix it.
type Wrong = (String, String);

fn form(shortcode: &Shortcode) -> Result<(), Wrong> {
    let name = &shortcode.name;
    let Some((_, known)) = KNOWN.iter().find(|(known, _)| known == name) else {
        let names: Vec<&str> = KNOWN.iter().map(|(name, _)| *name).collect();
        return Err((
            format!("there is no shortcode `{name}`"),
            format!("use {}", names.join(", ")),
        ));
    };
    let fix = format!("its arguments are {}", known.join(", "));
    let arguments = shortcode.arguments.as_ref().map_err(|text| {
        (
            format!("`{name}` has an argument that cannot be read: {text}"),
            format!("{fix}, each =\"…\""),
        )
    })?;
    let is_known = |key: &str| {
        known
            .iter()
            .any(|known| known.trim_matches(['[', ']']) == key)
    };
    if let Some((key, _)) = arguments.iter().find(|(key, _)| !is_known(key)) {
        return Err((format!("`{name}` has no argument `{key}`"), fix));
    }
    let is_given = |key: &&&str| key.starts_with('[') || shortcode.argument(key).is_some();
    if let Some(key) = known.iter().find(|key| !is_given(key)) {
        return Err((format!("`{name}` lacks the argument `{key}`"), fix));
    }
    if !INLINE.contains(&name.as_str()) && !shortcode.stands_alone {
        return Err((
            format!("`{name}` shares its line"),
            "put it on a line of its own".into(),
        ));
    }
    Ok(())
}

fn target(book: &Book, shortcode: &Shortcode) -> Result<(), Wrong> {
    let argument = |name| shortcode.argument(name).unwrap_or_default();
    let exists = |path: String, fix: &str| match book.file(&path) {
        Some(text) => Ok(text),
        None => Err((format!("there is no file {path}"), fix.to_owned())),
    };
    match shortcode.name.as_str() {
        "anti_pattern" => {
            let case = format!("tests/anti_patterns/{}", argument("name"));
            exists(format!("{case}.rs"), "write it, or fix the name")?;
            exists(
                format!("{case}.stderr"),
                "type `cargo xtask bless`, then read it",
            )?;
        }
        "card" => {}  // cards.rs holds it to the front matter
        "clone" => {} // it takes the address from config.toml
        "later" => {
            let (chapter, text) = (argument("chapter"), argument("text"));
            let number = chapter.parse().ok();
            if number.and_then(|it| book.outline.chapter(it)).is_none() {
                return Err((
                    format!("content/outline.toml has no chapter `{chapter}`"),
                    "write the number of one: chapter=14".into(),
                ));
            }
            if text.contains("](") {
                return Err((
                    "`later` has a link in its text".into(),
                    "take it out: the text becomes a link itself".into(),
                ));
            }
            if text.trim().is_empty() {
                return Err((
                    "`later` has no text".into(),
                    "write what stands there until the chapter does: text=\"chapter 14\"".into(),
                ));
            }
        }
        "drawing" => {
            let file = format!("static/drawings/{}.svg", argument("name"));
            exists(file, "draw it, or fix the name")?;
        }
        "report" => {
            let file = argument("file");
            let text = exists(file.into(), "name a file from the root of the repository")?;
            let begins = text.find("<!-- written by ");
            if !begins.is_some_and(|begin| text[begin..].contains("<!-- end ")) {
                return Err((
                    format!("{file} has no part that a benchmark has written"),
                    "mark it by `<!-- written by … -->` and `<!-- end … -->`".into(),
                ));
            }
        }
        "listing" | "steps" => {
            let file = &shortcode.program().unwrap_or_default();
            let text = exists(file.into(), "name a file from the root of the repository")?;
            if !file.starts_with("code/") {
                return Err((
                    format!("{file} is not below code/"),
                    "show only what is".into(),
                ));
            }
            if let Some(part) = shortcode.argument("part")
                && !listings::parts(file, &text).contains(&part)
            {
                let comment = listings::comment(file);
                return Err((
                    format!("{file} has no part `{part}`"),
                    format!(
                        "put it between `{comment}ANCHOR: {part}` and `{comment}ANCHOR_END: {part}`"
                    ),
                ));
            }
        }
        _ => {
            let file = format!("code/measurements/results/{}.toml", argument("name"));
            let text = exists(file.clone(), "measure it, or fix the name")?;
            let result: Table = text.parse().map_err(|error: toml::de::Error| {
                (
                    format!("{file} is not TOML: {}", error.message()),
                    "measure it again".to_owned(),
                )
            })?;
            let values = result.get("values").and_then(Value::as_table);
            let value = argument("value");
            if !values.is_some_and(|values| values.contains_key(value)) {
                let known = values.map(|values| values.keys().cloned().collect::<Vec<_>>());
                let known = known.unwrap_or_default().join(", ");
                return Err((
                    format!("{file} has no value `{value}`"),
                    format!("it has {known}"),
                ));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::fixture::{CHAPTER, Fixture};

    fn listing(with: &str) -> Fixture {
        let from = "listing(file=\"code/examples/src/bin/ch02-ticker.rs\", part=\"tick\")";
        Fixture::sound().replace(CHAPTER, from, with)
    }

    #[test]
    fn a_shortcode_that_does_not_exist_is_named() {
        listing("note(text=\"x\")").expect(
            check,
            &[(CHAPTER, "{{ note", "there is no shortcode `note`")],
        );
        listing("note()").expect(
            check,
            &[(CHAPTER, "{{ note", "there is no shortcode `note`")],
        );
    }

    #[test]
    fn arguments_that_do_not_fit_are_named() {
        listing("listing(part=\"tick\")").expect(
            check,
            &[(CHAPTER, "{{ listing", "`listing` lacks the argument `file`")],
        );
        listing("listing(file=\"a\", lines=\"3\")").expect(
            check,
            &[(CHAPTER, "{{ listing", "`listing` has no argument `lines`")],
        );
        listing("listing(file=3)").expect(
            check,
            &[(
                CHAPTER,
                "{{ listing",
                "`listing` has an argument that cannot be read",
            )],
        );
    }

    #[test]
    fn what_does_not_exist_is_named() {
        listing("listing(file=\"code/none.rs\")").expect(
            check,
            &[(CHAPTER, "{{ listing", "there is no file code/none.rs")],
        );
        listing("listing(file=\"code/examples/src/bin/ch02-ticker.rs\", part=\"tock\")").expect(
            check,
            &[(
                CHAPTER,
                "{{ listing",
                "code/examples/src/bin/ch02-ticker.rs has no part `tock`",
            )],
        );
        listing("anti_pattern(name=\"ch02-x/y\")").expect(
            check,
            &[(
                CHAPTER,
                "{{ anti_pattern",
                "there is no file tests/anti_patterns/ch02-x/y.rs",
            )],
        );
        listing("drawing(name=\"x\")").expect(
            check,
            &[(
                CHAPTER,
                "{{ drawing(name=\"x\"",
                "there is no file static/drawings/x.svg",
            )],
        );
        listing("measured(name=\"wakes\", value=\"x\")").expect(
            check,
            &[(
                CHAPTER,
                "value=\"x\"",
                "code/measurements/results/wakes.toml has no value `x`",
            )],
        );
    }

    #[test]
    fn a_chapter_that_is_not_planned_is_named() {
        listing("later(chapter=77, text=\"chapter 77\")").expect(
            check,
            &[(
                CHAPTER,
                "chapter=77",
                "content/outline.toml has no chapter `77`",
            )],
        );
        listing("later(chapter=2, text=\" \")")
            .expect(check, &[(CHAPTER, "text=\" \"", "`later` has no text")]);
        listing("later(chapter=2, text=\"[a](#b)\")").expect(
            check,
            &[(CHAPTER, "text=\"[a]", "`later` has a link in its text")],
        );
        listing("later(chapter=2, text=\"chapter 2\")").expect(check, &[]);
    }

    #[test]
    fn a_figure_inside_a_line_is_named() {
        Fixture::sound()
            .replace(CHAPTER, "{{ drawing", "See {{ drawing")
            .expect(check, &[(CHAPTER, "See {{", "`drawing` shares its line")]);
    }
}
