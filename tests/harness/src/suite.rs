//! The tests of a book: one for each of its programs, named by file, line and heading.
//!
//! The pages are read when the tests run, so nothing is built after an edit but the block that
//! changed.

use std::process::ExitCode;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use anyhow::Context as _;
use libtest_mimic::{Arguments, Failed, Trial};

use crate::book::{self, Block};
use crate::compiler::Compiler;
use crate::{proof, root};

/// Proves the book in [`root`], as the words of the command line and the variables say.
///
/// The programs of its `rust` blocks are kept in `cache`. `python` blocks are ignored, as that
/// word is meant in tests, because they need more than Rust. `CHAPTERS_LIMIT=5` stops each
/// program after 5 seconds instead of 60.
pub fn main(compiler: Compiler) -> anyhow::Result<ExitCode> {
    let mut arguments = Arguments::from_args();
    // Many programs wait more than they compute.
    let processors = thread::available_parallelism().map_or(1, usize::from);
    arguments.test_threads.get_or_insert(2 * processors);
    let limit = limit()?;
    let root = root();
    let pages = book::read(&root);
    anyhow::ensure!(
        !pages.is_empty(),
        "there is no book in {}: neither README.md nor content/",
        root.display()
    );

    let (mut trials, mut rust) = (Vec::new(), Vec::new());
    let compiler = Arc::new(compiler);
    for page in pages {
        let blocks = match page {
            Ok(page) => page.blocks,
            Err((path, why)) => {
                let message = format!("{path}: {why}");
                trials.push(Trial::test(path, || Err(Failed::from(message))));
                continue;
            }
        };
        for block in blocks {
            match block.language() {
                "rust" => {
                    rust.push(block.clone());
                    let compiler = Arc::clone(&compiler);
                    trials.push(Trial::test(block.name(), move || {
                        proof::rust(&compiler, &block, limit).map_err(Failed::from)
                    }));
                }
                "python" => trials.push(
                    Trial::test(block.name(), move || {
                        proof::python(&block, limit).map_err(Failed::from)
                    })
                    .with_ignored_flag(true),
                ),
                _ => {}
            }
        }
    }

    let chosen: Vec<&Block> = rust
        .iter()
        .filter(|block| is_chosen(&arguments, &block.name()))
        .collect();
    if !arguments.list && !arguments.ignored {
        if chosen.len() == rust.len() {
            compiler.keep_only(&chosen);
        }
        compiler.build(&chosen);
    }
    Ok(libtest_mimic::run(&arguments, trials).exit_code())
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
            .with_context(|| format!("CHAPTERS_LIMIT={seconds} is not a number of seconds"))?,
        Err(_) => 60,
    };
    Ok(Duration::from_secs(seconds))
}
