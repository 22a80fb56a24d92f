//! `cargo xtask check`: everything that CI checks, in CI's order.

use anyhow::{Context, Result};
use xshell::{Shell, cmd};

use crate::zola::NPM;

/// What holds if its commands succeed. Quick ones first; the site before the tests, which look at
/// the built pages, and those in a browser last of them, since they need the most.
const STEPS: [(&str, &[&str]); 8] = [
    ("the code is formatted", &["cargo fmt --all --check"]),
    (
        "clippy has no advice",
        &["cargo clippy --all-targets -- -D warnings"],
    ),
    ("the site builds", &["cargo xtask build"]),
    ("the book is proved", &["cargo test"]),
    (
        "so is what needs more than Rust",
        &["cargo test -- --ignored"],
    ),
    ("runs are as recorded", &["cargo xtask record --check"]),
    (
        "the pages work in a browser",
        &[
            "npm ci --no-audit --no-fund --ignore-scripts --prefix tests/browser",
            "npm test --prefix tests/browser",
        ],
    ),
    (
        "and stay within their limits",
        &["cargo xtask audit --soft-speed"],
    ),
];

pub fn check(shell: &Shell) -> Result<()> {
    // Tests pass over what a reader may lack, such as the built pages, but not in CI.
    let _ci = shell.push_env("CI", "true");
    let steps = STEPS.len();
    for (at, (claim, commands)) in STEPS.iter().enumerate() {
        let at = at + 1;
        eprintln!("\n[{at}/{steps}] {claim}");
        for command in *commands {
            run(shell, command).with_context(|| {
                format!("stopped at step {at} of {steps}, `{command}`; what to fix stands above")
            })?;
        }
    }
    println!("\nsteps: {steps} passed, 0 failed");
    Ok(())
}

fn run(shell: &Shell, command: &str) -> Result<()> {
    let mut words = command.split(' ').map(|word| match word {
        "npm" => NPM,
        word => word,
    });
    let program = words.next().context("a step without a command")?;
    Ok(cmd!(shell, "{program} {words...}").run()?)
}
