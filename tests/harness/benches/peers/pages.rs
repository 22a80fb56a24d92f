//! The pages of the book that have programs, as each way to prove them wants to read them.

use std::path::Path;
use std::{fs, io};

use harness::book::{self, Block, Page};

/// A program of the chapter that begins so is edited, and this chapter proved alone.
pub const CHAPTER: &str = "ch03";

/// In which words the pages are written.
#[derive(Clone, Copy, PartialEq)]
pub enum Dialect {
    /// As they stand in the book.
    Ours,
    /// In one folder, with fences that rustdoc and skeptic understand.
    Rustdoc,
    /// The same, and each program names its crates in hidden lines, since `mdbook test` gives
    /// them no other way.
    MdBook,
    /// The same, and each program imports the prelude of Rust 2024, since skeptic compiles
    /// as Rust 2021.
    Skeptic,
}

/// Those that programs of the book use.
const CRATES: [&str; 6] = [
    "futures",
    "rayon",
    "tokio",
    "tokio_stream",
    "tokio_test",
    "tokio_util",
];

/// The pages with `rust` blocks.
pub struct Pages(Vec<Page>);

impl Pages {
    /// Reads them from this repository.
    pub fn read() -> anyhow::Result<Pages> {
        let mut pages = Vec::new();
        for page in book::read(&harness::root()) {
            let page = page.map_err(|(path, why)| anyhow::anyhow!("{path}: {why}"))?;
            if programs(&page).next().is_some() {
                pages.push(page);
            }
        }
        Ok(Pages(pages))
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn programs(&self) -> usize {
        self.0.iter().flat_map(programs).count()
    }

    /// The names of the pages in one folder, which also serve as names of modules.
    pub fn stems(&self) -> impl Iterator<Item = String> {
        self.0.iter().map(stem)
    }

    /// Writes those pages that differ from what stands in the folder. One program is
    /// marked with the number of the edit, so that it has to be compiled again.
    pub fn write(&self, folder: &Path, dialect: Dialect, edit: u32) -> io::Result<()> {
        for page in &self.0 {
            let name = match dialect {
                Dialect::Ours => page.path.clone(),
                _ => format!("{}.md", stem(page)),
            };
            let path = folder.join(name);
            let text = translate(page, dialect, edit);
            if fs::read_to_string(&path).ok().as_ref() != Some(&text) {
                fs::create_dir_all(path.parent().unwrap_or(folder))?;
                fs::write(path, text)?;
            }
        }
        Ok(())
    }
}

fn translate(page: &Page, dialect: Dialect, edit: u32) -> String {
    let mut lines: Vec<String> = page.text.lines().map(str::to_owned).collect();
    for block in programs(page) {
        let (opening, closing) = (block.line - 1, block.line + block.code.lines().count());
        // What stands before the fence in a list or a quote stands before each line.
        let (indent, _) = page
            .text
            .lines()
            .nth(opening)
            .unwrap_or("")
            .split_once("```")
            .unwrap_or(("", ""));
        if dialect != Dialect::Ours {
            let words = ["should_panic", "no_run"].into_iter();
            let words = words.filter(|word| block.option(word).is_some());
            let words: String = words.map(|word| format!(",{word}")).collect();
            lines[opening] = format!("{indent}```rust{words}");
        }
        for line in more(block, dialect) {
            lines[closing].insert_str(0, &format!("{indent}{line}\n"));
        }
    }
    if stem(page).starts_with(CHAPTER)
        && let Some(first) = programs(page).next()
    {
        lines[first.line - 1] += &format!("\n// Edit {edit}.");
    }
    lines.join("\n") + "\n"
}

/// The lines that a program needs besides, at its end.
fn more(block: &Block, dialect: Dialect) -> Vec<String> {
    match dialect {
        Dialect::MdBook => CRATES
            .iter()
            .filter(|name| block.code.contains(&format!("{name}::")))
            .map(|name| format!("# extern crate {name};"))
            .collect(),
        Dialect::Skeptic => vec!["#[allow(unused_imports)] use std::prelude::rust_2024::*;".into()],
        _ => vec![],
    }
}

fn programs(page: &Page) -> impl Iterator<Item = &Block> {
    page.blocks
        .iter()
        .filter(|block| block.language() == "rust")
}

/// `ch03_coroutines` of `content/part1-foundations/ch03-coroutines.md`.
fn stem(page: &Page) -> String {
    let name = page.path.rsplit('/').next().unwrap_or_default();
    name.trim_end_matches(".md").replace('-', "_")
}
