//! Steps: a system's chapter grows its program in `code/projects/NAME/steps/`, and prints every
//! line that a step adds to the step before it, and shows those that it removes.
//!
//! `BLESS=1 cargo test -p site --test site` writes `shown.toml` beside the steps.

pub mod shown;

use std::collections::BTreeSet;
use std::fs;

use toml::{Table, Value};

use crate::Problem;
use crate::book::{Book, SYSTEMS, chapter_number, stem};
use crate::shortcodes;
use shown::{Kind, Part, Plain};

/// A program of `code/projects/NAME/steps/`.
pub struct Step {
    /// `2_leases`
    pub name: String,
    /// From the root of the repository.
    pub file: String,
    /// Its text.
    pub text: String,
}

/// The steps of a system, by number.
pub fn of_system(book: &Book, system: &str) -> Vec<Step> {
    let files = book.files(&format!("{SYSTEMS}/{system}/steps"), "rs");
    let mut steps: Vec<Step> = files
        .into_iter()
        .map(|file| Step {
            name: name_of(&file).to_owned(),
            text: book.file(&file).unwrap_or_default(),
            file,
        })
        .collect();
    steps.sort_by_key(|step| number(&step.name));
    steps
}

/// The systems that have steps.
pub fn systems(book: &Book) -> BTreeSet<String> {
    let files = book.files(SYSTEMS, "rs");
    let names = files.iter().filter_map(|file| {
        let (system, rest) = file
            .strip_prefix(SYSTEMS)?
            .trim_start_matches('/')
            .split_once('/')?;
        rest.starts_with("steps/").then(|| system.to_owned())
    });
    names.collect()
}

/// Where what pages show of a system's steps is written.
pub fn shown_file(system: &str) -> String {
    format!("{SYSTEMS}/{system}/steps/shown.toml")
}

/// Writes what pages show of each system's steps.
pub fn bless(book: &Book) -> std::io::Result<()> {
    for system in systems(book) {
        let text = shown::text(&of_system(book, &system));
        fs::write(book.root.join(shown_file(&system)), text)?;
    }
    Ok(())
}

/// Steps are numbered examples that `cargo test` tests; pages show what they add, all of it.
pub fn check(book: &Book) -> Vec<Problem> {
    let mut problems = Vec::new();
    for system in systems(book) {
        let steps = of_system(book, &system);
        problems.extend(numbered(&steps));
        problems.extend(registered(book, &system, &steps));
        if book.file(&shown_file(&system)).as_ref() != Some(&shown::text(&steps)) {
            problems.push(Problem::new(
                shown_file(&system),
                1,
                "is not what the programs beside it add",
                "type `BLESS=1 cargo test -p site --test site`",
            ));
        }
        problems.extend(printed(book, &system, &steps));
    }
    problems
}

fn numbered(steps: &[Step]) -> Vec<Problem> {
    let wrong = (1..).zip(steps).filter(|(at, step)| {
        let slug = step.name.split_once('_').map_or("", |(_, slug)| slug);
        let is_slug = slug
            .chars()
            .all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_');
        number(&step.name) != *at || slug.is_empty() || !is_slug
    });
    wrong
        .map(|(at, step)| {
            let what = format!("step {at} is called `{}`", step.name);
            let fix = format!("name it `{at}_slug.rs`, in small letters");
            Problem::new(&step.file, 1, what, fix)
        })
        .collect()
}

/// Each step is an example that `cargo test -p NAME` builds and tests.
fn registered(book: &Book, system: &str, steps: &[Step]) -> Vec<Problem> {
    let manifest = format!("{SYSTEMS}/{system}/Cargo.toml");
    let text = book.file(&manifest).unwrap_or_default();
    let table: Table = text.parse().unwrap_or_default();
    let examples = table.get("example").and_then(Value::as_array);
    let mut problems = Vec::new();
    for step in steps {
        let path = format!("steps/{}.rs", step.name);
        let is_it = |it: &&Value| it.get("path").and_then(Value::as_str) == Some(&path);
        let example = examples.into_iter().flatten().find(is_it);
        let name = format!("{system}-{}", step.name.replace('_', "-"));
        let fix =
            format!("write [[example]] name = \"{name}\", path = \"{path}\", test = true there");
        let what = match example {
            None => format!("{manifest} has no example for it"),
            Some(it) if it.get("test").and_then(Value::as_bool) != Some(true) => {
                format!("its example in {manifest} is not tested")
            }
            Some(it) if it.get("name").and_then(Value::as_str) != Some(&name) => {
                format!("its example in {manifest} has another name")
            }
            Some(_) => continue,
        };
        problems.push(Problem::new(&step.file, 1, what, fix));
    }
    problems
}

/// Once a page shows a step, or the system's chapter stands, pages print all that steps add, and
/// show all that they remove: a reader who types along needs both.
fn printed(book: &Book, system: &str, steps: &[Step]) -> Vec<Problem> {
    let all = shortcodes::all(book);
    let calls: Vec<(&str, &str)> = all
        .iter()
        .filter(|it| it.name == "steps" && it.argument("project") == Some(system))
        .filter_map(|it| {
            Some((
                it.argument("step")?,
                it.argument("part").unwrap_or(shown::WHOLE),
            ))
        })
        .collect();
    let stands = book.chapters().any(|(_, page)| {
        let stem = stem(page);
        chapter_number(stem).is_some_and(|number| stem == format!("ch{number:02}-{system}"))
    });
    if calls.is_empty() && !stands {
        return Vec::new();
    }
    let mut problems = Vec::new();
    for (at, step) in steps.iter().enumerate() {
        let former = at.checked_sub(1).map(|at| &steps[at]);
        let parts = shown::parts(step, former);
        let shown: Vec<&Part> = parts
            .iter()
            .filter(|part| calls.contains(&(step.name.as_str(), part.name)))
            .collect();
        let whole = parts.last().expect("the whole file is a part");
        let fix = format!(
            "put them between `// ANCHOR: x` and `// ANCHOR_END: x` and write {{{{ steps(project=\"{system}\", step=\"{}\", part=\"x\") }}}}",
            step.name
        );

        let plain = Plain::of(step);
        let added = whole.runs.iter();
        let added = added.filter(|run| former.is_none() || run.kind == Kind::Added);
        let is_shown = |line: &usize| shown.iter().any(|part| part.lines.contains(line));
        let lost: Vec<usize> = added
            .flat_map(|run| run.lines.clone())
            .filter(|line| !is_shown(line) && says_something(plain.lines[*line]))
            .collect();
        if let Some(first) = lost.first() {
            let what = format!(
                "{} lines that this step adds are printed on no page, `{}` the first of them",
                lost.len(),
                plain.lines[*first].trim()
            );
            problems.push(Problem::new(&step.file, plain.numbers[*first], what, &fix));
        }

        let Some(former) = former else { continue };
        let plain = Plain::of(former);
        let removed = |part: &Part| -> BTreeSet<usize> {
            let runs = part.runs.iter().filter(|run| run.kind.is_removed());
            runs.flat_map(|run| run.lines.clone()).collect()
        };
        let is_shown: BTreeSet<usize> = shown.iter().flat_map(|part| removed(part)).collect();
        let lost: Vec<usize> = removed(whole)
            .into_iter()
            .filter(|line| !is_shown.contains(line) && says_something(plain.lines[*line]))
            .collect();
        if let Some(first) = lost.first() {
            let what = format!(
                "{} lines that {} removes are shown on no page, `{}` the first of them",
                lost.len(),
                step.name,
                plain.lines[*first].trim()
            );
            problems.push(Problem::new(&former.file, plain.numbers[*first], what, fix));
        }
    }
    problems
}

/// A brace belongs to the lines around it.
fn says_something(line: &str) -> bool {
    line.contains(char::is_alphanumeric)
}

/// `2_leases` of `code/projects/task-queue/steps/2_leases.rs`.
fn name_of(file: &str) -> &str {
    let name = file.rsplit('/').next().unwrap_or_default();
    name.strip_suffix(".rs").unwrap_or(name)
}

/// 2 of `2_leases`; what has no number comes last.
fn number(name: &str) -> u32 {
    let number = name.split('_').next().unwrap_or_default();
    number.parse().unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::{bless, check};
    use crate::fixture::{CHAPTER, Fixture};

    const FIRST: &str = "code/projects/queue/steps/1_lost.rs";
    const SECOND: &str = "code/projects/queue/steps/2_kept.rs";
    const MANIFEST: &str = "code/projects/queue/Cargo.toml";
    const SHOWN: &str = "code/projects/queue/steps/shown.toml";

    /// A system of two steps, and a page that shows these parts of the second.
    fn steps(parts: &[&str]) -> Fixture {
        let example = |name: &str, file: &str| {
            format!(
                "[[example]]\nname = \"queue-{name}\"\npath = \"steps/{file}.rs\"\ntest = true\n"
            )
        };
        let manifest = example("1-lost", "1_lost") + &example("2-kept", "2_kept");
        let call = |step: &str, part: &str| {
            format!("\n\n{{{{ steps(project=\"queue\", step=\"{step}\"{part}) }}}}")
        };
        let second = parts
            .iter()
            .map(|part| call("2_kept", &format!(", part=\"{part}\"")));
        let calls = call("1_lost", "") + &second.collect::<String>();
        let fixture = Fixture::sound()
            .write(FIRST, "fn main() {\n    take();\n}\n")
            .write(
                SECOND,
                "fn main() {\n    // ANCHOR: lend\n    lend();\n    // ANCHOR_END: lend\n}\n\n\
                 // ANCHOR: call\nfn lend() {}\n// ANCHOR_END: call\n",
            )
            .write(MANIFEST, &manifest)
            .replace(CHAPTER, "A task waits.", &format!("A task waits.{calls}"));
        bless(&fixture.book()).unwrap();
        fixture
    }

    #[test]
    fn a_line_that_a_step_adds_and_no_page_prints_is_named() {
        steps(&["lend", "call"]).expect(check, &[]);
        steps(&["lend"]).expect(
            check,
            &[(
                SECOND,
                "fn lend",
                "1 lines that this step adds are printed on no page, `fn lend() {}`",
            )],
        );
    }

    #[test]
    fn a_line_that_a_step_removes_and_no_page_shows_is_named() {
        let fixture =
            steps(&["lend", "call"]).replace(FIRST, "fn main", "use std::thread;\n\nfn main");
        bless(&fixture.book()).unwrap();
        fixture.expect(
            check,
            &[(
                FIRST,
                "use std::thread",
                "1 lines that 2_kept removes are shown on no page",
            )],
        );
    }

    #[test]
    fn a_line_of_the_first_step_counts_as_added() {
        steps(&["lend", "call"])
            .replace(
                CHAPTER,
                "{{ steps(project=\"queue\", step=\"1_lost\") }}",
                "",
            )
            .expect(check, &[(FIRST, "fn main", "2 lines that this step adds")]);
    }

    #[test]
    fn a_system_without_a_chapter_may_wait_for_it() {
        steps(&[])
            .replace(
                CHAPTER,
                "{{ steps(project=\"queue\", step=\"1_lost\") }}",
                "",
            )
            .expect(check, &[]);
    }

    #[test]
    fn a_step_that_cargo_does_not_test_is_named() {
        steps(&["lend", "call"])
            .replace(
                MANIFEST,
                "path = \"steps/2_kept.rs\"\ntest = true",
                "path = \"x\"",
            )
            .expect(
                check,
                &[(
                    SECOND,
                    "fn main",
                    "code/projects/queue/Cargo.toml has no example",
                )],
            );
        steps(&["lend", "call"])
            .replace(MANIFEST, "test = true", "test = false")
            .expect(check, &[(FIRST, "fn main", "its example in")]);
        steps(&["lend", "call"])
            .replace(MANIFEST, "queue-1-lost", "lost")
            .expect(check, &[(FIRST, "fn main", "its example in")]);
    }

    #[test]
    fn a_gap_between_numbers_is_named() {
        steps(&["lend", "call"])
            .rename(SECOND, "code/projects/queue/steps/3_kept.rs")
            .replace(MANIFEST, "steps/2_kept", "steps/3_kept")
            .replace(MANIFEST, "queue-2-kept", "queue-3-kept")
            .expect(
                |book| super::numbered(&super::of_system(book, "queue")),
                &[(
                    "code/projects/queue/steps/3_kept.rs",
                    "fn main",
                    "step 2 is called `3_kept`",
                )],
            );
    }

    #[test]
    fn what_pages_show_is_held_to_the_programs() {
        steps(&["lend", "call"])
            .replace(FIRST, "take();", "take();\n    rest();")
            .expect(check, &[(SHOWN, "# Written", "is not what the programs")]);
    }
}
