//! How well each section answers to each word.
//!
//! The text of a section is weighed by BM25: rare words count more, the tenth mention of a word
//! counts less than the second, and a long section has to mention it more often. What a heading
//! says comes on top, the more of it the word makes up.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::page::{Kind, Page, Section};
use crate::words;

/// For each word, the sections that have it, by their number in the book, and their weights.
pub type Postings = BTreeMap<String, Vec<(usize, f64)>>;

/// How soon more mentions stop counting (k₁ of BM25), and how much length counts (b).
const SATURATION: f64 = 1.2;
const LENGTH: f64 = 0.6;

/// What a mention counts in each sort of text.
const PROSE: f64 = 1.0;
const INLINE_CODE: f64 = 1.3;
const CODE: f64 = 0.35;
const QUIZ: f64 = 0.25;

/// What a heading that is the word alone adds, in mentions that saturate.
const TITLE: f64 = 4.0;
const HEADING: f64 = 3.5;
/// The id of a heading, which often says plainly what the heading says with wit.
const ID: f64 = 2.0;
/// The heading that a section stands under, and the title of its page.
const ABOVE: f64 = 0.5;
const PAGE: f64 = 0.4;
/// The title of its page above the heading that every chapter has for those who come from asyncio.
const PAGE_OF_COMMON: f64 = 1.4;
const COMMON: &str = "coming-from-asyncio";
/// A term or a name that the section introduces.
const TERM: f64 = 2.0;

/// How much less a word of a heading says that has more of them.
const NARROW: f64 = 0.5;

/// Sections that repeat what others explain, by their ids, and what is left of their weights.
const REPEATING: [&str; 3] = ["recap", "quiz", "exercises"];
const REPEATED: f64 = 0.6;
/// The one that gathers the advice of its chapter, which stands behind the sections that explain.
const GATHERING: &str = "in-production";
const GATHERED: f64 = 0.6;

/// Weighs every word of every section.
pub fn weigh(pages: &[Page]) -> Postings {
    let sections: Vec<&Section> = pages.iter().flat_map(|page| &page.sections).collect();
    let texts: Vec<Text> = sections.iter().map(|section| Text::read(section)).collect();
    let said: HashSet<&str> = texts
        .iter()
        .flat_map(|it| it.mentions.keys().map(String::as_str))
        .collect();
    let headings: Vec<HashMap<String, f64>> = pages
        .iter()
        .flat_map(|page| headings(page, &said))
        .collect();
    let stop: HashSet<&str> = words::STOP.split(' ').collect();

    let mut sections_with: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (at, (text, heading)) in texts.iter().zip(&headings).enumerate() {
        let words: HashSet<&String> = text.mentions.keys().chain(heading.keys()).collect();
        for word in words {
            if !stop.contains(word.as_str()) {
                sections_with.entry(word).or_default().push(at);
            }
        }
    }
    let all = texts.len() as f64;
    let usual = texts.iter().map(|text| text.length).sum::<f64>() / all;
    sections_with
        .into_iter()
        .map(|(word, found)| {
            let have = found.len() as f64;
            let rarity = (1.0 + (all - have + 0.5) / (have + 0.5)).ln();
            let weight = |at: usize| {
                let said = texts[at].answers(word, usual);
                let headed = headings[at].get(word).copied().unwrap_or_default();
                (at, rarity * (said + headed) * share(sections[at]))
            };
            (word.to_owned(), found.into_iter().map(weight).collect())
        })
        .collect()
}

/// What is left of the weights of a section.
fn share(section: &Section) -> f64 {
    match section.id.as_str() {
        id if REPEATING.contains(&id) => REPEATED,
        GATHERING => GATHERED,
        _ => 1.0,
    }
}

/// The words of a section's text.
#[derive(Default)]
struct Text {
    mentions: HashMap<String, f64>,
    length: f64,
}

impl Text {
    fn read(section: &Section) -> Text {
        let mut text = Text::default();
        for block in &section.blocks {
            match block.kind {
                Kind::Prose => {
                    // Backticks stand around code, so every second piece is code.
                    for (at, piece) in block.text.split('`').enumerate() {
                        text.add(piece, true, if at % 2 == 0 { PROSE } else { INLINE_CODE });
                    }
                }
                Kind::Code => text.add(&block.text, false, CODE),
                Kind::Quiz => text.add(&block.text, false, QUIZ),
            }
        }
        text
    }

    fn add(&mut self, line: &str, is_prose: bool, worth: f64) {
        words::each(line, is_prose, |word, share| {
            *self.mentions.entry(word.to_owned()).or_default() += worth * share;
            self.length += worth * share;
        });
    }

    fn answers(&self, word: &str, usual_length: f64) -> f64 {
        let mentions = self.mentions.get(word).copied().unwrap_or_default();
        let length = 1.0 - LENGTH + LENGTH * self.length / usual_length;
        mentions * (SATURATION + 1.0) / (mentions + SATURATION * length)
    }
}

/// What the headings above each section of a page add to its words.
fn headings(page: &Page, said: &HashSet<&str>) -> Vec<HashMap<String, f64>> {
    let mut above = String::new();
    let mut all = Vec::new();
    for section in &page.sections {
        let mut adds = HashMap::new();
        for term in &section.terms {
            head(&mut adds, term, TERM);
        }
        if section.level == 1 {
            head(&mut adds, &page.title, TITLE);
        } else {
            head(&mut adds, &section.heading, HEADING);
            head(&mut adds, &section.id, ID);
            // `spawn-blocking` is the section of the function that the text calls so.
            let name = section.id.replace('-', "_");
            if said.contains(name.as_str()) {
                adds.insert(name, HEADING);
            }
            let is_common = section.id == COMMON;
            head(
                &mut adds,
                &page.title,
                if is_common { PAGE_OF_COMMON } else { PAGE },
            );
            if section.level > 2 {
                head(&mut adds, &above, ABOVE);
            } else {
                above.clone_from(&section.heading);
            }
        }
        all.push(adds);
    }
    all
}

fn head(adds: &mut HashMap<String, f64>, heading: &str, worth: f64) {
    let stop: HashSet<&str> = words::STOP.split(' ').collect();
    let mut found = HashMap::new();
    words::each(heading, true, |word, share| {
        if !stop.contains(word) {
            found.insert(word.to_owned(), share);
        }
    });
    let length = found.len() as f64;
    for (word, share) in found {
        let adds = adds.entry(word).or_default();
        *adds = f64::max(*adds, worth * share / length.powf(NARROW));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page::Block;

    fn section(heading: &str, kind: Kind, text: &str) -> Section {
        let text = text.to_owned();
        Section {
            id: heading.to_lowercase(),
            level: 2,
            heading: heading.to_owned(),
            terms: Vec::new(),
            blocks: vec![Block { kind, text }],
        }
    }

    /// The sections with this word, best first.
    fn order(sections: Vec<Section>, word: &str) -> Vec<usize> {
        let page = Page {
            path: "page/".into(),
            title: "Page".into(),
            number: String::new(),
            sections,
        };
        let mut found = weigh(&[page]).remove(word).unwrap_or_default();
        found.sort_by(|a, b| b.1.total_cmp(&a.1));
        found.into_iter().map(|(number, _)| number).collect()
    }

    #[test]
    fn headings_weigh_more_than_prose_and_prose_more_than_code() {
        let sections = vec![
            section("One", Kind::Quiz, "A waker wakes its task."),
            section("Two", Kind::Code, "A waker wakes its task."),
            section("Three", Kind::Prose, "A waker wakes its task."),
            section("Waker", Kind::Prose, "It wakes its task by hand."),
        ];
        assert_eq!(order(sections, "waker"), [3, 2, 1, 0]);
    }

    #[test]
    fn short_sections_that_say_it_often_come_first() {
        let long = "The waker, and much else that has nothing to do with what is looked for.";
        let sections = vec![
            section("One", Kind::Prose, &long.repeat(5)),
            section("Two", Kind::Prose, "Waker, waker, waker, waker, waker."),
            section("Three", Kind::Prose, long),
        ];
        assert_eq!(order(sections, "waker")[0], 1);
    }

    #[test]
    fn words_that_all_text_has_are_passed_over() {
        let sections = vec![section("One", Kind::Prose, "The waker and the task")];
        assert!(order(sections, "the").is_empty());
    }
}
