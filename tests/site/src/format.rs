//! Programs are formatted as rustfmt formats them, in 80 columns.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use harness::book::Block;

use crate::Problem;
use crate::book::Book;

const CONFIG: &str = "max_width=80,style_edition=2024";

/// The blocks of the book and the programs of tests/anti_patterns.
pub fn check(book: &Book) -> Vec<Problem> {
    let blocks = rust_blocks(book);
    let cases = book.files("tests/anti_patterns", "rs");
    let cases: Vec<(String, String)> = cases
        .into_iter()
        .filter(|path| path.starts_with("tests/anti_patterns/ch"))
        .filter_map(|path| Some((path.clone(), book.file(&path)?)))
        .collect();
    let texts: Vec<&str> = blocks
        .iter()
        .map(|block| block.code.as_str())
        .chain(cases.iter().map(|(_, text)| text.as_str()))
        .collect();
    let formatted = match format(&texts) {
        Ok(formatted) => formatted,
        Err(error) => {
            let what = format!("rustfmt does not run: {error}");
            return vec![Problem::new(
                "Cargo.toml",
                1,
                what,
                "rustup component add rustfmt",
            )];
        }
    };
    let blocks = blocks
        .iter()
        .map(|block| (block.path.as_str(), block.line, block.code.as_str()));
    let cases = cases
        .iter()
        .map(|(path, text)| (path.as_str(), 0, text.as_str()));
    let all = blocks.chain(cases).zip(&formatted);
    all.filter(|((_, _, text), formatted)| text != formatted)
        .map(|((path, before, text), formatted)| difference(path, before, text, formatted))
        .collect()
}

/// Formats the blocks where they stand, except those inside lists and quotes.
pub fn bless(book: &Book) -> io::Result<()> {
    for page in &book.pages {
        let blocks: Vec<&Block> = page
            .blocks
            .iter()
            .filter(|block| block.language() == "rust")
            .collect();
        let texts: Vec<&str> = blocks.iter().map(|block| block.code.as_str()).collect();
        let mut text = page.text.clone();
        for (block, formatted) in blocks.iter().zip(format(&texts)?).rev() {
            let Some(at) = page.text[block.range.clone()].find(&block.code) else {
                continue;
            };
            let start = block.range.start + at;
            text.replace_range(start..start + block.code.len(), &formatted);
        }
        if text != page.text {
            fs::write(book.root.join(&page.path), text)?;
        }
    }
    Ok(())
}

fn rust_blocks(book: &Book) -> Vec<&Block> {
    let blocks = book.pages.iter().flat_map(|page| &page.blocks);
    blocks.filter(|block| block.language() == "rust").collect()
}

fn difference(path: &str, before: usize, text: &str, formatted: &str) -> Problem {
    let mut pairs = text.lines().zip(formatted.lines());
    let index = pairs.position(|(is, wanted)| is != wanted);
    let index = index.unwrap_or(text.lines().count().min(formatted.lines().count()));
    Problem::new(
        path,
        before + index + 1,
        "not as rustfmt formats it in 80 columns",
        format!(
            "type `BLESS=1 cargo test -p site --test site`, or write\n{}",
            formatted.trim_end()
        ),
    )
}

/// Formats all texts in one call. One that does not parse comes back as it is: that it does
/// not compile is told elsewhere.
fn format(texts: &[&str]) -> io::Result<Vec<String>> {
    if texts.is_empty() {
        return Ok(Vec::new());
    }
    let folder = tempfile::tempdir()?;
    let files: Vec<PathBuf> = (0..texts.len())
        .map(|index| folder.path().join(format!("{index}.rs")))
        .collect();
    for (file, text) in files.iter().zip(texts) {
        fs::write(file, text)?;
    }
    Command::new(rustfmt())
        .args(["--edition", "2024", "--config", CONFIG])
        .args(&files)
        .stderr(Stdio::null())
        .status()?;
    files.iter().map(fs::read_to_string).collect()
}

/// The one beside the Cargo that runs the tests.
fn rustfmt() -> PathBuf {
    let beside = std::env::var_os("CARGO").map(|cargo| Path::new(&cargo).with_file_name("rustfmt"));
    beside
        .filter(|path| path.is_file())
        .unwrap_or_else(|| "rustfmt".into())
}

#[cfg(test)]
mod tests {
    use super::{bless, check};
    use crate::fixture::{CHAPTER, Fixture};

    #[test]
    fn a_block_that_is_not_formatted_is_named_and_blessing_fixes_it() {
        let fixture = Fixture::sound().replace(CHAPTER, "    assert!(true);", "  assert!( true );");
        assert_eq!(check(&fixture.book()).len(), 1);
        bless(&fixture.book()).unwrap();
        fixture.expect(check, &[]);
    }

    #[test]
    fn the_line_that_differs_is_named_in_blocks_and_in_anti_patterns() {
        let case = "tests/anti_patterns/ch02-event-loop-internals/no_main.rs";
        Fixture::sound()
            .replace(CHAPTER, "    assert!(true);", "  assert!(true);")
            .write(case, "fn mai() {}\nfn b(){}\n")
            .expect(
                check,
                &[
                    (CHAPTER, "  assert!(true);", "not as rustfmt formats it"),
                    (case, "fn b", "not as rustfmt formats it"),
                ],
            );
    }

    #[test]
    fn a_block_that_does_not_parse_is_left_to_the_compiler() {
        Fixture::sound()
            .replace(CHAPTER, "    assert!(true);", "  let")
            .expect(check, &[]);
    }
}
