//! `cargo xtask record`: runs the programs whose behavior over time the book shows, and keeps
//! what they did in static/runs/; or a program of your own, and shows what it did.

use std::process::Command;

use anyhow::{Context, Result};
use clap::Args;
use xshell::Shell;

#[derive(Args)]
#[command(disable_help_flag = true)]
pub struct Options {
    /// What `record-async` is given: see `cargo xtask record --help`
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<String>,
}

pub fn record(shell: &Shell, options: &Options) -> Result<()> {
    let manifest = shell.current_dir().join("Cargo.toml");
    // From the folder where it was typed, as a path of the reader's own is meant.
    let mut record = Command::new("cargo");
    record
        .args(["run", "--package", "recorder", "--manifest-path"])
        .arg(manifest)
        .arg("--")
        .args(&options.arguments);
    eprintln!(
        "$ cargo run --package recorder -- {}",
        options.arguments.join(" ")
    );
    run(record)
}

/// In place of this process, so that Ctrl-C ends a recording and not what waits for it.
#[cfg(unix)]
fn run(mut record: Command) -> Result<()> {
    use std::os::unix::process::CommandExt as _;
    Err(record.exec()).context("cargo")
}

#[cfg(not(unix))]
fn run(mut record: Command) -> Result<()> {
    let status = record.status().context("cargo")?;
    anyhow::ensure!(status.success(), "the command above failed");
    Ok(())
}
