//! `cargo xtask check`: everything that CI checks, in CI's order.

use std::env;
use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::{LazyLock, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Error, Result, anyhow, ensure};
use xshell::{Shell, cmd};

use crate::zola::NPM;
use crate::{project, tools};

/// What holds if its commands succeed.
type Step = (&'static str, &'static [&'static str]);

/// One after the other: quick ones first, then the site, which both lanes look at.
const IN_TURN: &[Step] = &[
    ("the code is formatted", &["cargo fmt --all --check"]),
    ("the site builds", &["cargo xtask build"]),
];

/// Then two at a time, as two cores allow: what builds and measures programs, beside what opens pages.
/// The second lane does not build, so that neither waits for the other's lock.
const SIDE_BY_SIDE: [&[Step]; 2] = [
    &[
        ("the book is proved", &["cargo test"]),
        (
            "clippy has no advice",
            &["cargo clippy --all-targets -- -D warnings"],
        ),
        (
            "queues hold in every order that loom tries",
            &["cargo test --package patterns --features loom --lib orders"],
        ),
        (
            "what needs more than Rust is proved",
            &["cargo test -- --ignored"],
        ),
        ("runs are as recorded", &["cargo xtask record --check"]),
    ],
    &[
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
        (
            "the frameworks of chapter 22 are proved, and sqlx in chapter 25",
            &[
                "cargo test --locked --manifest-path code/examples/frameworks/Cargo.toml",
                "cargo test --locked --manifest-path code/examples/sqlx/Cargo.toml",
            ],
        ),
    ],
];

pub fn check(shell: &Shell) -> Result<()> {
    // Tests pass over what a reader may lack, such as the built pages, but not in CI.
    let _ci = shell.push_env("CI", "true");
    tools::need_node(shell, tools::NODE_TO_TEST)?;
    let start = Instant::now();
    let times = Mutex::new(Vec::new());
    let checked = check_all(shell, IN_TURN, SIDE_BY_SIDE, &times);
    println!("\n{}", table(&times.into_inner()?, start.elapsed()));
    let steps = checked?;
    println!("\nsteps: {steps} passed, 0 failed");
    Ok(())
}

/// How long each command took.
type Times = Mutex<Vec<(&'static str, Duration)>>;

/// Says how many steps there were. Notes the times of those that fail, too.
fn check_all(
    shell: &Shell,
    in_turn: &[Step],
    side_by_side: [&[Step]; 2],
    times: &Times,
) -> Result<usize> {
    for (claim, commands) in in_turn {
        eprintln!("\n[{claim}]");
        for command in *commands {
            note(command, times, || run(shell, command))?;
        }
    }
    // Created here, since two at once would both move into its place.
    let folder = shell
        .current_dir()
        .join(project::target(shell)?)
        .join("check");
    shell.create_dir(&folder)?;
    let lanes = side_by_side.map(|lane| (lane, shell.clone()));
    let printing = Mutex::new(());
    let failed = thread::scope(|scope| {
        let (folder, printing) = (&folder, &printing);
        let lanes = lanes.map(|(lane, shell)| {
            scope.spawn(move || -> Result<()> {
                for (claim, commands) in lane {
                    eprintln!("\n[{claim}: what it says follows when it has ended]");
                    for command in *commands {
                        let log = folder.join(command.replace([' ', '/'], "_"));
                        note(command, times, || {
                            let ran = run_into(&shell, command, File::create(&log)?);
                            let _whole = printing.lock().expect("no lane panics");
                            println!("\n$ {command}\n{}", shell.read_file(&log)?);
                            ran
                        })?;
                    }
                }
                Ok(())
            })
        });
        let ended = lanes.map(|lane| lane.join().expect("no lane panics"));
        ended
            .into_iter()
            .filter_map(Result::err)
            .collect::<Vec<_>>()
    });
    let failed: Vec<String> = failed.iter().map(Error::to_string).collect();
    ensure!(failed.is_empty(), "{}", failed.join("\n"));
    Ok(in_turn.len() + side_by_side.iter().map(|lane| lane.len()).sum::<usize>())
}

fn note(command: &'static str, times: &Times, run: impl FnOnce() -> Result<()>) -> Result<()> {
    let start = Instant::now();
    let ran = run();
    let mut times = times.lock().expect("noting does not panic");
    times.push((command, start.elapsed()));
    ran.with_context(|| format!("stopped at `{command}`; what to fix stands above"))
}

/// Seconds by command, and those of the whole.
fn table(times: &[(&str, Duration)], whole: Duration) -> String {
    let rows = times.iter().copied().chain([("in all", whole)]);
    let rows = rows.map(|(command, time)| format!("{:>7.1} s  {command}", time.as_secs_f64()));
    rows.collect::<Vec<_>>().join("\n")
}

fn run(shell: &Shell, command: &str) -> Result<()> {
    Ok(parsed(shell, command)?.run()?)
}

/// Runs a command that says everything to a file.
fn run_into(shell: &Shell, command: &str, log: File) -> Result<()> {
    let mut command = Command::from(parsed(shell, command)?);
    command.stdin(Stdio::null()).stdout(log.try_clone()?);
    let status = command.stderr(log).status()?;
    ensure!(status.success(), "it ended with {status}");
    Ok(())
}

/// Where this program is. The first step asks, before `cargo test` could build it anew.
static XTASK: LazyLock<io::Result<PathBuf>> = LazyLock::new(env::current_exe);

/// `cargo xtask` is this program itself: cargo would wait until the other lane has built.
fn parsed<'a>(shell: &'a Shell, command: &str) -> Result<xshell::Cmd<'a>> {
    if let Some(words) = command.strip_prefix("cargo xtask ") {
        let xtask = XTASK.as_ref();
        let xtask = xtask.map_err(|error| anyhow!("cannot tell where xtask was built: {error}"))?;
        let words = words.split(' ');
        return Ok(cmd!(shell, "{xtask} {words...}"));
    }
    let mut words = command.split(' ').map(|word| match word {
        "npm" => NPM,
        word => word,
    });
    let program = words.next().context("a step without a command")?;
    Ok(cmd!(shell, "{program} {words...}"))
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
            table(&times, Duration::from_millis(301_300)),
            "    1.2 s  cargo fmt\n  300.0 s  cargo test\n  301.3 s  in all"
        );
    }

    /// The commands that ran, and what is said of those that failed.
    fn checked(in_turn: &[Step], side_by_side: [&[Step]; 2]) -> (Vec<&'static str>, String) {
        let times = Mutex::new(Vec::new());
        let shell = project::shell().unwrap();
        let said = match check_all(&shell, in_turn, side_by_side, &times) {
            Ok(steps) => format!("{steps} steps"),
            Err(error) => error.to_string(),
        };
        let mut ran: Vec<_> = times.into_inner().unwrap();
        ran.sort();
        (ran.into_iter().map(|(command, _)| command).collect(), said)
    }

    const VERSION: Step = ("it has a version", &["cargo --version"]);
    const UNKNOWN: Step = ("it is known", &["cargo --unknown"]);
    const HELP: Step = ("it helps", &["cargo --help"]);

    #[test]
    fn what_fails_ends_its_own_lane() {
        let lanes: [&[Step]; 2] = [&[UNKNOWN, HELP], &[VERSION]];
        let (ran, said) = checked(&[], lanes);
        assert_eq!(ran, ["cargo --unknown", "cargo --version"]);
        assert_eq!(
            said,
            "stopped at `cargo --unknown`; what to fix stands above"
        );
    }

    #[test]
    fn what_fails_before_the_lanes_ends_all() {
        let (ran, said) = checked(&[UNKNOWN], [&[VERSION], &[HELP]]);
        assert_eq!(ran, ["cargo --unknown"]);
        assert!(said.contains("--unknown"));
    }

    #[test]
    fn all_that_hold_are_counted() {
        let (ran, said) = checked(&[VERSION], [&[HELP], &[]]);
        assert_eq!(ran, ["cargo --help", "cargo --version"]);
        assert_eq!(said, "2 steps");
    }
}
