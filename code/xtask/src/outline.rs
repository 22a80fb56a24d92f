//! The book's own table of contents, `content/outline.toml`.

use anyhow::{Context, Result, bail};
use toml::{Table, Value};
use xshell::Shell;

/// A part with its chapters, as far as a new chapter needs to know it.
pub struct Part {
    pub number: u32,
    pub slug: String,
    pub title: String,
    pub promise: String,
}

pub struct Chapter {
    pub part: Part,
    pub number: u32,
    pub slug: String,
    pub title: String,
    pub topics: Vec<Topic>,
}

pub struct Topic {
    /// The anchor of its heading.
    pub id: String,
    /// What the topic teaches.
    pub teaches: String,
}

impl Chapter {
    /// `ch05`, where exercises and anti-patterns of this chapter belong.
    pub fn key(&self) -> String {
        format!("ch{:02}", self.number)
    }

    /// `ch05-structured-concurrency`, the stem of the chapter's file.
    pub fn stem(&self) -> String {
        format!("{}-{}", self.key(), self.slug)
    }

    /// Its file, from `content/`.
    pub fn file(&self) -> String {
        let Part { number, slug, .. } = &self.part;
        format!("part{number}-{slug}/{}.md", self.stem())
    }
}

/// The chapter that `name` means: `5`, `ch05`, `structured-concurrency` or the whole stem.
pub fn find_chapter(shell: &Shell, name: &str) -> Result<Chapter> {
    let text = shell.read_file("content/outline.toml")?;
    let mut chapters = read(&text).context("content/outline.toml is not the outline of a book")?;
    let means = |chapter: &Chapter| {
        name.parse() == Ok(chapter.number)
            || [chapter.key(), chapter.slug.clone(), chapter.stem()].contains(&name.to_owned())
    };
    match chapters.iter().position(means) {
        Some(at) => Ok(chapters.swap_remove(at)),
        None => {
            let known: Vec<String> = chapters.iter().map(Chapter::stem).collect();
            bail!(
                "content/outline.toml has no chapter `{name}`; it has\n  {}",
                known.join("\n  ")
            )
        }
    }
}

fn read(text: &str) -> Result<Vec<Chapter>> {
    let outline: Table = text.parse()?;
    let mut chapters = Vec::new();
    for part in tables(&outline, "part")? {
        for chapter in tables(part, "chapter")? {
            let topics = tables(chapter, "topic")?.into_iter().map(|topic| {
                Ok(Topic {
                    id: string(topic, "id")?,
                    teaches: string(topic, "rust")?,
                })
            });
            chapters.push(Chapter {
                part: Part {
                    number: number(part, "number")?,
                    slug: string(part, "slug")?,
                    title: string(part, "title")?,
                    promise: string(part, "promise")?,
                },
                number: number(chapter, "number")?,
                slug: string(chapter, "slug")?,
                title: string(chapter, "title")?,
                topics: topics.collect::<Result<_>>()?,
            });
        }
    }
    Ok(chapters)
}

fn tables<'a>(table: &'a Table, key: &str) -> Result<Vec<&'a Table>> {
    let list = table.get(key).and_then(Value::as_array);
    let list = list.with_context(|| format!("no list `{key}`"))?;
    let tables: Option<_> = list.iter().map(Value::as_table).collect();
    tables.with_context(|| format!("`{key}` is not a list of tables"))
}

fn string(table: &Table, key: &str) -> Result<String> {
    let text = table.get(key).and_then(Value::as_str);
    text.map(str::to_owned)
        .with_context(|| format!("no text `{key}`"))
}

fn number(table: &Table, key: &str) -> Result<u32> {
    let number = table.get(key).and_then(Value::as_integer);
    number
        .and_then(|number| number.try_into().ok())
        .with_context(|| format!("no number `{key}`"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project;

    #[test]
    fn a_chapter_is_found_by_number_key_slug_and_stem() {
        let shell = project::shell().unwrap();
        for name in [
            "2",
            "ch02",
            "event-loop-internals",
            "ch02-event-loop-internals",
        ] {
            let chapter = find_chapter(&shell, name).unwrap();
            assert_eq!(chapter.stem(), "ch02-event-loop-internals");
            assert_eq!(chapter.part.slug, "foundations");
            assert_eq!(chapter.topics[0].id, "runtime-architecture");
        }
    }

    #[test]
    fn an_unknown_chapter_is_answered_with_the_known_ones() {
        let shell = project::shell().unwrap();
        let error = find_chapter(&shell, "ch99").err().unwrap().to_string();
        assert!(
            error.starts_with("content/outline.toml has no chapter `ch99`"),
            "{error}"
        );
        assert!(error.contains("ch01-why-async-exists"), "{error}");
    }
}
