//! Terms: where a chapter first uses a word of the glossary, the word leads to its entry.
//!
//! Readers who point at such a link see what the word means (`static/js/term-card.js`).

use std::collections::BTreeMap;
use std::fs;
use std::ops::Range;
use std::sync::LazyLock;

use harness::book::{Page, Span};
use regex::{Match, Regex};

use crate::Problem;
use crate::book::{Book, chapter_number, operated, stem};

/// The page of the glossary.
const GLOSSARY: &str = "content/glossary.md";

/// Words of the glossary that also stand in everyday sentences, and a name that leads elsewhere:
/// the author links them where they mean the term.
const EVERYDAY: &[&str] = &[
    "ready", "move", "tokio", "driver", "returned", "lane", "resume",
];

static SHORTCODE: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\{\{.*?\}\}").expect("a pattern"));

/// A word that is not linked where it should be.
struct Unlinked {
    line: usize,
    range: Range<usize>,
    word: String,
    id: String,
}

impl Unlinked {
    fn fixed(&self) -> String {
        format!("[{}](@/glossary.md#{})", self.word, self.id)
    }
}

/// In each chapter: the first use of a term, and every use in italics.
pub fn check(book: &Book) -> Vec<Problem> {
    let terms = Terms::read(book);
    let mut problems = Vec::new();
    for page in read_through(book) {
        for unlinked in terms.unlinked(page) {
            let what = format!(
                "\"{}\" is of the glossary, and does not lead there",
                unlinked.word.trim_matches('*')
            );
            problems.push(Problem::new(
                &page.path,
                unlinked.line,
                what,
                format!("write {}", unlinked.fixed()),
            ));
        }
    }
    problems
}

/// Writes the links that are missing.
pub fn bless(book: &Book) -> std::io::Result<()> {
    let terms = Terms::read(book);
    for page in read_through(book) {
        let mut text = page.text.clone();
        let unlinked = terms.unlinked(page);
        for unlinked in unlinked.iter().rev() {
            text.replace_range(unlinked.range.clone(), &unlinked.fixed());
        }
        if !unlinked.is_empty() {
            fs::write(book.root.join(&page.path), text)?;
        }
    }
    Ok(())
}

/// The pages that explain: chapters and the second pages of systems, appendices and the phrasebook.
pub fn read_through(book: &Book) -> impl Iterator<Item = &Page> {
    book.content().filter(|page| {
        let (path, name) = (page.path.as_str(), stem(page));
        chapter_number(name).is_some()
            || operated(name).is_some()
            || path == "content/coming-from-asyncio.md"
            || path.starts_with("content/appendices/") && name != "_index"
    })
}

/// Pieces of running text, without what stands in shortcodes.
pub fn spans(page: &Page) -> impl Iterator<Item = &Span> {
    let is_said = outside_shortcodes(page);
    page.spans
        .iter()
        .filter(move |span| is_said(span.range.start))
}

/// Tells of a byte of the page whether it stands outside shortcodes: one may stand inside a span.
fn outside_shortcodes(page: &Page) -> impl Fn(usize) -> bool + use<> {
    let shortcodes = SHORTCODE.find_iter(&page.text).map(|found| found.range());
    let shortcodes: Vec<Range<usize>> = shortcodes.collect();
    move |byte| !shortcodes.iter().any(|range| range.contains(&byte))
}

/// The words of the glossary.
struct Terms {
    /// `future` to `future`, `leaf future` to `leaf-future`; in lower case.
    ids: BTreeMap<String, String>,
    /// Finds each of them, the longest first, in the plural too.
    pattern: Option<Regex>,
}

impl Terms {
    fn read(book: &Book) -> Terms {
        let mut ids = BTreeMap::new();
        let headings = book.page(GLOSSARY).map(|page| (page, &page.headings));
        for (page, heading) in headings
            .into_iter()
            .flat_map(|(page, headings)| headings.iter().map(move |heading| (page, heading)))
        {
            let source = page.text.lines().nth(heading.line - 1).unwrap_or_default();
            let Some(id) = heading.id.as_ref().filter(|_| !source.contains('`')) else {
                continue; // a name in code font leads to its documentation
            };
            let title = heading.title.to_lowercase();
            for word in title.split(", ").flat_map(|words| words.split(" and ")) {
                if word.len() > 1 && !EVERYDAY.contains(&word) {
                    ids.insert(word.to_owned(), id.clone());
                }
            }
        }
        let mut words: Vec<String> = ids.keys().map(|word| regex::escape(word)).collect();
        words.sort_by_key(|word| std::cmp::Reverse(word.len()));
        let pattern = format!(r"(?i)\b({})s?\b", words.join("|"));
        let pattern = Some(pattern).filter(|_| !words.is_empty());
        Terms {
            ids,
            pattern: pattern.map(|pattern| Regex::new(&pattern).expect("escaped words")),
        }
    }

    fn id(&self, word: &str) -> Option<&String> {
        let word = word.to_lowercase();
        let singular = word.strip_suffix('s').unwrap_or(&word);
        self.ids.get(&word).or_else(|| self.ids.get(singular))
    }

    fn unlinked(&self, page: &Page) -> Vec<Unlinked> {
        let mut met = Vec::new();
        let mut unlinked = Vec::new();
        let Some(pattern) = &self.pattern else {
            return unlinked;
        };
        let is_said = outside_shortcodes(page);
        for span in spans(page) {
            if let Some(to) = &span.link {
                met.extend(to.strip_prefix("@/glossary.md#").map(str::to_owned));
                continue;
            }
            if span.is_code {
                continue;
            }
            let found = pattern.find_iter(&page.text[span.range.clone()]);
            for found in found.filter(|found| is_said(span.range.start + found.start())) {
                let Some(id) = self.id(found.as_str()) else {
                    continue;
                };
                let is_defined = span.is_emphasis && found.len() == span.range.len();
                if is_part_of_a_word(page, span, &found) || met.contains(id) && !is_defined {
                    continue;
                }
                met.push(id.clone());
                let at = span.range.start;
                // The asterisks belong to the link.
                let around = usize::from(is_defined);
                let range = at + found.start() - around..at + found.end() + around;
                unlinked.push(Unlinked {
                    line: span.line,
                    word: page.text[range.clone()].to_owned(),
                    range,
                    id: id.clone(),
                });
            }
        }
        unlinked
    }
}

/// `thread-local` is not a thread.
fn is_part_of_a_word(page: &Page, span: &Span, found: &Match) -> bool {
    let (before, after) = page.text.split_at(span.range.start + found.start());
    before.ends_with(['-', '_']) || after[found.len()..].starts_with(['-', '_'])
}

#[cfg(test)]
mod tests {
    use super::{bless, check};
    use crate::fixture::{CHAPTER, Fixture};

    fn prose(text: &str) -> Fixture {
        Fixture::sound().replace(CHAPTER, "A task waits.", text)
    }

    #[test]
    fn the_first_use_of_a_term_is_named_until_it_is_blessed() {
        let fixture = prose("Wakers wake, and a waker is small.");
        bless(&fixture.book()).unwrap();
        let text = fixture.book().page(CHAPTER).unwrap().text.clone();
        assert!(
            text.contains("[Wakers](@/glossary.md#waker) wake, and a waker is small."),
            "{text}"
        );
        fixture.expect(check, &[]);
        prose("Wakers wake, and a waker is small.").expect(
            check,
            &[(CHAPTER, "Wakers", "\"Wakers\" is of the glossary")],
        );
    }

    #[test]
    fn a_term_in_italics_is_named_wherever_it_stands() {
        prose("A [waker](@/glossary.md#waker) is a *waker*.").expect(
            check,
            &[(CHAPTER, "*waker*", "\"waker\" is of the glossary")],
        );
        prose("A [waker](@/glossary.md#waker) is a [*waker*](@/glossary.md#waker).")
            .expect(check, &[]);
    }

    #[test]
    fn code_names_headings_and_longer_words_are_no_uses() {
        prose("A `waker` of the waker-table, a wakerless one, a [waker](#quiz).\n\n## Waker {#w}")
            .expect(check, &[]);
        prose("{{ drawing(name=\"ch02-lanes\", caption=\"A waker.\") }}").expect(check, &[]);
        prose("See {{ later(chapter=3, text=\"a waker\") }}.").expect(check, &[]);
    }
}
