//! Quizzes: the answer is one of the options, and a program or a listed test proves it.
//! A card may stand in any section, and some stand together at the end, in the section `quiz`.

use std::sync::LazyLock;

use harness::book::Page;
use regex::Regex;

use crate::Problem;
use crate::book::{Book, without_code};
use crate::listings;
use crate::shortcodes::{self, Shortcode};

static CARD: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r#"^<quiz-card answer="(\d+)">$"#).expect("a pattern"));
static OPTION: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"^(\d+)\. ").expect("a pattern"));

/// A card, from its first to its last line.
struct Card {
    first: usize,
    last: usize,
    answer: usize,
    options: usize,
    closed: bool,
    answer_text: bool,
    shown: bool,
}

/// 5 to 10 cards in a chapter, each of them sound.
pub fn check(book: &Book) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (_, page) in book.chapters() {
        let cards = cards(page, &mut problems);
        if !(5..=10).contains(&cards.len()) {
            let line = page
                .headings
                .iter()
                .find(|it| it.id.as_deref() == Some("quiz"));
            let line = line.map_or(1, |heading| heading.line);
            let what = format!("{} quiz cards in this chapter", cards.len());
            let fix = "ask 5 to 10, one at the end of a section and a few in the section `quiz`";
            problems.push(Problem::new(&page.path, line, what, fix));
        }
        for card in cards {
            problems.extend(faults(book, page, &card));
        }
    }
    problems
}

fn cards(page: &Page, problems: &mut Vec<Problem>) -> Vec<Card> {
    let text = without_code(page);
    let mut cards: Vec<Card> = Vec::new();
    let (mut in_card, mut in_details) = (false, false);
    for (line, text) in (1..).zip(text.lines()) {
        if text.starts_with("<quiz-card") {
            let Some(found) = CARD.captures(text) else {
                let fix = "write <quiz-card answer=\"2\"> on a line of its own";
                problems.push(Problem::new(
                    &page.path,
                    line,
                    "a card without an answer",
                    fix,
                ));
                continue;
            };
            (in_card, in_details) = (true, false);
            cards.push(Card {
                first: line,
                last: line,
                answer: found[1].parse().unwrap_or_default(),
                options: 0,
                closed: false,
                answer_text: false,
                shown: false,
            });
        }
        let Some(card) = cards.last_mut().filter(|_| in_card) else {
            continue;
        };
        card.last = line;
        in_details |= text.starts_with("<details");
        if !in_details && OPTION.is_match(text) {
            card.options += 1;
        }
        if in_details {
            card.answer_text |= text.starts_with(&format!("**{}.**", card.answer));
            card.shown |= text.starts_with("{{ anti_pattern(");
        }
        in_details &= !text.starts_with("</details");
        if text.starts_with("</quiz-card") {
            (card.closed, in_card) = (true, false);
        }
    }
    cards
}

/// Whether this is a listing with a test in it.
fn shows_a_test(book: &Book, shown: &Shortcode<'_>) -> bool {
    let file = shown.argument("file").unwrap_or_default();
    let text = book.file(file).unwrap_or_default();
    let text = match shown.argument("part") {
        Some(part) => listings::part(file, &text, part).unwrap_or_default(),
        None => &text,
    };
    shown.name == "listing" && (text.contains("#[test]") || text.contains("#[tokio::test"))
}

fn faults(book: &Book, page: &Page, card: &Card) -> Vec<Problem> {
    let Card {
        first,
        last,
        answer,
        options,
        closed,
        answer_text,
        shown,
    } = card;
    let inside = |line: usize| (*first..=*last).contains(&line);
    let proved = *shown
        || page
            .blocks
            .iter()
            .any(|block| inside(block.line) && block.language() == "rust")
        || shortcodes::of_page(page)
            .iter()
            .any(|shown| inside(shown.line) && shows_a_test(book, shown));
    let faults = [
        (
            *closed,
            "the card is not closed".into(),
            "write </quiz-card>".into(),
        ),
        (
            *options >= 2 && (1..=*options).contains(answer),
            format!("the answer is {answer} and there are {options} options"),
            "number the options 1. 2. 3. and name one of them".into(),
        ),
        (
            *answer_text,
            format!("its <details> do not answer **{answer}.**"),
            format!("begin the answer with **{answer}.**"),
        ),
        (
            proved,
            "nothing proves the answer".into(),
            "show a program that asserts it, the listing of a test, or an anti_pattern".to_owned(),
        ),
    ];
    faults
        .into_iter()
        .filter(|(good, ..)| !good)
        .map(|(_, what, fix): (bool, String, String)| Problem::new(&page.path, *first, what, fix))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::fixture::{CHAPTER, Fixture};

    const TICKER: &str = "code/examples/src/bin/ch02-ticker.rs";

    #[test]
    fn an_answer_that_is_no_option_is_named() {
        Fixture::sound()
            .replace(CHAPTER, "answer=\"2\"", "answer=\"3\"")
            .expect(
                check,
                &[
                    (
                        CHAPTER,
                        "<quiz-card",
                        "the answer is 3 and there are 2 options",
                    ),
                    (CHAPTER, "<quiz-card", "its <details> do not answer **3.**"),
                ],
            );
    }

    #[test]
    fn an_answer_without_proof_is_named() {
        Fixture::sound()
            .replace(
                CHAPTER,
                "```rust\nfn main() {\n    assert_eq!(1 + 1, 2);\n}\n```\n",
                "",
            )
            .expect(
                check,
                &[(CHAPTER, "<quiz-card", "nothing proves the answer")],
            );
    }

    #[test]
    fn the_listing_of_a_test_is_a_proof_and_another_listing_is_none() {
        let listing =
            "{{ listing(file=\"code/examples/src/bin/ch02-ticker.rs\", part=\"tick\") }}\n";
        let listed = || {
            let program = "```rust\nfn main() {\n    assert_eq!(1 + 1, 2);\n}\n```\n";
            Fixture::sound().replace(CHAPTER, program, listing)
        };
        listed().expect(
            check,
            &[(CHAPTER, "<quiz-card", "nothing proves the answer")],
        );
        let tick = "    let ticks = 3;\n";
        let test = "    #[test]\n    fn three() {}\n";
        listed().replace(TICKER, tick, test).expect(check, &[]);
    }

    #[test]
    fn a_card_that_is_not_closed_is_named() {
        Fixture::sound()
            .replace(CHAPTER, "</quiz-card>", "")
            .expect(check, &[(CHAPTER, "<quiz-card", "the card is not closed")]);
    }

    #[test]
    fn a_card_inside_a_section_counts() {
        let card = |text: &str| {
            let first = text.find("<quiz-card").unwrap();
            let last = text.find("</quiz-card>").unwrap() + "</quiz-card>\n\n".len();
            text[first..last].to_owned()
        };
        let text = include_str!("../fixture/chapter.md");
        let card = card(text);
        let moved = text.replacen(&card, "", 1);
        let moved = moved.replace("## Who wakes", &format!("{card}## Who wakes"));
        Fixture::sound().write(CHAPTER, &moved).expect(check, &[]);
        let eleven = text.replacen(&card, &card.repeat(7), 1);
        Fixture::sound()
            .write(CHAPTER, &eleven)
            .expect(check, &[(CHAPTER, "## Quiz", "11 quiz cards")]);
    }

    #[test]
    fn a_chapter_with_few_questions_is_named() {
        Fixture::sound()
            .replace(CHAPTER, "<quiz-card answer=\"2\">", "")
            .expect(
                check,
                &[(CHAPTER, "## Quiz", "4 quiz cards in this chapter")],
            );
    }
}
