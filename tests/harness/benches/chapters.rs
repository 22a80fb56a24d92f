//! How long it takes to prove the book.
//!
//! ```console
//! $ cargo xtask bench harness     # or: cargo bench --package harness --bench chapters
//! ```
//!
//! A copy of the pages is proved below `target/bench/`, where the crates that they use are
//! compiled before anything is measured.

use std::path::{Path, PathBuf};
use std::process::{Command, id};
use std::time::Instant;
use std::{env, fs};

use harness::bench::{load, median};
use harness::book::{self, Page};

const ROUNDS: usize = 5;
/// A program of this chapter is edited, and the chapter proved alone.
const CHAPTER: &str = "ch03";

/// What is measured: whether the programs are forgotten before, whether one is edited, and what is proved.
const PHASES: [(&str, bool, bool, &[&str]); 4] = [
    ("cold: no program is built", true, false, &[]),
    ("warm: nothing changed", false, false, &[]),
    ("one program changed, whole book", false, true, &[]),
    ("one program changed, its chapter", false, true, &[CHAPTER]),
];

fn main() -> anyhow::Result<()> {
    let bench = Bench::new()?;
    bench.edit(0)?;
    let proved = bench.prove(&[])?;
    let before = load();
    let (mut times, mut edits) = (vec![Vec::new(); PHASES.len()], id());
    for round in 1..=ROUNDS {
        for ((what, is_cold, is_edited, words), times) in PHASES.iter().zip(&mut times) {
            if *is_cold {
                fs::remove_dir_all(bench.target.join("debug/.skeptic-bin"))?;
            }
            if *is_edited {
                edits += 1;
                bench.edit(edits)?;
            }
            let start = Instant::now();
            bench.prove(words)?;
            times.push(start.elapsed().as_secs_f64());
            eprintln!(
                "round {round}, {what}: {:.2} s",
                start.elapsed().as_secs_f64()
            );
        }
    }
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    println!(
        "{proved} programs, {processors} processors, load {before} before and {} after, \
         the median of {ROUNDS} rounds in seconds:\n\n| | |\n| --- | ---: |",
        load()
    );
    for ((what, ..), times) in PHASES.iter().zip(times) {
        println!("| {what} | {:.2} |", median(times));
    }
    Ok(())
}

struct Bench {
    pages: Vec<Page>,
    book: PathBuf,
    target: PathBuf,
}

impl Bench {
    fn new() -> anyhow::Result<Bench> {
        let pages = book::read(&harness::root()).into_iter();
        let pages = pages.collect::<Result<_, _>>();
        let pages = pages.map_err(|(path, why)| anyhow::anyhow!("{path}: {why}"))?;
        // target/release/deps/chapters-0123456789abcdef
        let program = env::current_exe()?;
        let target = program.ancestors().nth(3).unwrap_or(Path::new("target"));
        let folder = target.join("bench/chapters");
        Ok(Bench {
            pages,
            book: folder.join("book"),
            target: folder.join("target"),
        })
    }

    /// Writes the pages that differ; a program of one chapter has the number of the edit in it.
    fn edit(&self, edit: u32) -> anyhow::Result<()> {
        for page in &self.pages {
            let mut text = page.text.clone();
            let is_edited = page.path.contains(&format!("/{CHAPTER}"));
            let mut blocks = page.blocks.iter();
            let first = blocks.find(|block| block.language() == "rust");
            if let Some(block) = first.filter(|_| is_edited) {
                text = text.replacen(&block.code, &format!("// Edit {edit}.\n{}", block.code), 1);
            }
            let path = self.book.join(&page.path);
            if fs::read_to_string(&path).ok().as_ref() != Some(&text) {
                fs::create_dir_all(path.parent().unwrap_or(&self.book))?;
                fs::write(path, text)?;
            }
        }
        Ok(())
    }

    /// Proves the copy, and tells how many programs passed.
    fn prove(&self, words: &[&str]) -> anyhow::Result<usize> {
        let output = Command::new("cargo")
            .args(["test", "--package", "chapters"])
            .args(words)
            .env("CARGO_TARGET_DIR", &self.target)
            .env("BOOK_ROOT", &self.book)
            .output()?;
        let said = String::from_utf8_lossy(&output.stdout);
        let passed = said.split(" passed").next().unwrap_or_default();
        let passed = passed
            .rsplit(' ')
            .next()
            .and_then(|number| number.parse().ok());
        let errors = String::from_utf8_lossy(&output.stderr);
        anyhow::ensure!(
            output.status.success(),
            "the book is not proved:\n{said}\n{errors}"
        );
        Ok(passed.unwrap_or_default())
    }
}
