//! `cargo xtask check`: everything that CI checks, in CI's order.

use std::time::{Duration, Instant};

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
    (
        "the book is proved",
        &[
            "cargo test",
            "cargo test --package patterns --features loom --lib orders",
        ],
    ),
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
    let mut times = Vec::new();
    let checked = check_all(shell, &mut times);
    println!("\n{}", table(&times));
    checked?;
    println!("\nsteps: {} passed, 0 failed", STEPS.len());
    Ok(())
}

/// Notes how long each command took, those of a step that fails included.
fn check_all(shell: &Shell, times: &mut Vec<(&'static str, Duration)>) -> Result<()> {
    let steps = STEPS.len();
    for (at, (claim, commands)) in STEPS.iter().enumerate() {
        let at = at + 1;
        eprintln!("\n[{at}/{steps}] {claim}");
        for command in *commands {
            let start = Instant::now();
            let ran = run(shell, command);
            times.push((command, start.elapsed()));
            ran.with_context(|| {
                format!("stopped at step {at} of {steps}, `{command}`; what to fix stands above")
            })?;
        }
    }
    Ok(())
}

/// Seconds by command, and their sum.
fn table(times: &[(&str, Duration)]) -> String {
    let sum: Duration = times.iter().map(|(_, time)| *time).sum();
    let rows = times.iter().copied().chain([("in all", sum)]);
    let rows = rows.map(|(command, time)| format!("{:>7.1} s  {command}", time.as_secs_f64()));
    rows.collect::<Vec<_>>().join("\n")
}

fn run(shell: &Shell, command: &str) -> Result<()> {
    let mut words = command.split(' ').map(|word| match word {
        "npm" => NPM,
        word => word,
    });
    let program = words.next().context("a step without a command")?;
    Ok(cmd!(shell, "{program} {words...}").run()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_has_a_line_for_each_command_and_one_for_all() {
        let times = [
            ("cargo fmt", Duration::from_millis(1240)),
            ("cargo test", Duration::from_secs(300)),
        ];
        assert_eq!(
            table(&times),
            "    1.2 s  cargo fmt\n  300.0 s  cargo test\n  301.2 s  in all"
        );
    }
}
