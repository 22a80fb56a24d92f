//! Front matter: what a page says about itself before it begins.

use std::collections::HashMap;

use harness::book::{Page, lines};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::Problem;
use crate::book::{Book, address, chapter_number, stem, without_code};

/// Words a minute; programs and drawings take the rest of the time that a page asks for.
const READING_SPEED: f64 = 220.0;
const MINUTES_A_BLOCK: f64 = 0.7;

/// Search engines cut what is longer.
const LONGEST_DESCRIPTION: usize = 160;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Chapter {
    #[serde(rename = "title")]
    _title: String,
    description: String,
    weight: u32,
    path: String,
    extra: ChapterExtra,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ChapterExtra {
    minutes: u32,
    objectives: Vec<String>,
    prerequisites: Vec<String>,
}

/// A page that is no chapter.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Other {
    #[serde(rename = "title")]
    _title: String,
    description: String,
    #[serde(rename = "weight")]
    _weight: Option<u32>,
    #[serde(rename = "path")]
    _path: Option<String>,
    #[serde(rename = "template")]
    _template: Option<String>,
    #[serde(rename = "extra", default)]
    _extra: OtherExtra,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct OtherExtra {
    #[serde(rename = "minutes")]
    _minutes: Option<u32>,
}

/// A `_index.md`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Section {
    #[serde(rename = "title")]
    _title: String,
    description: String,
    #[serde(rename = "weight")]
    _weight: Option<u32>,
    #[serde(rename = "sort_by")]
    _sort_by: Option<String>,
    #[serde(rename = "transparent")]
    _transparent: Option<bool>,
    #[serde(rename = "template")]
    _template: Option<String>,
    #[serde(rename = "page_template")]
    _page_template: Option<String>,
    #[serde(rename = "extra")]
    _extra: Option<Home>,
}

/// What the first page says besides its text; templates/partials/home-*.html show it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Home {
    #[serde(rename = "promise")]
    _promise: String,
    #[serde(rename = "start")]
    _start: String,
    #[serde(rename = "whole")]
    _whole: String,
    #[serde(rename = "proofs")]
    _proofs: Vec<Proof>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Proof {
    #[serde(rename = "title")]
    _title: String,
    #[serde(rename = "text")]
    _text: String,
}

/// Every page has the front matter of its kind, and an address of its own.
pub fn check(book: &Book) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut addresses: HashMap<String, &str> = HashMap::new();
    let mut names: HashMap<&str, &str> = HashMap::new();
    for page in book.content() {
        let found = if chapter_number(stem(page)).is_some() {
            chapter(page)
        } else if stem(page) == "_index" {
            read::<Section>(page).map(|front| description(page, &front.description))
        } else {
            read::<Other>(page).map(|front| description(page, &front.description))
        };
        problems.extend(found.unwrap_or_else(|problem| vec![problem]));

        if let Some(other) = addresses.insert(address(page), &page.path) {
            let what = format!("has the same address as {other}");
            problems.push(Problem::new(
                &page.path,
                line_of(page, "path"),
                what,
                "change its `path`",
            ));
        }
        if stem(page) != "_index"
            && let Some(other) = names.insert(stem(page), &page.path)
        {
            let what = format!("has the same file name as {other}");
            problems.push(Problem::new(&page.path, 1, what, "rename one of the files"));
        }
    }
    problems
}

fn chapter(page: &Page) -> Result<Vec<Problem>, Problem> {
    let front: Chapter = read(page)?;
    let mut problems = description(page, &front.description);
    let mut expect = |good: bool, key: &str, what: String, fix: String| {
        if !good {
            problems.push(Problem::new(&page.path, line_of(page, key), what, fix));
        }
    };
    let number = chapter_number(stem(page)).unwrap_or_default();
    let weight = front.weight;
    expect(
        weight == number,
        "weight",
        format!("weight {weight} in the file of chapter {number}"),
        format!("weight = {number}"),
    );
    let slug = stem(page).split_once('-').map_or("", |(_, slug)| slug);
    let path = &front.path;
    expect(
        path == slug,
        "path",
        format!("path \"{path}\" in the file of \"{slug}\""),
        format!("path = \"{slug}\""),
    );
    let ChapterExtra {
        minutes,
        objectives,
        prerequisites,
    } = &front.extra;
    let expected = expected_minutes(page);
    expect(
        (f64::from(*minutes) - expected).abs() <= (expected / 4.0).max(5.0),
        "minutes",
        format!("{minutes} minutes are not what its words, programs and drawings ask for"),
        format!("minutes = {}", (expected / 5.0).round().max(1.0) * 5.0),
    );
    expect(
        (4..=6).contains(&objectives.len()),
        "objectives",
        format!("{} objectives", objectives.len()),
        "name 4 to 6, each of which completes \"After this chapter you can …\"".into(),
    );
    expect(
        (1..=4).contains(&prerequisites.len()),
        "prerequisites",
        format!("{} prerequisites", prerequisites.len()),
        "name 1 to 4 things that the reader needs to know".into(),
    );
    Ok(problems)
}

fn expected_minutes(page: &Page) -> f64 {
    let text = without_code(page);
    let shown = ["{{ listing(", "{{ anti_pattern("].map(|it| text.matches(it).count());
    let blocks = page.blocks.len() + shown.iter().sum::<usize>();
    let drawings = text.matches("{{ drawing(").count();
    text.split_whitespace().count() as f64 / READING_SPEED
        + blocks as f64 * MINUTES_A_BLOCK
        + drawings as f64
}

fn read<T: DeserializeOwned>(page: &Page) -> Result<T, Problem> {
    let text = page.front_matter.as_deref().ok_or_else(|| {
        Problem::new(
            &page.path,
            1,
            "has no front matter",
            "begin the file with +++, as others do",
        )
    })?;
    toml::from_str(text).map_err(|error| {
        let line = error.span().map_or(1, |span| lines(text)(span.start)) + 1;
        let fix = "compare with the front matter of a page beside it";
        Problem::new(
            &page.path,
            line,
            format!("front matter: {}", error.message()),
            fix,
        )
    })
}

fn description(page: &Page, description: &str) -> Vec<Problem> {
    let length = description.chars().count();
    if (1..=LONGEST_DESCRIPTION).contains(&length) && description.ends_with('.') {
        return Vec::new();
    }
    vec![Problem::new(
        &page.path,
        line_of(page, "description"),
        format!("a description of {length} characters"),
        format!("write one sentence of at most {LONGEST_DESCRIPTION}, with a full stop"),
    )]
}

fn line_of(page: &Page, key: &str) -> usize {
    let is_there = |line: &str| line.starts_with(&format!("{key} ="));
    page.text
        .lines()
        .position(is_there)
        .map_or(1, |line| line + 1)
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::fixture::{CHAPTER, Fixture};

    #[test]
    fn malformed_front_matter_is_named_with_its_line() {
        Fixture::sound()
            .replace(CHAPTER, "weight = 2", "weight = two")
            .expect(check, &[(CHAPTER, "weight = two", "front matter: ")]);
    }

    #[test]
    fn an_unknown_field_is_named() {
        Fixture::sound()
            .replace(CHAPTER, "[extra]", "draft = true\n[extra]")
            .expect(
                check,
                &[(CHAPTER, "draft", "front matter: unknown field `draft`")],
            );
    }

    #[test]
    fn a_duplicate_address_is_named_in_the_second_page() {
        Fixture::sound()
            .replace(
                "content/glossary.md",
                "= \"glossary\"",
                "= \"event-loop-internals\"",
            )
            .expect(
                check,
                &[(
                    CHAPTER,
                    "path =",
                    "has the same address as content/glossary.md",
                )],
            );
    }

    #[test]
    fn values_that_do_not_fit_the_file_are_all_named() {
        Fixture::sound()
            .replace(CHAPTER, "weight = 2", "weight = 3")
            .replace(CHAPTER, "path = \"event", "path = \"loop")
            .replace(CHAPTER, "minutes = 5", "minutes = 60")
            .replace(CHAPTER, "[\"say who wakes a task\", ", "[")
            .replace(CHAPTER, "your program.\"", "your program\"")
            .expect(
                check,
                &[
                    (CHAPTER, "description", "a description of 46 characters"),
                    (CHAPTER, "weight = 3", "weight 3 in the file of chapter 2"),
                    (CHAPTER, "path =", "path \"loop"),
                    (CHAPTER, "minutes", "60 minutes are not what"),
                    (CHAPTER, "objectives", "3 objectives"),
                ],
            );
    }
}
