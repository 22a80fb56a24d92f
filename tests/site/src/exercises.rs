//! Exercises: every chapter has some.

use toml::{Table, Value};

use crate::Problem;
use crate::book::Book;

const LIST: &str = "code/exercises/info.toml";
const FEWEST: usize = 5;

/// The list has five or more for each chapter. That they work is proved in tests/exercises.
pub fn check(book: &Book) -> Vec<Problem> {
    let Some(text) = book.file(LIST) else {
        return Vec::new();
    };
    let list: Table = match text.parse() {
        Ok(list) => list,
        Err(error) => {
            let error: toml::de::Error = error;
            let line = error
                .span()
                .map_or(1, |span| harness::book::lines(&text)(span.start));
            return vec![Problem::new(
                LIST,
                line,
                error.message(),
                "compare with those around it",
            )];
        }
    };
    let exercises = list
        .get("exercises")
        .and_then(Value::as_array)
        .into_iter()
        .flatten();
    let folders: Vec<&str> = exercises
        .filter_map(|exercise| exercise.get("dir").and_then(Value::as_str))
        .collect();
    let mut problems = Vec::new();
    for (number, page) in book.chapters() {
        let folder = format!("ch{number:02}");
        let count = folders.iter().filter(|found| **found == folder).count();
        if count < FEWEST {
            let line = page
                .headings
                .iter()
                .find(|it| it.id.as_deref() == Some("exercises"));
            problems.push(Problem::new(
                &page.path,
                line.map_or(1, |heading| heading.line),
                format!("{LIST} has {count} exercises for this chapter"),
                format!("`cargo xtask new exercise {folder}_…` begins one; a chapter has {FEWEST} or more"),
            ));
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::fixture::{CHAPTER, Fixture};

    #[test]
    fn a_chapter_with_too_few_is_named() {
        let what = "code/exercises/info.toml has 4 exercises for this chapter";
        Fixture::sound()
            .replace(
                "code/exercises/info.toml",
                "dir = \"ch02\"",
                "dir = \"ch03\"",
            )
            .expect(check, &[(CHAPTER, "## Exercises", what)]);
    }
}
