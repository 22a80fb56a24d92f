//! Runs the program of a block within a time limit, and says whether it did what the page says.

use std::fs::File;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use anyhow::Context as _;
use wait_timeout::ChildExt as _;

use crate::book::Block;
use crate::compiler::{BLOCK, Compiler};

/// The exit status of a Rust program that panics.
const PANICKED: i32 = 101;

/// Builds the program of a block unless it is kept, runs it, and explains what went wrong.
pub fn prove(compiler: &Compiler, block: &Block, limit: Duration) -> Result<(), String> {
    let program = compiler.program(block);
    let kept = program.exists();
    if !kept {
        build(compiler, block)?;
    }
    if block.option("no_run").is_some() {
        return Ok(());
    }
    let mut outcome = run(&program, limit).map_err(|error| format!("{error:#}"))?;
    if kept && outcome.status.is_some() && !outcome.is_expected(block) {
        // It may have been built among others, or when the block stood on another line.
        // What is reported comes from a program built now and alone.
        build(compiler, block)?;
        outcome = run(&program, limit).map_err(|error| format!("{error:#}"))?;
    }
    if outcome.is_expected(block) {
        Ok(())
    } else {
        Err(explain(block, &outcome, limit))
    }
}

fn build(compiler: &Compiler, block: &Block) -> Result<(), String> {
    let mend = "A program that the compiler is to refuse belongs in tests/anti_patterns.";
    compiler.build_alone(block).map_err(|error| {
        report(
            block,
            "does not compile without a warning",
            &format!("{error}\n\n{mend}"),
        )
    })
}

fn explain(block: &Block, outcome: &Outcome, limit: Duration) -> String {
    let what = match outcome.status {
        None => format!(
            "still ran after {} s: bound its waits, use virtual time, or write no_run=1 if it never ends",
            limit.as_secs_f32()
        ),
        Some(_) if block.option("should_panic").is_some() => {
            "does not panic, as its should_panic=1 says".into()
        }
        Some(status) => format!("fails, {status}"),
    };
    report(block, &what, &outcome.output)
}

fn report(block: &Block, what: &str, output: &str) -> String {
    let Block {
        path,
        line,
        heading,
        ..
    } = block;
    let file = path.rsplit('/').next().unwrap_or(path);
    format!(
        "{path}:{line}: the block below the heading `{heading}` {what}\n\n{}\n\n\
         To run only this block: cargo test -p chapters {file}:{line}",
        output.trim()
    )
    .replace("\n\n\n\n", "\n\n")
}

/// How a program ended, and what it wrote.
struct Outcome {
    /// Nothing if it was stopped by the time limit.
    status: Option<ExitStatus>,
    output: String,
}

impl Outcome {
    fn is_expected(&self, block: &Block) -> bool {
        let expected = if block.option("should_panic").is_some() {
            PANICKED
        } else {
            0
        };
        self.status.and_then(|status| status.code()) == Some(expected)
    }
}

/// Runs a program in an empty folder. It writes to files, not to pipes: whoever still holds
/// them when it ends, or is stopped, keeps nobody waiting.
fn run(program: &Path, limit: Duration) -> anyhow::Result<Outcome> {
    let folder = tempfile::tempdir()?;
    let log = folder.path().join(".output");
    let file = File::create(&log)?;
    let mut command = Command::new(program);
    command
        .current_dir(&folder)
        .env(BLOCK, program.file_name().unwrap_or_default())
        .env("RUST_BACKTRACE", "0")
        .stdin(Stdio::null())
        .stdout(file.try_clone()?)
        .stderr(file);
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    let mut child = command
        .spawn()
        .with_context(|| format!("cannot run {}", program.display()))?;
    let status = child.wait_timeout(limit)?;
    if status.is_none() {
        stop(&mut child);
    }
    let output = String::from_utf8_lossy(&std::fs::read(&log)?).into_owned();
    Ok(Outcome { status, output })
}

/// Stops a program together with those that it started.
fn stop(child: &mut Child) {
    #[cfg(unix)]
    let _ = Command::new("kill")
        .args(["-KILL", "--", &format!("-{}", child.id())])
        .status();
    // It may have ended by itself by now, which is as good.
    let _ = child.kill();
    let _ = child.wait();
}
