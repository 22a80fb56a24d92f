//! `cargo xtask record`: runs the programs whose behavior over time the book shows, and keeps
//! what they did in static/runs/.

use anyhow::Result;
use clap::Args;
use xshell::{Shell, cmd};

#[derive(Args)]
pub struct Options {
    /// Record the blocks that carry `run=NAME`; without names, all of them
    names: Vec<String>,
    /// Write nothing, and fail where a program no longer does what is recorded
    #[arg(long)]
    check: bool,
    /// Run nothing, and draw the pictures of what is recorded anew
    #[arg(long, conflicts_with = "check")]
    draw: bool,
}

pub fn record(shell: &Shell, options: &Options) -> Result<()> {
    let Options { names, check, draw } = options;
    let check = check.then_some("--check");
    let draw = draw.then_some("--draw");
    let record = cmd!(
        shell,
        "cargo run --package recorder -- {check...} {draw...} {names...}"
    );
    eprintln!("$ {record}");
    record.quiet().run()?;
    Ok(())
}
