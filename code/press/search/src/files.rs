//! The files of the index.
//!
//! `index.json` has no version in its name and is asked for first. The pieces stand in a folder
//! named after what the index holds, so that a browser may keep them for ever and never mixes two
//! versions.
//!
//! ```text
//! search/index.json        format, version, pages with their sections, all words, where pieces begin
//! search/VERSION/wN.json   the sections that have each of some words, and how well they answer
//! search/VERSION/tN.json   the text of some sections, for excerpts
//! ```

use anyhow::Result;
use serde::Serialize;

use crate::page::{Kind, Page, Section};
use crate::weights::Postings;
use crate::words;

/// Goes up when the files change in a way that an older script cannot read.
const FORMAT: u32 = 1;

/// Sizes of the pieces in bytes, before compression: small enough to arrive at once on a slow
/// line, large enough to be worth asking for.
const WORDS_PIECE: usize = 4_000;
const TEXT_PIECE: usize = 3_000;

/// Weights are written as one of these letters, each this much heavier than the one before.
const LETTERS: &[u8; 52] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const STEP: f64 = 1.13;
const LIGHTEST: f64 = 0.05;

#[derive(Serialize)]
struct Index<'a> {
    format: u32,
    version: &'a str,
    step: f64,
    stop: &'a str,
    /// Path, title, chapter number, sections.
    pages: Vec<(&'a str, &'a str, &'a str, Vec<Entry<'a>>)>,
    /// Sorted, each after a digit that says how many letters it shares with the one before.
    words: String,
    /// The number of the first word of each piece, and of the first section.
    words_from: Vec<usize>,
    text_from: Vec<usize>,
}

/// Id, heading, level.
type Entry<'a> = (&'a str, &'a str, u8);

/// The names and texts of all files; `index.json` is the first.
pub fn write(
    pages: &[Page],
    sections: &[&Section],
    postings: &Postings,
) -> Result<Vec<(String, String)>> {
    let rows: Vec<String> = postings.values().map(|row| line(row)).collect();
    let (words_from, words_pieces) = pieces(&rows, WORDS_PIECE, &[])?;
    let texts: Vec<String> = sections.iter().map(|section| text(section)).collect();
    // A piece never spans two pages: what one page says is looked at together.
    let mut starts = Vec::new();
    for page in pages {
        starts.push(starts.last().copied().unwrap_or(0) + page.sections.len());
    }
    let (text_from, text_pieces) = pieces(&texts, TEXT_PIECE, &starts)?;

    let mut index = Index {
        format: FORMAT,
        version: "",
        step: STEP,
        stop: words::STOP,
        pages: pages.iter().map(entry).collect(),
        words: front_coded(postings.keys()),
        words_from,
        text_from,
    };
    let all = [&words_pieces[..], &text_pieces[..]].concat().join("\n");
    let version = fingerprint(&(serde_json::to_string(&index)? + &all));
    index.version = &version;

    let mut files = vec![("index.json".to_owned(), serde_json::to_string(&index)?)];
    for (kind, pieces) in [("w", words_pieces), ("t", text_pieces)] {
        for (at, piece) in pieces.into_iter().enumerate() {
            files.push((format!("{version}/{kind}{at}.json"), piece));
        }
    }
    Ok(files)
}

fn entry(page: &Page) -> (&str, &str, &str, Vec<Entry<'_>>) {
    let mut sections = Vec::new();
    for section in &page.sections {
        // The head of a page is headed by the page's title.
        let heading = if section.level == 1 {
            ""
        } else {
            &section.heading
        };
        sections.push((section.id.as_str(), heading, section.level));
    }
    (&page.path, &page.title, &page.number, sections)
}

/// Sections and weights of a word: how far on the next section is, nothing for the very next, and
/// the weight's letter.
fn line(sections: &[(usize, f64)]) -> String {
    let mut line = String::new();
    let mut next = 0;
    for &(number, weight) in sections {
        if number > next {
            line.push_str(&(number - next).to_string());
        }
        line.push(letter(weight));
        next = number + 1;
    }
    line
}

fn letter(weight: f64) -> char {
    let steps = (weight / LIGHTEST).max(1.0).log(STEP).round() as usize;
    char::from(LETTERS[steps.min(LETTERS.len() - 1)])
}

/// What the browser shows of a section: a block a line, code after a tab.
fn text(section: &Section) -> String {
    let blocks = section.blocks.iter().map(|block| match block.kind {
        Kind::Code => format!("\t{}", block.text),
        Kind::Prose | Kind::Quiz => block.text.clone(),
    });
    blocks.collect::<Vec<_>>().join("\n")
}

/// Packs lines into pieces, and says with which line each begins.
fn pieces(lines: &[String], size: usize, starts: &[usize]) -> Result<(Vec<usize>, Vec<String>)> {
    let (mut from, mut pieces) = (Vec::new(), Vec::new());
    let mut begin = 0;
    let mut bytes = 0;
    for (at, line) in lines.iter().enumerate() {
        if at > begin && (bytes + line.len() > size || starts.contains(&at)) {
            from.push(begin);
            pieces.push(serde_json::to_string(&lines[begin..at])?);
            (begin, bytes) = (at, 0);
        }
        bytes += line.len();
    }
    from.push(begin);
    pieces.push(serde_json::to_string(&lines[begin..])?);
    Ok((from, pieces))
}

/// `abort`, `aborted`, `about` → `0abort 5ed 3ut`: what neighbors share is not sent twice.
fn front_coded<'a>(words: impl Iterator<Item = &'a String>) -> String {
    let mut coded = String::new();
    let mut before = "";
    for word in words {
        let shared = word
            .char_indices()
            .zip(before.chars())
            .take_while(|((_, a), b)| a == b)
            .take(9)
            .count();
        coded.push(' ');
        coded.push_str(&shared.to_string());
        coded.extend(word.chars().skip(shared));
        before = word;
    }
    coded.trim_start().to_owned()
}

/// FNV-1a, which needs no crate and is the same on every machine.
fn fingerprint(text: &str) -> String {
    let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    format!("{hash:016x}")[..10].to_owned()
}
