//! The files of the index.
//!
//! `index.json` has no version in its name and is asked for first. The pieces stand in a folder
//! named after what the index holds, so that a browser may keep them forever and never mixes two
//! versions.
//!
//! ```text
//! search/index.json          format, version, where pieces begin
//! search/VERSION/pages.json  pages with their sections
//! search/VERSION/vN.json     the words that begin with one letter
//! search/VERSION/wN.json     the sections that have each of some words, and how well they answer
//! search/VERSION/tN.json     the text of some sections, for excerpts
//! ```

use anyhow::Result;
use serde::Serialize;

use crate::page::{Kind, Page, Section};
use crate::weights::Postings;
use crate::words;

/// Goes up when the files change in a way that an older script cannot read.
const FORMAT: u32 = 3;

/// Sizes of the pieces in bytes, before compression: small enough to arrive at once on a slow
/// line, large enough to be worth asking for.
const WORDS_PIECE: usize = 1_400;
const TEXT_PIECE: usize = 1_000;

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
    /// What readers say, each with the book's words for it.
    meant: &'a [(&'a str, &'a str)],
    /// Words that a reader may write as two, the first of them a word of `stop`: `would block`.
    joined: Vec<&'a str>,
    /// The first letters of words, each a piece, and the number of the first word with it.
    letters: String,
    letters_from: Vec<usize>,
    /// The number of the first word of each piece.
    words_from: Vec<usize>,
}

/// Column by column, which packs better.
#[derive(Serialize)]
struct Pages<'a> {
    /// Path, title, chapter number.
    pages: Vec<(&'a str, &'a str, &'a str)>,
    /// Of the sections of each page: ids, with a capital for each word that the heading has;
    /// headings; levels.
    ids: Vec<String>,
    headings: Vec<String>,
    levels: Vec<String>,
    /// How many sections each piece of text has.
    texts: Vec<usize>,
}

/// The names and texts of all files; `index.json` is the first.
pub fn write(
    pages: &[Page],
    sections: &[&Section],
    postings: &Postings,
) -> Result<Vec<(String, String)>> {
    let rows: Vec<String> = postings.values().map(|row| line(row)).collect();
    let (words_from, words_pieces) = pieces(&rows, WORDS_PIECE, &[])?;
    let (letters, letters_from, letters_pieces) = letters(postings)?;
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
        meant: &words::MEANT,
        joined: joined(postings),
        letters,
        letters_from,
        words_from,
    };
    let listed = list(pages, &text_from, sections.len())?;
    let all = [&letters_pieces[..], &words_pieces, &text_pieces]
        .concat()
        .join("\n");
    let version = fingerprint(&(serde_json::to_string(&index)? + &listed + &all));
    index.version = &version;

    let mut files = vec![
        ("index.json".to_owned(), serde_json::to_string(&index)?),
        (format!("{version}/pages.json"), listed),
    ];
    let kinds = [
        ("v", letters_pieces),
        ("w", words_pieces),
        ("t", text_pieces),
    ];
    for (kind, pieces) in kinds {
        for (at, piece) in pieces.into_iter().enumerate() {
            files.push((format!("{version}/{kind}{at}.json"), piece));
        }
    }
    Ok(files)
}

fn list(pages: &[Page], text_from: &[usize], sections: usize) -> Result<String> {
    let column = |of: fn(&Section) -> String, between: &str| -> Vec<String> {
        let rows = pages.iter().map(|page| page.sections.iter().map(of));
        rows.map(|row| row.collect::<Vec<_>>().join(between))
            .collect()
    };
    let ends = text_from.iter().skip(1).chain([&sections]);
    Ok(serde_json::to_string(&Pages {
        pages: pages
            .iter()
            .map(|page| (&*page.path, &*page.title, &*page.number))
            .collect(),
        ids: column(id, " "),
        // The head of a page is headed by the page's title.
        headings: column(
            |it| String::from(if it.level == 1 { "" } else { &it.heading }),
            "\n",
        ),
        levels: column(|it| it.level.to_string(), ""),
        texts: ends.zip(text_from).map(|(end, from)| end - from).collect(),
    })?)
}

/// An id by the words of its heading: `=` where it is all of them, and else `A` for the first of
/// them, `B` for the second. `The select! macro` with the id `select-macros` gives `B-macros`.
fn id(section: &Section) -> String {
    let heading = section.heading.to_ascii_lowercase();
    let words = heading.split(|c: char| !c.is_ascii_alphanumeric());
    let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
    if section.level > 1 && words.join("-") == section.id {
        return "=".to_owned();
    }
    let mut coded = String::new();
    for word in section.id.split('-').filter(|word| !word.is_empty()) {
        match (b'A'..=b'Z').zip(&words).find(|(_, other)| **other == word) {
            Some((letter, _)) => coded.push(char::from(letter)),
            None if coded.is_empty() => coded.push_str(word),
            None => coded.extend(["-", word]),
        }
    }
    coded
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

/// The first letters of all words, the number of the first word with each, and a piece for each.
fn letters(postings: &Postings) -> Result<(String, Vec<usize>, Vec<String>)> {
    let (mut letters, mut from, mut pieces) = (String::new(), Vec::new(), Vec::new());
    let mut begin = 0;
    let words: Vec<&String> = postings.keys().collect();
    for group in words.chunk_by(|a, b| a.chars().next() == b.chars().next()) {
        letters.extend(group[0].chars().next());
        from.push(begin);
        pieces.push(serde_json::to_string(&front_coded(group))?);
        begin += group.len();
    }
    Ok((letters, from, pieces))
}

/// The words that are a word of `STOP` and another word of the book: `wouldblock`, `oncecell`.
fn joined(postings: &Postings) -> Vec<&str> {
    let is_two = |word: &str| {
        words::STOP.split(' ').any(|stop| {
            let rest = word.strip_prefix(stop).unwrap_or_default();
            stop.len() > 1 && rest.len() > 3 && postings.contains_key(rest)
        })
    };
    let words = postings.keys().map(String::as_str);
    words.filter(|word| is_two(word)).collect()
}

/// `abort`, `aborted`, `about` → `0abort 5ed 3ut`: what neighbors share is not sent twice.
fn front_coded(words: &[&String]) -> String {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn codes(heading: &str, written: &str, expected: &str) {
        let section = Section {
            id: written.to_owned(),
            level: 2,
            heading: heading.to_owned(),
            ..Section::default()
        };
        assert_eq!(id(&section), expected);
    }

    #[test]
    fn ids_are_told_by_the_words_of_their_headings() {
        codes("The select! macro", "the-select-macro", "=");
        codes("The select! macro", "select-macros", "B-macros");
        codes("The select! macro", "a-select-macro", "aBC");
        codes("`spawn_blocking`", "spawn-blocking", "=");
        codes("Drop", "in-the-end", "in-the-end");
    }
}
