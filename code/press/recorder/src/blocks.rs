//! Finds the blocks that ask to be recorded.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};

/// How many runs of the book may be one of many.
pub const MOST_OF_MANY: usize = 3;

/// A `rust` block with `run=NAME` in its fence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// What `run=` says; the name of the run's files.
    pub name: String,
    /// `run-many=1`: one run of many, since threads race in it.
    pub many: bool,
    /// `should_panic=1`: the panic is the lesson.
    pub panics: bool,
    /// `no_run=1`: it never ends, and is recorded until nothing more happens.
    pub hangs: bool,
    /// The page, relative to the repository, for messages.
    pub page: String,
    /// The line of the fence in the page.
    pub line: usize,
    /// The program, exactly as the page has it.
    pub source: String,
}

impl Block {
    /// How a message names the block.
    pub fn title(&self) -> String {
        format!("{} ({}:{})", self.name, self.page, self.line)
    }
}

/// The blocks of all pages under `content`, by page and line.
pub fn find(content: &Path) -> Result<Vec<Block>> {
    let mut pages = Vec::new();
    collect(content, &mut pages)?;
    pages.sort();
    let mut blocks: Vec<Block> = Vec::new();
    for page in pages {
        let text = fs::read_to_string(&page).with_context(|| page.display().to_string())?;
        let base = content.parent().unwrap_or(content);
        let shown = page.strip_prefix(base).unwrap_or(&page);
        for block in in_page(&shown.display().to_string(), &text)? {
            if let Some(twin) = blocks.iter().find(|twin| twin.name == block.name) {
                bail!("{} has the name of {}", block.title(), twin.title());
            }
            blocks.push(block);
        }
    }
    Ok(blocks)
}

fn collect(folder: &Path, pages: &mut Vec<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, pages)?;
        } else if path.extension().is_some_and(|extension| extension == "md") {
            pages.push(path);
        }
    }
    Ok(())
}

/// The blocks with these names, or all of them if there are no names.
pub fn choose<'a>(all: &'a [Block], names: &[String]) -> Result<Vec<&'a Block>> {
    let many = all.iter().filter(|block| block.many).count();
    ensure!(
        many <= MOST_OF_MANY,
        "{many} blocks carry run-many=1, and the book may have {MOST_OF_MANY}"
    );
    for name in names {
        let known: Vec<&str> = all.iter().map(|block| block.name.as_str()).collect();
        ensure!(
            known.contains(&name.as_str()),
            "no block carries run={name}; there are: {}",
            known.join(", ")
        );
    }
    let wanted = all.iter();
    Ok(wanted
        .filter(|block| names.is_empty() || names.contains(&block.name))
        .collect())
}

/// The blocks of one page.
fn in_page(page: &str, text: &str) -> Result<Vec<Block>> {
    let blocks = book::parse(page, text.to_owned()).blocks.into_iter();
    let recorded = blocks.filter_map(|block| {
        let name = block.option("run")?.to_owned();
        Some(Block {
            many: block.option("run-many").is_some(),
            panics: block.option("should_panic").is_some(),
            hangs: block.option("no_run").is_some(),
            page: page.to_owned(),
            line: block.line,
            source: block.code,
            name,
        })
    });
    let named = recorded.map(|block| {
        let Block { name, line, .. } = &block;
        ensure!(
            is_name(name),
            "{page}:{line}: a run is named like ch01-two-sleeps, not {name:?}"
        );
        Ok(block)
    });
    named.collect()
}

fn is_name(name: &str) -> bool {
    let plain =
        |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-';
    name.starts_with(|letter: char| letter.is_ascii_lowercase()) && name.chars().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_keeps_its_text_and_its_place() {
        let page = "# T\n\n```rust\nfn a() {}\n```\n\n```rust,run=ch01-a,should_panic=1\nfn main() {\n}\n```\n";
        let blocks = in_page("content/ch01.md", page).unwrap();
        assert_eq!(
            blocks,
            [Block {
                name: "ch01-a".into(),
                many: false,
                panics: true,
                hangs: false,
                page: "content/ch01.md".into(),
                line: 7,
                source: "fn main() {\n}\n".into(),
            }]
        );
    }

    #[test]
    fn a_fence_inside_a_longer_fence_is_text() {
        let page = "````markdown\n```rust,run=ch01-a\nfn main() {}\n```\n````\n";
        assert_eq!(in_page("p.md", page).unwrap(), []);
    }

    #[test]
    fn a_block_in_a_quote_and_in_any_fence_is_found() {
        for page in [
            "> ```rust,run=ch01-a\n> fn main() {}\n> ```\n",
            "~~~rust,run=ch01-a\nfn main() {}\n~~~~\n",
            "```rust,run=ch01-a\r\nfn main() {}\r\n```\r\n",
        ] {
            let blocks = in_page("p.md", page).unwrap();
            assert_eq!(
                (blocks.len(), blocks[0].source.as_str()),
                (1, "fn main() {}\n")
            );
        }
    }

    #[test]
    fn a_name_that_is_no_file_name_is_refused() {
        let page = "```rust,run=../a\nfn main() {}\n```\n";
        let error = in_page("p.md", page).unwrap_err().to_string();
        assert!(error.starts_with("p.md:1: a run is named like"), "{error}");
    }

    #[test]
    fn two_blocks_with_one_name_are_refused_and_both_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let content = folder.path().join("content");
        fs::create_dir(&content).unwrap();
        let block = "```rust,run=ch01-a\nfn main() {}\n```\n";
        fs::write(content.join("ch01.md"), block).unwrap();
        fs::write(content.join("ch02.md"), format!("\n{block}")).unwrap();
        assert_eq!(
            find(&content).unwrap_err().to_string(),
            "ch01-a (content/ch02.md:2) has the name of ch01-a (content/ch01.md:1)"
        );
    }

    #[test]
    fn a_name_that_no_block_has_is_refused_with_those_that_there_are() {
        let page = "```rust,run=ch01-a\nfn main() {}\n```\n";
        let all = in_page("p.md", page).unwrap();
        let error = choose(&all, &["ch01-b".to_owned()]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "no block carries run=ch01-b; there are: ch01-a"
        );
    }

    #[test]
    fn a_fourth_run_of_many_is_refused() {
        let page: String = ["a", "b", "c", "d"]
            .map(|name| format!("```rust,run={name},run-many=1\nfn main() {{}}\n```\n"))
            .concat();
        let all = in_page("p.md", &page).unwrap();
        let error = choose(&all, &[]).unwrap_err().to_string();
        assert_eq!(error, "4 blocks carry run-many=1, and the book may have 3");
    }
}
