//! `cargo xtask check`: everything that CI checks, in CI's order.

use anyhow::{Context, Result};
use xshell::{Shell, cmd};

/// What holds if a command of cargo succeeds. Quick ones first; the site before the tests, which look at
/// the built pages.
const STEPS: [(&str, &str); 6] = [
    ("the code is formatted", "fmt --all --check"),
    (
        "clippy has no advice",
        "clippy --all-targets -- -D warnings",
    ),
    ("the site builds", "xtask build"),
    ("the book is proved", "test"),
    ("so is what needs more than Rust", "test -- --ignored"),
    ("runs are as recorded", "xtask record --check"),
];

pub fn check(shell: &Shell) -> Result<()> {
    // Tests pass over what a reader may lack, such as the built pages, but not in CI.
    let _ci = shell.push_env("CI", "true");
    let steps = STEPS.len();
    for (at, (claim, command)) in STEPS.iter().enumerate() {
        let at = at + 1;
        eprintln!("\n[{at}/{steps}] {claim}");
        let arguments = command.split(' ');
        cmd!(shell, "cargo {arguments...}").run().with_context(|| {
            format!("stopped at step {at} of {steps}, `cargo {command}`; what to mend stands above")
        })?;
    }
    println!("\nsteps: {steps} passed, 0 failed");
    Ok(())
}
