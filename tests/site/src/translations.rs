//! Translations: `x.de.md` has the programs and the anchors of `x.md`, in their order, at its address below `de/`.

use harness::book::{self, Page};
use toml::Table;

use crate::Problem;
use crate::book::Book;

/// Every translation below content/.
pub fn check(book: &Book) -> Vec<Problem> {
    let mut problems = Vec::new();
    for page in book::translations(&book.root) {
        match page {
            Ok(page) => problems.extend(compare(book, &page)),
            Err((file, why)) => problems.push(Problem::new(file, 1, why, "save the file as UTF-8")),
        }
    }
    problems
}

fn compare(book: &Book, page: &Page) -> Vec<Problem> {
    let problem = |line, what: String, fix: &str| Problem::new(&page.path, line, what, fix);
    let Some((stem, language)) = page.path.trim_end_matches(".md").rsplit_once('.') else {
        return Vec::new();
    };
    let original = format!("{stem}.md");
    let Some(original) = book.page(&original) else {
        return vec![problem(
            1,
            format!("there is no {original}"),
            "fix the name",
        )];
    };
    let mut problems = Vec::new();
    let path = path(original).map(|path| format!("{language}/{path}"));
    if self::path(page) != path {
        let path = path.map_or("no `path`".to_owned(), |path| format!("path = \"{path}\""));
        problems.push(problem(
            2,
            format!("{} leads to another address", page.path),
            &format!("write {path}"),
        ));
    }
    let ids = |page: &Page| -> Vec<Option<String>> {
        page.headings.iter().map(|it| it.id.clone()).collect()
    };
    if let Some(at) = differ(&ids(page), &ids(original)) {
        let line = page.headings.get(at).map_or(1, |heading| heading.line);
        let what = format!(
            "heading {} has not the anchor that it has in {}",
            at + 1,
            original.path
        );
        problems.push(problem(
            line,
            what,
            "keep the headings, their order and their anchors",
        ));
    }
    let programs = |page: &Page| -> Vec<(String, String)> {
        page.blocks
            .iter()
            .map(|it| (it.info.clone(), it.code.clone()))
            .collect()
    };
    if let Some(at) = differ(&programs(page), &programs(original)) {
        let line = page.blocks.get(at).map_or(1, |block| block.line);
        let what = format!("program {} is not the one of {}", at + 1, original.path);
        problems.push(problem(line, what, "copy it from there"));
    }
    problems
}

fn path(page: &Page) -> Option<String> {
    let front: Table = page.front_matter.as_ref()?.parse().ok()?;
    Some(front.get("path")?.as_str()?.to_owned())
}

/// Where two lists are no longer the same.
fn differ<T: PartialEq>(ours: &[T], theirs: &[T]) -> Option<usize> {
    let same = ours
        .iter()
        .zip(theirs)
        .take_while(|(our, their)| our == their)
        .count();
    (same < ours.len().max(theirs.len())).then_some(same)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::check;
    use crate::fixture::{CHAPTER, Fixture};

    const GERMAN: &str = "content/part1-foundations/ch02-event-loop-internals.de.md";

    fn site() -> Fixture {
        let fixture = Fixture::sound();
        let text = fs::read_to_string(fixture.book().root.join(CHAPTER)).unwrap();
        fixture.write(GERMAN, &text.replace("path = \"", "path = \"de/"))
    }

    #[test]
    fn nothing_is_wrong_with_the_same_programs_and_anchors() {
        site().expect(check, &[]);
    }

    #[test]
    fn another_program_anchor_or_address_is_named() {
        site()
            .replace(GERMAN, "de/event", "event")
            .replace(GERMAN, "{#wakeups}", "{#wecken}")
            .replace(GERMAN, "assert!(true)", "assert!(1 < 2)")
            .expect(
                check,
                &[
                    (
                        GERMAN,
                        "title",
                        "content/part1-foundations/ch02-event-loop-internals.de.md leads",
                    ),
                    (GERMAN, "{#wecken}", "heading 2 has not the anchor"),
                    (GERMAN, "```rust,run", "program 1 is not the one of"),
                ],
            );
    }

    #[test]
    fn a_translation_of_nothing_is_named() {
        const LOST: &str = "content/lost.de.md";
        site()
            .write(LOST, "")
            .expect(check, &[(LOST, "", "there is no content/lost.md")]);
    }
}
