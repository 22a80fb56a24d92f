//! The learning paths: how long each takes, summed from the pages it leads to.
//!
//! A line of the page that begins with [`TIME`] is written by `BLESS=1 cargo test -p site --test
//! site`: the minutes of each page that its section links, and of its exercises. Of a page that is
//! linked by its sections alone, those sections count, each by its share of the words.
//! The checkpoints have ten questions each, and every answer leads to a section.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use harness::book::Page;
use toml::{Table, Value};

use crate::Problem;
use crate::book::{Book, chapter_number, stem};

const PAGE: &str = "content/learning-paths.md";
const CHECKPOINTS: &str = "content/checkpoints.md";
const EXERCISES: &str = "code/exercises/info.toml";
const TIME: &str = "**Time:** ";
const QUESTIONS: usize = 10;

/// The times are those of the pages, and each checkpoint is whole.
pub fn check(book: &Book) -> Vec<Problem> {
    let mut problems = Vec::new();
    if let Some(page) = book.page(PAGE) {
        let written = written(book, page);
        let lines = page.text.lines().zip(written.lines()).enumerate();
        for (at, (_, is)) in lines.filter(|(_, (was, is))| was != is) {
            let fix = "type `BLESS=1 cargo test -p site --test site`";
            let what = format!("the pages of this path take another time: {is}");
            problems.push(Problem::new(PAGE, at + 1, what, fix));
        }
    }
    if let Some(page) = book.page(CHECKPOINTS) {
        problems.extend(checkpoints(page));
    }
    problems
}

/// Writes the times.
pub fn bless(book: &Book) -> std::io::Result<()> {
    let Some(page) = book.page(PAGE) else {
        return Ok(());
    };
    let written = written(book, page);
    if written == page.text {
        return Ok(());
    }
    fs::write(book.root.join(PAGE), written)
}

/// The page with its times.
fn written(book: &Book, page: &Page) -> String {
    let exercises = exercises(book);
    let lines = page.text.lines().enumerate().map(|(at, line)| {
        if !line.starts_with(TIME) {
            return line.to_owned();
        }
        let (reading, exercises) = minutes(book, page, section(page, at + 1), &exercises);
        let whole = match exercises {
            0 => String::new(),
            _ => format!(", and {} with the exercises", duration(reading + exercises)),
        };
        format!("{TIME}{} of reading{whole}.", duration(reading))
    });
    lines.collect::<Vec<_>>().join("\n") + "\n"
}

/// The lines of the section in which a line stands, from its heading to the next as high.
fn section(page: &Page, line: usize) -> std::ops::Range<usize> {
    let heading = page.headings.iter().rfind(|it| it.line <= line);
    let (first, level) = heading.map_or((1, 0), |it| (it.line, it.level));
    let mut after = page.headings.iter();
    let end = after.find(|it| it.line > first && it.level <= level);
    first..end.map_or(usize::MAX, |it| it.line)
}

/// Minutes of reading, and of exercises, of the pages that these lines link.
fn minutes(
    book: &Book,
    page: &Page,
    lines: std::ops::Range<usize>,
    exercises: &BTreeMap<String, u32>,
) -> (u32, u32) {
    // Of a page, the sections that are linked; none, if the whole is.
    let mut linked: BTreeMap<&str, Option<BTreeSet<&str>>> = BTreeMap::new();
    for link in page.links.iter().filter(|link| lines.contains(&link.line)) {
        let Some(to) = link.to.strip_prefix("@/") else {
            continue;
        };
        let (path, id) = to
            .split_once('#')
            .map_or((to, None), |(path, id)| (path, Some(id)));
        let sections = linked.entry(path).or_insert_with(|| Some(BTreeSet::new()));
        match id {
            Some(id) => _ = sections.as_mut().map(|sections| sections.insert(id)),
            None => *sections = None,
        }
    }
    let (mut reading, mut solving) = (0.0, 0);
    for (path, sections) in linked {
        let Some(page) = book.page(&format!("content/{path}")) else {
            continue; // `links` names it
        };
        let share = match &sections {
            None => 1.0,
            Some(ids) => ids.iter().map(|id| share(page, id)).sum(),
        };
        reading += f64::from(minutes_of(page)) * share;
        if sections.is_none() && chapter_number(stem(page)).is_some() {
            let key = stem(page).split('-').next().unwrap_or_default();
            solving += exercises.get(key).copied().unwrap_or_default();
        }
    }
    (reading.round() as u32, solving)
}

/// How much of a page a section is, by its words.
fn share(page: &Page, id: &str) -> f64 {
    let Some(heading) = page.headings.iter().find(|it| it.id.as_deref() == Some(id)) else {
        return 0.0;
    };
    let lines = section(page, heading.line);
    let words = |lines: std::ops::Range<usize>| -> usize {
        let numbered = page.text.lines().enumerate();
        let within = numbered.filter(|(at, _)| lines.contains(&(at + 1)));
        within
            .map(|(_, line)| line.split_whitespace().count())
            .sum()
    };
    words(lines) as f64 / words(0..usize::MAX).max(1) as f64
}

/// What a page says of itself.
fn minutes_of(page: &Page) -> u32 {
    let front: Option<Table> = page.front_matter.as_ref().and_then(|it| it.parse().ok());
    let minutes = front.and_then(|it| it.get("extra")?.get("minutes")?.as_integer());
    minutes
        .and_then(|it| it.try_into().ok())
        .unwrap_or_default()
}

/// Minutes of the exercises of each chapter, by `ch03`.
fn exercises(book: &Book) -> BTreeMap<String, u32> {
    let info: Option<Table> = book.file(EXERCISES).and_then(|it| it.parse().ok());
    let list = info.as_ref().and_then(|it| it.get("exercises")?.as_array());
    let mut minutes = BTreeMap::new();
    for exercise in list.into_iter().flatten() {
        let dir = exercise.get("dir").and_then(Value::as_str);
        let took = exercise.get("minutes").and_then(Value::as_integer);
        let took = took.and_then(|it| u32::try_from(it).ok());
        *minutes
            .entry(dir.unwrap_or_default().to_owned())
            .or_default() += took.unwrap_or_default();
    }
    minutes
}

/// "about 40 minutes", "about 12 hours".
fn duration(minutes: u32) -> String {
    match minutes {
        0..90 => format!("about {} minutes", (f64::from(minutes) / 5.0).round() * 5.0),
        _ => format!("about {} hours", (f64::from(minutes) / 60.0).round()),
    }
}

/// Each section has ten questions, each with a link in its answer.
fn checkpoints(page: &Page) -> Vec<Problem> {
    let lines: Vec<&str> = page.text.lines().collect();
    let mut problems = Vec::new();
    for heading in page.headings.iter().filter(|it| it.level == 2) {
        let section = section(page, heading.line);
        let end = section.end.min(lines.len() + 1);
        let text = lines[section.start - 1..end - 1].join("\n");
        let questions: Vec<&str> = text.split("<details>").skip(1).collect();
        if questions.len() != QUESTIONS {
            let what = format!("{} questions", questions.len());
            problems.push(Problem::new(CHECKPOINTS, heading.line, what, "ask ten"));
        }
        for question in questions.iter().filter(|it| !it.contains("](@/")) {
            let summary = question.trim().lines().next().unwrap_or_default();
            let what = format!("the answer to {summary} leads nowhere");
            let fix = "link the section that proves it";
            problems.push(Problem::new(CHECKPOINTS, heading.line, what, fix));
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::{CHECKPOINTS, PAGE, bless, check, duration};
    use crate::fixture::{CHAPTER, Fixture};

    const EXERCISE: &str = "[[exercises]]\nname = \"ch02_first\"\ndir = \"ch02\"\nminutes = 25\n";
    const HEAD: &str = "+++\ntitle = \"Paths\"\n+++\n\n## A path {#a}\n\n**Time:** none.\n\n";

    fn blessed(text: &str) -> String {
        let fixture = Fixture::sound()
            .write("code/exercises/info.toml", EXERCISE)
            .write(PAGE, &format!("{HEAD}{text}\n"));
        bless(&fixture.book()).unwrap();
        assert_eq!(check(&fixture.book()), []);
        let book = fixture.book();
        let lines = &book.page(PAGE).unwrap().text;
        let time = lines.lines().find(|line| line.starts_with("**Time"));
        time.unwrap_or_default().to_owned()
    }

    #[test]
    fn a_path_takes_what_its_pages_take() {
        let chapter = CHAPTER.trim_start_matches("content/");
        assert_eq!(
            blessed(&format!(
                "[One](@/{chapter}), [again](@/{chapter}#selectors), [two](@/glossary.md)"
            )),
            "**Time:** about 10 minutes of reading, and about 35 minutes with the exercises."
        );
        let elsewhere = format!("[One](@/glossary.md)\n\n## Another {{#b}}\n\n[Two](@/{chapter})");
        assert_eq!(blessed(&elsewhere), "**Time:** about 5 minutes of reading.");
    }

    #[test]
    fn a_time_that_is_not_that_of_the_pages_is_named() {
        let text = format!("{HEAD}[One](@/glossary.md)\n");
        let expected = "the pages of this path take another time: **Time:** about 5 minutes";
        Fixture::sound()
            .write(PAGE, &text)
            .expect(check, &[(PAGE, "**Time", expected)]);
    }

    #[test]
    fn a_duration_is_told_as_a_reader_would() {
        assert_eq!(duration(42), "about 40 minutes");
        assert_eq!(duration(100), "about 2 hours");
    }

    #[test]
    fn a_checkpoint_without_ten_answers_is_named() {
        let text = "+++\ntitle = \"c\"\n+++\n\n## One {#one}\n\n<details>\n<summary>Why?</summary>\n\nSo.\n\n</details>\n";
        Fixture::sound().write(CHECKPOINTS, text).expect(
            check,
            &[
                (CHECKPOINTS, "## One", "1 questions"),
                (
                    CHECKPOINTS,
                    "## One",
                    "the answer to <summary>Why?</summary> leads nowhere",
                ),
            ],
        );
    }
}
