//! The outline: parts, chapters and topics, as outline.toml plans them.

use std::fs;
use std::path::Path;

use serde::Deserialize;

use crate::Problem;

/// What outline.toml plans.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Outline {
    /// The parts, in order.
    #[serde(rename = "part")]
    pub parts: Vec<Part>,
}

/// A part and its chapters.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    /// From 1.
    pub number: u32,
    /// `foundations`
    pub slug: String,
    /// `Foundations`
    pub title: String,
    /// What the reader gets from it.
    pub promise: String,
    /// The chapters, in order.
    #[serde(rename = "chapter")]
    pub chapters: Vec<Chapter>,
}

/// A chapter and its topics.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Chapter {
    /// From 1, through the whole book.
    pub number: u32,
    /// `coroutines`
    pub slug: String,
    /// `Futures and async functions`
    pub title: String,
    /// The topics, in order.
    #[serde(rename = "topic")]
    pub topics: Vec<Topic>,
}

/// A topic: a `##` heading of its chapter.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Topic {
    /// The id of the heading.
    pub id: String,
    /// What it teaches.
    pub rust: String,
    /// What the asyncio original taught there.
    pub python: String,
}

impl Outline {
    /// A chapter by its number, with its part.
    pub fn chapter(&self, number: u32) -> Option<(&Part, &Chapter)> {
        let all = self
            .parts
            .iter()
            .flat_map(|part| part.chapters.iter().map(move |it| (part, it)));
        all.into_iter()
            .find(|(_, chapter)| chapter.number == number)
    }

    /// `content/part1-foundations/ch03-coroutines.md`, whether or not it stands there yet.
    pub fn path(&self, chapter: u32) -> Option<String> {
        let (part, chapter) = self.chapter(chapter)?;
        let (
            Part {
                number: part,
                slug: folder,
                ..
            },
            Chapter { number, slug, .. },
        ) = (part, chapter);
        Some(format!(
            "content/part{part}-{folder}/ch{number:02}-{slug}.md"
        ))
    }
}

/// Reads outline.toml.
pub fn read(root: &Path) -> Result<Outline, Problem> {
    let file = "content/outline.toml";
    let fix = "compare with the entries around it";
    let text = fs::read_to_string(root.join(file))
        .map_err(|error| Problem::new(file, 1, error.to_string(), "restore the file"))?;
    toml::from_str(&text).map_err(|error: toml::de::Error| {
        let line = error
            .span()
            .map_or(1, |span| harness::book::lines(&text)(span.start));
        Problem::new(file, line, error.message(), fix)
    })
}
