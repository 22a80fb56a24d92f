//! Front matter: what a page says about itself before it begins.

use std::collections::HashMap;

use harness::book::{Page, lines};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::Problem;
use crate::book::{Book, address, chapter_number, operated, stem, without_code};

/// Words a minute; programs and drawings take the rest of the time that a page asks for.
const READING_SPEED: f64 = 220.0;
const MINUTES_A_BLOCK: f64 = 0.7;

/// Search engines cut what is longer, and write something of their own for what is shorter.
const DESCRIPTION: std::ops::RangeInclusive<usize> = 70..=160;

const LEAST_PATTERNS: usize = 3;
const LEAST_ANTI_PATTERNS: usize = 4;

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

/// Of the second page of a system: *Operating the task queue*.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Operating {
    #[serde(rename = "title")]
    _title: String,
    description: String,
    weight: u32,
    path: String,
    extra: OperatingExtra,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OperatingExtra {
    minutes: u32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ChapterExtra {
    minutes: u32,
    /// What is worth remembering, a sentence each, readable without the rest.
    #[serde(default)]
    in_one_minute: Vec<String>,
    objectives: Vec<String>,
    prerequisites: Vec<String>,
    #[serde(default)]
    patterns: Vec<Pattern>,
    #[serde(default)]
    anti_patterns: Vec<AntiPattern>,
}

/// A card of what to do; cards.rs looks at its id.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Pattern {
    #[serde(rename = "id")]
    _id: String,
    title: String,
    #[serde(rename = "use")]
    when: String,
    not: String,
}

/// A card of what not to do.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AntiPattern {
    #[serde(rename = "id")]
    _id: String,
    title: String,
    harm: String,
    fix: String,
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
    /// The cards that templates/cards.html lists.
    #[serde(rename = "cards")]
    _cards: Option<Cards>,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Cards {
    Patterns,
    AntiPatterns,
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
    #[serde(rename = "ways")]
    _ways: Vec<Way>,
}

/// A way in: links of its own, or the chapters of a part.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Way {
    #[serde(rename = "title")]
    _title: String,
    #[serde(default, rename = "links")]
    _links: Vec<String>,
    #[serde(default, rename = "part")]
    _part: u32,
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
        } else if operated(stem(page)).is_some() {
            operating(book, page)
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

/// The second page of a system stands beside its chapter, and below it on the site.
fn operating(book: &Book, page: &Page) -> Result<Vec<Problem>, Problem> {
    let front: Operating = read(page)?;
    let slug = operated(stem(page)).unwrap_or_default();
    let chapter = book.chapters().find(|(_, it)| {
        let folder = it.path.rsplit_once('/').map(|(folder, _)| folder);
        stem(it).split_once('-').map(|(_, slug)| slug) == Some(slug)
            && folder == page.path.rsplit_once('/').map(|(folder, _)| folder)
    });
    let mut problems = description(page, &front.description);
    let mut expect = |good: bool, key: &str, what: String, fix: String| {
        if !good {
            problems.push(Problem::new(&page.path, line_of(page, key), what, fix));
        }
    };
    let Some((number, _)) = chapter else {
        let what = format!("no chapter stands beside it whose file ends with `-{slug}.md`");
        expect(
            false,
            "title",
            what,
            "name it operating-SLUG.md, as the chapter".into(),
        );
        return Ok(problems);
    };
    expect(
        front.weight == number,
        "weight",
        format!(
            "weight {} in the second page of chapter {number}",
            front.weight
        ),
        format!("weight = {number}"),
    );
    let path = format!("{slug}/operating");
    expect(
        front.path == path,
        "path",
        format!("path \"{}\" in the second page of \"{slug}\"", front.path),
        format!("path = \"{path}\""),
    );
    let (minutes, expected) = (front.extra.minutes, expected_minutes(page));
    expect(
        (f64::from(minutes) - expected).abs() <= (expected / 4.0).max(5.0),
        "minutes",
        format!("{minutes} minutes are not what its words, programs and drawings ask for"),
        format!("minutes = {}", (expected / 5.0).round().max(1.0) * 5.0),
    );
    Ok(problems)
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
        in_one_minute,
        objectives,
        prerequisites,
        patterns,
        anti_patterns,
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
    let sentences = in_one_minute.len();
    expect(
        (3..=5).contains(&sentences),
        "in_one_minute",
        format!("{sentences} sentences in one minute"),
        "write the 3 to 5 worth remembering, each a text of its own".into(),
    );
    for sentence in in_one_minute {
        expect(
            sentence.ends_with(['.', '?']),
            "in_one_minute",
            format!("\"{sentence}\" is not a sentence"),
            "end it with a full stop".into(),
        );
    }
    for (key, there, least) in [
        ("patterns", patterns.len(), LEAST_PATTERNS),
        ("anti_patterns", anti_patterns.len(), LEAST_ANTI_PATTERNS),
    ] {
        expect(
            there >= least,
            key,
            format!("{there} {}", key.replace('_', "-")),
            format!("name {least} or more, and show each by `card`"),
        );
    }
    let texts = patterns.iter().map(|it| [&it.title, &it.when, &it.not]);
    let texts = texts.chain(
        anti_patterns
            .iter()
            .map(|it| [&it.title, &it.harm, &it.fix]),
    );
    for [title, ..] in texts.filter(|texts| texts.iter().any(|text| text.trim().is_empty())) {
        expect(
            false,
            "patterns",
            format!("the card \"{title}\" has an empty text"),
            "say all that the card shows".into(),
        );
    }
    Ok(problems)
}

fn expected_minutes(page: &Page) -> f64 {
    let text = without_code(page);
    let shown = ["{{ listing(", "{{ steps(", "{{ anti_pattern("].map(|it| text.matches(it).count());
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
    if DESCRIPTION.contains(&length) && description.ends_with('.') {
        return Vec::new();
    }
    vec![Problem::new(
        &page.path,
        line_of(page, "description"),
        format!("a description of {length} characters"),
        "write 70 to 160, with a full stop: search engines show them",
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

    const SENTENCES: &str = r#"["Tasks rest.", "They ask for nothing.", "They go on."]"#;

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
            .replace(CHAPTER, "goes on.\"", "goes on\"")
            .expect(
                check,
                &[
                    (CHAPTER, "description", "a description of 76 characters"),
                    (CHAPTER, "weight = 3", "weight 3 in the file of chapter 2"),
                    (CHAPTER, "path =", "path \"loop"),
                    (CHAPTER, "minutes", "60 minutes are not what"),
                    (CHAPTER, "objectives", "3 objectives"),
                ],
            );
    }

    #[test]
    fn the_second_page_of_a_system_stands_below_its_chapter() {
        const SECOND: &str = "content/part1-foundations/operating-event-loop-internals.md";
        let second = |weight: u32, path: &str| {
            let head = format!(
                "+++\ntitle = \"Operating it\"\ndescription = \"How to run it, how to scale it, what breaks it, and what it costs in the end.\"\nweight = {weight}\npath = \"{path}\"\n[extra]\nminutes = 5\n+++\n\nText.\n"
            );
            Fixture::sound().write(SECOND, &head)
        };
        second(2, "event-loop-internals/operating").expect(check, &[]);
        second(3, "operating").expect(
            check,
            &[
                (SECOND, "weight", "weight 3 in the second page of chapter 2"),
                (SECOND, "path", "path \"operating\""),
            ],
        );
        second(2, "event-loop-internals/operating")
            .rename(SECOND, "content/part1-foundations/operating-x.md")
            .expect(
                check,
                &[(
                    "content/part1-foundations/operating-x.md",
                    "title",
                    "no chapter stands beside it",
                )],
            );
    }

    #[test]
    fn a_minute_of_few_sentences_is_named() {
        let minute = |with: &str| Fixture::sound().replace(CHAPTER, SENTENCES, with);
        minute("[\"One.\", \"Two.\"]").expect(
            check,
            &[(CHAPTER, "in_one_minute", "2 sentences in one minute")],
        );
        minute("[\"One.\", \"Two.\", \"three\"]").expect(
            check,
            &[(CHAPTER, "in_one_minute", "\"three\" is not a sentence")],
        );
        minute("[]").expect(
            check,
            &[(CHAPTER, "in_one_minute", "0 sentences in one minute")],
        );
    }

    #[test]
    fn a_chapter_of_few_patterns_is_named() {
        let fixture = || {
            Fixture::sound()
                .replace(CHAPTER, "  { id = \"two-guests\", title", "  # title")
                .replace(CHAPTER, "  { id = \"no-seat\", title", "  # title")
        };
        fixture().expect(
            check,
            &[
                (CHAPTER, "patterns", "2 patterns"),
                (CHAPTER, "anti_patterns", "3 anti-patterns"),
            ],
        );
    }

    #[test]
    fn a_card_with_an_unknown_or_empty_text_is_named() {
        Fixture::sound()
            .replace(CHAPTER, "harm = \"all but", "harms = \"all but")
            .expect(
                check,
                &[(CHAPTER, "harms =", "front matter: unknown field `harms`")],
            );
        Fixture::sound()
            .replace(CHAPTER, "use = \"when one is due\"", "use = \"\"")
            .expect(
                check,
                &[(CHAPTER, "patterns", "the card \"One guest\" has an empty")],
            );
    }
}
