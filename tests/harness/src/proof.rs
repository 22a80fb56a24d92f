//! Says whether the program of a block does what the page says, and if not, what it did.

use std::fs;
use std::process::Command;
use std::sync::LazyLock;
use std::time::Duration;

use anyhow::Context as _;

use crate::book::Block;
use crate::compiler::{BLOCK, Compiler};
use crate::run::{self, Outcome};

/// The exit status of a Rust program that panics.
const PANICKED: i32 = 101;

/// Builds the program of a `rust` block unless it is kept, and runs it.
pub fn rust(compiler: &Compiler, block: &Block, limit: Duration) -> Result<(), String> {
    let program = compiler.program(block);
    let kept = program.exists();
    if !kept {
        build(compiler, block)?;
    }
    if block.option("no_run").is_some() {
        return Ok(());
    }
    let run = || {
        let mut command = Command::new(&program);
        command
            .env(BLOCK, program.file_name().unwrap_or_default())
            .env("RUST_BACKTRACE", "0");
        run::run(&mut command, limit).map_err(|error| report(block, "cannot be run", error))
    };
    let mut outcome = run()?;
    if kept && outcome.status.is_some() && !is_expected(block, &outcome) {
        // It may have been built among others, or when the block stood on another line.
        // What is reported comes from a program built now and alone.
        build(compiler, block)?;
        outcome = run()?;
    }
    judge(block, &outcome, limit)
}

fn build(compiler: &Compiler, block: &Block) -> Result<(), String> {
    compiler.build_alone(block).map_err(|error| {
        let fix = "A program that the compiler is to refuse belongs in tests/anti_patterns.";
        let details = format!("{error:#}\n\n{fix}");
        report(block, "does not compile without a warning", details)
    })
}

/// Runs the program of a `python` block.
pub fn python(block: &Block, limit: Duration) -> Result<(), String> {
    if let Err(why) = &*PYTHON {
        return Err(report(block, "cannot be run", why));
    }
    let run = || {
        // As in a Rust program, the lines are numbered as in the page.
        let folder = tempfile::tempdir()?;
        let file = folder.path().join(&block.path);
        fs::create_dir_all(file.parent().unwrap_or(folder.path()))?;
        fs::write(&file, "\n".repeat(block.line) + &block.code)?;
        // Isolated: it sees neither the user's packages nor the variables that change Python.
        let mut outcome = run::run(Command::new("python3").arg("-I").arg(&file), limit)?;
        let folder = format!("{}{}", folder.path().display(), std::path::MAIN_SEPARATOR);
        outcome.output = outcome.output.replace(&folder, "");
        anyhow::Ok(outcome)
    };
    let outcome = run().map_err(|error| report(block, "cannot be run", format!("{error:#}")))?;
    judge(block, &outcome, limit)
}

/// Whether there is a Python that is new enough.
static PYTHON: LazyLock<Result<(), String>> = LazyLock::new(|| {
    let ask = || {
        let mut command = Command::new("python3");
        let output = command.arg("--version").output().context("no python3")?;
        let answer = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        let mut numbers = answer
            .split([' ', '.'])
            .skip(1)
            .map_while(|number| number.parse::<u32>().ok());
        let version = (numbers.next(), numbers.next());
        anyhow::ensure!(version >= (Some(3), Some(11)), "python3 is {answer:?}");
        Ok(())
    };
    ask().map_err(|error| format!("Python 3.11 or newer is needed: {error:#}"))
});

fn is_expected(block: &Block, outcome: &Outcome) -> bool {
    let panics = block.option("should_panic").is_some();
    let expected = if panics { PANICKED } else { 0 };
    outcome.status.and_then(|status| status.code()) == Some(expected)
}

fn judge(block: &Block, outcome: &Outcome, limit: Duration) -> Result<(), String> {
    let what = match outcome.status {
        _ if is_expected(block, outcome) => return Ok(()),
        None => format!(
            "still ran after {} s: bound its waits, or use virtual time",
            limit.as_secs_f32()
        ),
        Some(_) if block.option("should_panic").is_some() => {
            "does not panic, as its should_panic=1 says".into()
        }
        Some(status) => format!("fails, {status}"),
    };
    Err(report(block, &what, &outcome.output))
}

fn report(block: &Block, what: &str, details: impl ToString) -> String {
    let Block {
        path,
        line,
        heading,
        ..
    } = block;
    let problem = format!("{path}:{line}: the block below the heading `{heading}` {what}");
    let ignored = match block.language() {
        "python" => " -- --ignored",
        _ => "",
    };
    let again = format!("To run only this block: cargo test -p chapters {path}:{line}:{ignored}");
    let details = details.to_string();
    match details.trim() {
        "" => format!("{problem}\n\n{again}"),
        details => format!("{problem}\n\n{details}\n\n{again}"),
    }
}
