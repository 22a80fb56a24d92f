//! Chapters stand where the outline plans them, with the headings that it asks of each.

use harness::book::Page;

use crate::Problem;
use crate::book::Book;
use crate::outline::Chapter;

/// The sections that close every chapter, in this order, after its topics.
pub const LAST_SECTIONS: &[&str] = &[
    "coming-from-asyncio",
    "in-production",
    "second-reading",
    "recap",
    "quiz",
    "exercises",
];

/// Those of them that a chapter may do without.
const OPTIONAL_SECTIONS: &[&str] = &["second-reading"];

/// Every chapter is planned, stands in the file that its row names, and has the row's topics.
pub fn check(book: &Book) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (number, page) in book.chapters() {
        let planned = book.outline.chapter(number).zip(book.outline.path(number));
        let Some(((_, chapter), path)) = planned else {
            problems.push(Problem::new(
                &page.path,
                1,
                format!("content/outline.toml has no chapter {number}"),
                "give the file the number of its chapter",
            ));
            continue;
        };
        if page.path != path {
            problems.push(Problem::new(
                &page.path,
                1,
                format!("chapter {number} of content/outline.toml stands elsewhere"),
                format!("move the file to {path}"),
            ));
        }
        problems.extend(sections(page, chapter));
    }
    problems
}

/// The `##` headings of a chapter are its topics and then the sections that every chapter has.
/// Only an opening may stand before them.
fn sections(page: &Page, chapter: &Chapter) -> Vec<Problem> {
    let topics = chapter.topics.iter().map(|topic| topic.id.as_str());
    let wanted: Vec<&str> = topics.chain(LAST_SECTIONS.iter().copied()).collect();
    let order = format!("the sections of this chapter are {}", wanted.join(", "));
    let problem = |line, what| Problem::new(&page.path, line, what, &order);

    let sections = page.headings.iter().filter(|heading| heading.level == 2);
    let sections = sections.map(|heading| (heading.line, heading.id.as_deref().unwrap_or("")));
    let (found, others): (Vec<_>, Vec<_>) = sections.partition(|(_, id)| wanted.contains(id));
    let first = found.first().map_or(usize::MAX, |(line, _)| *line);

    let mut problems = Vec::new();
    for (line, id) in others.into_iter().filter(|(line, _)| *line > first) {
        problems.push(problem(
            line,
            format!("content/outline.toml gives this chapter no topic `{id}`"),
        ));
    }
    let is_found = |id: &&str| found.iter().any(|(_, found)| found == id);
    let required = wanted.iter().copied();
    let required = required.filter(|id| !OPTIONAL_SECTIONS.contains(id));
    for id in required.filter(|id| !is_found(id)) {
        problems.push(problem(1, format!("there is no heading `## … {{#{id}}}`")));
    }
    let in_order = wanted.iter().copied().filter(is_found);
    if let Some(((line, id), expected)) = found
        .iter()
        .zip(in_order)
        .find(|((_, id), expected)| id != expected)
    {
        problems.push(problem(
            *line,
            format!("`{id}` stands where `{expected}` belongs"),
        ));
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::fixture::{CHAPTER, Fixture};

    #[test]
    fn an_unknown_topic_is_named_and_so_is_the_one_it_hides() {
        Fixture::sound()
            .replace(CHAPTER, "{#wakeups}", "{#wakeup}")
            .expect(
                check,
                &[
                    (
                        CHAPTER,
                        "{#wakeup}",
                        "content/outline.toml gives this chapter no topic `wakeup`",
                    ),
                    (CHAPTER, "", "there is no heading `## … {#wakeups}`"),
                ],
            );
    }

    #[test]
    fn the_first_section_out_of_order_is_named() {
        Fixture::sound()
            .replace(CHAPTER, "{#selectors}", "{#other}")
            .replace(CHAPTER, "{#wakeups}", "{#selectors}")
            .replace(CHAPTER, "{#other}", "{#wakeups}")
            .expect(
                check,
                &[(
                    CHAPTER,
                    "{#wakeups}",
                    "`wakeups` stands where `selectors` belongs",
                )],
            );
    }

    #[test]
    fn a_second_reading_may_stand_before_the_recap_and_nowhere_else() {
        let second = "## Second reading {#second-reading}\n\nRare forms.\n\n";
        let before = |section: &str| {
            Fixture::sound().replace(CHAPTER, section, &format!("{second}{section}"))
        };
        before("## Recap").expect(check, &[]);
        before("## Quiz").expect(
            check,
            &[(
                CHAPTER,
                "## Recap",
                "`recap` stands where `second-reading` belongs",
            )],
        );
    }

    #[test]
    fn a_chapter_in_the_wrong_file_is_told_where_it_belongs() {
        let elsewhere = "content/part1-foundations/ch02-event-loop.md";
        Fixture::sound().rename(CHAPTER, elsewhere).expect(
            check,
            &[(
                elsewhere,
                "",
                "chapter 2 of content/outline.toml stands elsewhere",
            )],
        );
    }

    #[test]
    fn a_chapter_that_is_not_planned_is_named() {
        let unplanned = "content/part1-foundations/ch77-more.md";
        Fixture::sound().rename(CHAPTER, unplanned).expect(
            check,
            &[(unplanned, "", "content/outline.toml has no chapter 77")],
        );
    }
}
