//! One test for each `rust` block of README.md and content/, named by file, line and heading.
//!
//! The pages are read when the tests run, so nothing is built after an edit but the block that
//! changed. `CHAPTERS_LIMIT=5` stops each program after 5 seconds instead of 60.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use harness::book::{self, Block};
use harness::compiler::Compiler;
use harness::run;
use libtest_mimic::{Arguments, Failed, Trial};

/// The crates that serve these tests. A block uses only those that a reader can.
const HIDDEN: &[&str] = &[
    "anyhow",
    "chapters",
    "harness",
    "invocation",
    "libtest_mimic",
];

fn main() -> anyhow::Result<ExitCode> {
    let arguments = Arguments::from_args();
    let limit = limit()?;
    // Beside Cargo's own folders, so that `cargo clean` removes it and each target has its own.
    let cache = Path::new(env!("CARGO_TARGET_TMPDIR")).join("chapters");
    let compiler = Compiler::new(invocation::invocation!(), HIDDEN, &cache)?;

    let (pages, unreadable) = split(book::read(&harness::root()));
    let blocks: Vec<Block> = pages
        .into_iter()
        .flat_map(|page| page.blocks)
        .filter(|block| block.language() == "rust")
        .collect();
    let all: Vec<&Block> = blocks.iter().collect();
    let chosen: Vec<&Block> = all
        .iter()
        .copied()
        .filter(|block| is_chosen(&arguments, &block.name()))
        .collect();

    if !arguments.list {
        if chosen.len() == all.len() {
            compiler.keep_only(&all);
        }
        compiler.build(&chosen);
    }
    let compiler = Arc::new(compiler);
    let mut trials: Vec<Trial> = unreadable
        .into_iter()
        .map(|(path, why)| Trial::test(path.clone(), move || Err(format!("{path}: {why}").into())))
        .collect();
    trials.extend(all.iter().map(|block| trial(block, &compiler, limit)));
    Ok(libtest_mimic::run(&arguments, trials).exit_code())
}

fn trial(block: &Block, compiler: &Arc<Compiler>, limit: Duration) -> Trial {
    let (compiler, block) = (Arc::clone(compiler), block.clone());
    Trial::test(block.name(), move || {
        run::prove(&compiler, &block, limit).map_err(Failed::from)
    })
}

/// Whether the words of the command line choose a test, as they do in any other test binary.
fn is_chosen(arguments: &Arguments, name: &str) -> bool {
    let matches = |word: &String| {
        if arguments.exact {
            name == word
        } else {
            name.contains(word)
        }
    };
    arguments.filter.as_ref().is_none_or(matches) && !arguments.skip.iter().any(matches)
}

fn limit() -> anyhow::Result<Duration> {
    let seconds = match std::env::var("CHAPTERS_LIMIT") {
        Ok(seconds) => seconds
            .parse()
            .context("CHAPTERS_LIMIT is not a number of seconds")?,
        Err(_) => 60,
    };
    Ok(Duration::from_secs(seconds))
}

fn split<T, E>(results: Vec<Result<T, E>>) -> (Vec<T>, Vec<E>) {
    let (mut good, mut bad) = (Vec::new(), Vec::new());
    for result in results {
        match result {
            Ok(value) => good.push(value),
            Err(error) => bad.push(error),
        }
    }
    (good, bad)
}
