//! A chapter, with every heading that the outline and the book's plan of a chapter ask for.

use std::path::Path;

use anyhow::Result;
use xshell::Shell;

use super::write_new;
use crate::outline::{self, Chapter, Part, Topic};

const CHAPTER: &str = include_str!("../../templates/chapter.md");
const TOPIC: &str = include_str!("../../templates/topic.md");
const PART: &str = include_str!("../../templates/part.md");

pub fn new(shell: &Shell, name: &str) -> Result<()> {
    let chapter = outline::find_chapter(shell, name)?;
    let file = Path::new("content").join(chapter.file());
    let page = file.with_file_name("_index.md");

    let mut files = vec![(file, chapter_text(&chapter))];
    if !shell.path_exists(&page) {
        files.push((page, part_text(&chapter.part)));
    }
    write_new(shell, &files)?;
    eprintln!(
        "Next: fill in the TODOs; `cargo test -p chapters {}` runs the programs of this chapter,\n\
         `cargo xtask serve` shows it.",
        chapter.key()
    );
    Ok(())
}

fn part_text(part: &Part) -> String {
    PART.replace("{title}", &part.title)
        .replace("{promise}", &part.promise)
        .replace("{number}", &part.number.to_string())
}

fn chapter_text(chapter: &Chapter) -> String {
    let topics: String = chapter.topics.iter().map(topic_text).collect();
    CHAPTER
        .replace("{title}", &chapter.title)
        .replace("{number}", &chapter.number.to_string())
        .replace("{slug}", &chapter.slug)
        .replace("{topics}", &topics)
}

fn topic_text(topic: &Topic) -> String {
    TOPIC
        .replace("{id}", &topic.id)
        .replace("{teaches}", &topic.teaches)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project;

    fn chapter() -> Chapter {
        outline::find_chapter(&project::shell().unwrap(), "ch02").unwrap()
    }

    fn front_matter(text: &str) -> toml::Table {
        text.split("+++").nth(1).unwrap().parse().unwrap()
    }

    #[test]
    fn a_chapter_has_the_front_matter_of_its_row() {
        let front_matter = front_matter(&chapter_text(&chapter()));
        assert_eq!(front_matter["title"].as_str(), Some("Inside the runtime"));
        assert_eq!(front_matter["weight"].as_integer(), Some(2));
        assert_eq!(front_matter["path"].as_str(), Some("event-loop-internals"));
    }

    #[test]
    fn a_chapter_has_its_topics_and_then_the_fixed_sections_as_headings() {
        let text = chapter_text(&chapter());
        let anchors: Vec<&str> = text
            .lines()
            .filter(|line| line.starts_with("## "))
            .map(|line| line.rsplit_once("{#").unwrap().1.trim_end_matches('}'))
            .collect();
        assert_eq!(
            anchors,
            [
                "runtime-architecture",
                "ready-queues",
                "selectors",
                "wakeups",
                "coming-from-asyncio",
                "in-production",
                "second-reading",
                "recap",
                "quiz",
                "exercises",
            ]
        );
    }

    #[test]
    fn a_part_has_the_front_matter_of_its_row() {
        let front_matter = front_matter(&part_text(&chapter().part));
        assert_eq!(front_matter["title"].as_str(), Some("Foundations"));
        assert_eq!(front_matter["weight"].as_integer(), Some(1));
    }
}
