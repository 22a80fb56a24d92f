//! Recorded runs: each is sound, has its picture, and was recorded from the very program that the
//! page shows.

use std::collections::HashMap;

use recorder::picture::MOST_BYTES;
use recorder::run::Run;

use crate::Problem;
use crate::book::Book;

const FOLDER: &str = "static/runs";

/// Every block with `run=NAME` has a recording of its own text, and every recording a block.
pub fn check(book: &Book) -> Vec<Problem> {
    if !book.root.join(FOLDER).is_dir() {
        return Vec::new();
    }
    let mut problems = Vec::new();
    let mut seen: HashMap<&str, String> = HashMap::new();
    for block in book.pages.iter().flat_map(|page| &page.blocks) {
        let Some(name) = block.option("run") else {
            continue;
        };
        let mut problem = |what: String, fix: String| {
            problems.push(Problem::new(&block.path, block.line, what, fix));
        };
        if let Some(other) = seen.insert(name, format!("{}:{}", block.path, block.line)) {
            problem(
                format!("the run `{name}` is that of {other} too"),
                "give it another name".into(),
            );
            continue;
        }
        let file = format!("{FOLDER}/{name}.json");
        let fix = format!("type `cargo xtask record {name}`");
        match book.file(&file).map(|text| Run::from_json(&text)) {
            None => problem(format!("the run `{name}` is not recorded"), fix),
            Some(Err(error)) => problem(format!("{file} is not a recorded run: {error}"), fix),
            Some(Ok(run)) if run.source != block.code => {
                problem(
                    format!("the program changed since the run `{name}` was recorded"),
                    fix,
                );
            }
            Some(Ok(_)) => {
                if let Some(what) = fault_of_picture(book, name) {
                    problem(what, fix);
                }
            }
        }
    }
    for file in book.files(FOLDER, "json") {
        let name = file
            .rsplit('/')
            .next()
            .unwrap_or_default()
            .trim_end_matches(".json");
        if !seen.contains_key(name) {
            let fix = format!("write `run={name}` behind the fence of its program, or remove it");
            problems.push(Problem::new(&file, 1, "no page shows this run", fix));
        }
    }
    problems
}

/// What is wrong with the picture of a run, which stands in the page itself.
fn fault_of_picture(book: &Book, name: &str) -> Option<String> {
    let file = format!("{FOLDER}/{name}.svg");
    let Some(svg) = book.file(&file) else {
        return Some(format!("{file} is missing"));
    };
    if svg.len() > MOST_BYTES {
        return Some(format!("{file} has {} bytes of {MOST_BYTES}", svg.len()));
    }
    let told = ["<title", "<desc"].iter().all(|tag| svg.contains(tag));
    (!told).then(|| format!("{file} does not tell what it shows"))
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::fixture::{CHAPTER, Fixture};

    const RUN: &str = "static/runs/ch02-tick.json";

    #[test]
    fn a_program_that_changed_since_it_was_recorded_is_named() {
        let what = "the program changed since the run `ch02-tick` was recorded";
        Fixture::sound()
            .replace(CHAPTER, "assert!(true)", "assert!(!false)")
            .expect(check, &[(CHAPTER, "```rust,run", what)]);
    }

    #[test]
    fn a_run_without_a_recording_and_a_recording_without_a_run_are_named() {
        Fixture::sound()
            .replace(CHAPTER, "run=ch02-tick", "run=ch02-tock")
            .expect(
                check,
                &[
                    (
                        CHAPTER,
                        "```rust,run",
                        "the run `ch02-tock` is not recorded",
                    ),
                    (RUN, "", "no page shows this run"),
                ],
            );
    }

    #[test]
    fn a_run_without_a_picture_is_named() {
        let what = "static/runs/ch02-tick.svg does not tell what it shows";
        Fixture::sound()
            .write("static/runs/ch02-tick.svg", "<svg/>")
            .expect(check, &[(CHAPTER, "```rust,run", what)]);
    }

    #[test]
    fn a_recording_that_cannot_be_read_is_named() {
        let what = "static/runs/ch02-tick.json is not a recorded run";
        Fixture::sound()
            .write(RUN, "{}")
            .expect(check, &[(CHAPTER, "```rust,run", what)]);
    }
}
