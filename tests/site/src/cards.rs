//! Cards: the patterns and anti-patterns that a chapter names in its front matter.
//!
//! Each has an id of its own in the whole book, and the chapter shows it once, by `card`.
//! `code/projects/patterns.toml` says which systems use them.

use std::collections::HashMap;

use harness::book::Page;
use toml::{Table, Value};

use crate::Problem;
use crate::book::Book;
use crate::headings::is_kebab;
use crate::shortcodes;

/// A pattern or an anti-pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Card {
    /// `patterns` or `anti_patterns`.
    pub list: &'static str,
    /// The line of its id, from 1.
    pub line: usize,
    /// Its anchor.
    pub id: String,
    /// Its name.
    pub title: String,
}

/// Where systems say which patterns they use, from the root of the repository.
pub const SEEN: &str = "code/projects/patterns.toml";

/// What a page's front matter declares, in order; nothing of what cannot be read,
/// which `front_matter` names.
pub fn of_page(page: &Page) -> Vec<Card> {
    let front: Table = page
        .front_matter
        .as_deref()
        .and_then(|text| text.parse().ok())
        .unwrap_or_default();
    let mut cards = Vec::new();
    for list in ["patterns", "anti_patterns"] {
        let declared = front.get("extra").and_then(|extra| extra.get(list));
        let declared = declared.and_then(Value::as_array).into_iter().flatten();
        cards.extend(declared.filter_map(|card| {
            let text = |key| card.get(key)?.as_str().map(str::to_owned);
            let id = text("id")?;
            let at = format!("id = \"{id}\"");
            let line = page.text.lines().position(|line| line.contains(&at));
            Some(Card {
                list,
                line: line.map_or(1, |line| line + 1),
                id,
                title: text("title")?,
            })
        }));
    }
    cards
}

/// Ids are well formed and unique in the book; each card is shown once, and only what is declared.
pub fn check(book: &Book) -> Vec<Problem> {
    let mut problems = seen_in(book);
    let mut seen: HashMap<String, &str> = HashMap::new();
    for page in book.content() {
        let cards = of_page(page);
        let shown = shortcodes::of_page(page);
        let shown: Vec<_> = shown.iter().filter(|it| it.name == "card").collect();
        for card in &cards {
            let Card { line, id, .. } = card;
            let mut problem = |line: usize, what: String, fix: &str| {
                problems.push(Problem::new(&page.path, line, what, fix));
            };
            if !is_kebab(id) {
                problem(
                    *line,
                    format!("the id `{id}` is not in the book's form"),
                    "use lower-case letters, digits and single hyphens",
                );
            }
            if let Some(other) = seen.insert(id.clone(), &page.path) {
                problem(
                    *line,
                    format!("`{id}` is a card of {other} already"),
                    "give it a name and an id of its own: systems cite cards by name",
                );
            }
            let is_heading = |it: &&harness::book::Heading| it.id.as_ref() == Some(id);
            if let Some(heading) = page.headings.iter().find(is_heading) {
                problem(
                    *line,
                    format!(
                        "a card and the heading on line {} have the id `{id}`",
                        heading.line
                    ),
                    "give the card another id",
                );
            }
            let mut places = shown.iter().filter(|it| it.argument("id") == Some(id));
            if places.next().is_none() {
                problem(
                    *line,
                    format!("the card `{id}` is not shown"),
                    "write {{ card(id=\"…\") }} where the text has earned it",
                );
            }
            for again in places {
                problem(
                    again.line,
                    format!("the card `{id}` is shown a second time"),
                    "show it once, and link to it from elsewhere",
                );
            }
        }
        for shortcode in shown {
            let Some(id) = shortcode.argument("id") else {
                continue; // `shortcodes` names it
            };
            if !cards.iter().any(|card| card.id == id) {
                problems.push(Problem::new(
                    &page.path,
                    shortcode.line,
                    format!("the front matter has no card `{id}`"),
                    "declare it in `patterns` or `anti_patterns`, or fix the id",
                ));
            }
        }
    }
    problems
}

/// What a system is said to use is a pattern of the book, stands in that file, and stands in the
/// table of the system's README.
fn seen_in(book: &Book) -> Vec<Problem> {
    let text = book.file(SEEN).unwrap_or_default();
    let systems: Table = match text.parse() {
        Ok(systems) => systems,
        Err(error) => {
            let what = format!("this is not TOML: {error}");
            return vec![Problem::new(
                SEEN,
                1,
                what,
                "write [task-queue] and id = \"file\"",
            )];
        }
    };
    let cards: Vec<Card> = book.content().flat_map(of_page).collect();
    let mut problems = Vec::new();
    for (system, uses) in &systems {
        let readme = format!("code/projects/{system}/README.md");
        let table = book.file(&readme).unwrap_or_default();
        for (id, file) in uses.as_table().into_iter().flatten() {
            let line = text.lines().position(|line| line.starts_with(id.as_str()));
            let mut problem = |what: String, fix: String| {
                let line = line.map_or(1, |line| line + 1);
                problems.push(Problem::new(SEEN, line, what, fix));
            };
            let file = file.as_str().unwrap_or_default();
            if book
                .file(&format!("code/projects/{system}/{file}"))
                .is_none()
            {
                problem(
                    format!("{system} has no file `{file}`"),
                    "write its path from the system's folder".into(),
                );
            }
            let Some(card) = cards.iter().find(|card| card.id == *id) else {
                problem(
                    format!("no chapter has a card `{id}`"),
                    "name one of a chapter that stands, by its id".into(),
                );
                continue;
            };
            let row = |line: &str| line.contains(&card.title) && line.contains(file);
            if !table.lines().any(row) {
                problem(
                    format!("{readme} has no row with \"{}\" and `{file}`", card.title),
                    "write it into the table of patterns there".into(),
                );
            }
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::{SEEN, check};
    use crate::fixture::{CHAPTER, Fixture};

    const PATTERN: &str = "id = \"one-guest\"";

    #[test]
    fn an_id_that_is_malformed_or_a_heading_is_named() {
        Fixture::sound()
            .replace(CHAPTER, PATTERN, "id = \"Wake\"")
            .replace(CHAPTER, "card(id=\"one-guest\")", "card(id=\"Wake\")")
            .expect(check, &[(CHAPTER, "\"Wake\"", "the id `Wake` is not in")]);
        Fixture::sound()
            .replace(CHAPTER, PATTERN, "id = \"recap\"")
            .replace(CHAPTER, "card(id=\"one-guest\")", "card(id=\"recap\")")
            .expect(
                check,
                &[(CHAPTER, "\"recap\"", "a card and the heading on line")],
            );
    }

    #[test]
    fn two_cards_of_one_id_are_named() {
        Fixture::sound()
            .replace(CHAPTER, "id = \"all-guests\"", PATTERN)
            .replace(CHAPTER, "{{ card(id=\"all-guests\") }}", "")
            .expect(
                check,
                &[(CHAPTER, PATTERN, "`one-guest` is a card of content/part1")],
            );
    }

    #[test]
    fn a_card_is_shown_exactly_once() {
        let shown = "{{ card(id=\"one-guest\") }}";
        Fixture::sound().replace(CHAPTER, shown, "").expect(
            check,
            &[(CHAPTER, PATTERN, "the card `one-guest` is not shown")],
        );
        Fixture::sound()
            .replace(
                CHAPTER,
                shown,
                &format!("{shown}\n\n{{{{ card(id = \"one-guest\") }}}}"),
            )
            .expect(
                check,
                &[(
                    CHAPTER,
                    "card(id = ",
                    "the card `one-guest` is shown a second time",
                )],
            );
    }

    #[test]
    fn a_card_that_is_not_declared_is_named() {
        Fixture::sound()
            .replace(CHAPTER, "A task waits.", "{{ card(id=\"sleep\") }}")
            .expect(
                check,
                &[(CHAPTER, "\"sleep\"", "the front matter has no card")],
            );
    }

    #[test]
    fn what_a_system_uses_is_held_to_book_file_and_readme() {
        let seen = |line: &str| {
            Fixture::sound()
                .write(
                    "code/projects/chat/README.md",
                    "| One guest | `src/hub.rs` |\n",
                )
                .write("code/projects/chat/src/hub.rs", "fn hub() {}\n")
                .write("code/projects/chat/src/lib.rs", "mod hub;\n")
                .write(SEEN, &format!("[chat]\n{line}\n"))
        };
        seen("one-guest = \"src/hub.rs\"").expect(check, &[]);
        seen("no-guest = \"src/hub.rs\"").expect(
            check,
            &[(SEEN, "no-guest", "no chapter has a card `no-guest`")],
        );
        seen("one-guest = \"src/lib.rs\"").expect(
            check,
            &[(
                SEEN,
                "one-guest",
                "code/projects/chat/README.md has no row with \"One guest\"",
            )],
        );
        let none = "code/projects/chat/README.md has no row";
        seen("one-guest = \"hub.rs.old\"").expect(
            check,
            &[
                (SEEN, "one-guest", "chat has no file `hub.rs.old`"),
                (SEEN, "one-guest", none),
            ],
        );
    }
}
