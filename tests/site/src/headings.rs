//! Headings: those that others may link to have an id, and no two have the same.

use std::collections::HashSet;

use crate::Problem;
use crate::book::Book;

/// Ids are there, are well formed and are unique; no page writes its own title.
pub fn check(book: &Book) -> Vec<Problem> {
    let mut problems = Vec::new();
    for page in book.content() {
        let mut seen = HashSet::new();
        for heading in &page.headings {
            let mut problem = |what: String, fix: &str| {
                problems.push(Problem::new(&page.path, heading.line, what, fix));
            };
            let title = &heading.title;
            if heading.level == 1 {
                problem(
                    format!("`# {title}`"),
                    "remove it: the page prints the title itself",
                );
            }
            match &heading.id {
                None if heading.level == 2 => problem(
                    format!("the section \"{title}\" has no id"),
                    "write one after it, `{#short-name}`, and never change it again",
                ),
                Some(id) if !is_kebab(id) => problem(
                    format!("the id `{id}` is not in the book's form"),
                    "use lower-case letters, digits and single hyphens",
                ),
                Some(id) if !seen.insert(id.as_str()) => {
                    problem(format!("a second `{{#{id}}}`"), "give it an id of its own");
                }
                _ => {}
            }
        }
    }
    problems
}

/// `two-words`
pub fn is_kebab(id: &str) -> bool {
    id.split('-').all(|word| {
        !word.is_empty()
            && word
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    })
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::fixture::{CHAPTER, Fixture};

    #[test]
    fn missing_malformed_and_repeated_ids_are_named() {
        Fixture::sound()
            .replace(CHAPTER, "{#selectors}", "{#wakeups}")
            .replace(CHAPTER, "{#in-production}", "{#In_Production}")
            .replace(CHAPTER, "## Recap {#recap}", "## Recap")
            .expect(
                check,
                &[
                    (CHAPTER, "## Who wakes", "a second `{#wakeups}`"),
                    (CHAPTER, "## In prod", "the id `In_Production` is not"),
                    (CHAPTER, "## Recap", "the section \"Recap\" has no id"),
                ],
            );
    }

    #[test]
    fn a_title_in_the_text_is_named() {
        Fixture::sound()
            .replace(CHAPTER, "A task waits.", "# Inside\n\nA task waits.")
            .expect(check, &[(CHAPTER, "# Inside", "`# Inside`")]);
    }
}
