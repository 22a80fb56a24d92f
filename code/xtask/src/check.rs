//! `cargo xtask check`: everything that CI checks, in CI's order.

use std::env;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{LazyLock, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, ensure};
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
    let notes = Mutex::default();
    let checked = check_all(shell, IN_TURN, SIDE_BY_SIDE, &notes);
    let notes = notes.into_inner()?;
    println!("\n{}", table(&notes.times, start.elapsed()));
    print!("{}", endings(&notes.failed));
    let steps = checked?;
    println!("\nsteps: {steps} passed, 0 failed");
    Ok(())
}

/// So many lines of what a command said are shown again at the end.
const LAST_LINES: usize = 60;

/// What there is to say of the commands that ran.
#[derive(Default)]
struct Notes {
    /// How long each took.
    times: Vec<(&'static str, Duration)>,
    /// Where those that failed beside others have said why.
    failed: Vec<(&'static str, PathBuf)>,
}

/// Says how many steps there were. Notes the times of those that fail, too.
fn check_all(
    shell: &Shell,
    in_turn: &[Step],
    side_by_side: [&[Step]; 2],
    notes: &Mutex<Notes>,
) -> Result<usize> {
    for (claim, commands) in in_turn {
        eprintln!("\n[{claim}]");
        for command in *commands {
            let ran = note(command, notes, || run(shell, command));
            ran.with_context(|| format!("stopped at `{command}`; what to fix stands above"))?;
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
                        run_beside(&shell, command, folder, notes, printing)?;
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
    // Each with its cause: what could not be started has written nothing.
    let failed: Vec<String> = failed.iter().map(|error| format!("{error:#}")).collect();
    ensure!(failed.is_empty(), "{}", failed.join("\n"));
    Ok(in_turn.len() + side_by_side.iter().map(|lane| lane.len()).sum::<usize>())
}

/// Runs a command beside others: what it says goes to a file, and is printed when it has ended.
fn run_beside(
    shell: &Shell,
    command: &'static str,
    folder: &Path,
    notes: &Mutex<Notes>,
    printing: &Mutex<()>,
) -> Result<()> {
    let log = folder.join(command.replace([' ', '/'], "_"));
    let ran = note(command, notes, || {
        run_into(shell, command, File::create(&log)?)
    });
    if ran.is_err() {
        let mut notes = notes.lock().expect(NOTING);
        notes.failed.push((command, log.clone()));
    }
    let whole = printing.lock().expect("no lane panics");
    println!("\n$ {command}\n{}", said(&log));
    drop(whole);
    let log = log.strip_prefix(shell.current_dir()).unwrap_or(&log);
    ran.with_context(|| format!("stopped at `{command}`, which wrote {}", log.display()))
}

const NOTING: &str = "noting does not panic";

fn note(
    command: &'static str,
    notes: &Mutex<Notes>,
    run: impl FnOnce() -> Result<()>,
) -> Result<()> {
    let start = Instant::now();
    let ran = run();
    let mut notes = notes.lock().expect(NOTING);
    notes.times.push((command, start.elapsed()));
    ran
}

/// Where a reader looks first: the end of what each failed command said, once more.
fn endings(failed: &[(&str, PathBuf)]) -> String {
    let mut endings = String::new();
    for (command, log) in failed {
        let said = said(log);
        let lines: Vec<_> = said.trim_end().lines().collect();
        let last = &lines[lines.len().saturating_sub(LAST_LINES)..];
        endings += &format!("\nthe last lines of `{command}`:\n\n{}\n", last.join("\n"));
    }
    endings
}

/// What a command has said, which need not be UTF-8; nothing, if there is no log.
fn said(log: &Path) -> String {
    let bytes = fs::read(log).unwrap_or_default();
    String::from_utf8_lossy(&bytes).into_owned()
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

    /// The commands that ran, and all that is said at the end of those that failed.
    fn checked(in_turn: &[Step], side_by_side: [&[Step]; 2]) -> (Vec<&'static str>, String) {
        let notes = Mutex::default();
        let shell = project::shell().unwrap();
        let said = match check_all(&shell, in_turn, side_by_side, &notes) {
            Ok(steps) => format!("{steps} steps"),
            Err(error) => error.to_string(),
        };
        let mut notes = notes.into_inner().unwrap();
        notes.times.sort();
        let ran = notes.times.iter().map(|(command, _)| *command).collect();
        (ran, endings(&notes.failed) + &said)
    }

    const VERSION: Step = ("it has a version", &["cargo --version"]);
    const UNKNOWN: Step = ("it is known", &["cargo --unknown"]);
    const HELP: Step = ("it helps", &["cargo --help"]);

    #[test]
    fn what_fails_ends_its_own_lane() {
        let lanes: [&[Step]; 2] = [&[UNKNOWN, HELP], &[VERSION]];
        let (ran, said) = checked(&[], lanes);
        assert_eq!(ran, ["cargo --unknown", "cargo --version"]);
        let (ending, error) = said.rsplit_once('\n').unwrap();
        let begin = "\nthe last lines of `cargo --unknown`:\n\nerror: unexpected argument";
        assert!(ending.starts_with(begin), "{said}");
        assert!(
            error.starts_with("stopped at `cargo --unknown`, which wrote "),
            "{said}"
        );
        assert!(
            error.contains("check/cargo_--unknown: it ended with "),
            "{said}"
        );
    }

    #[test]
    fn of_what_was_said_at_length_the_end_says_the_last_lines_only() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("log");
        let lines: Vec<_> = (1..=1_000).map(|line| format!("line {line}\n")).collect();
        let not_utf_8 = [b"\xff\n", lines.concat().as_bytes()].concat();
        fs::write(&log, not_utf_8).unwrap();
        let said = endings(&[("cargo test", log)]);
        let last = lines[1_000 - LAST_LINES..].concat();
        assert_eq!(said, format!("\nthe last lines of `cargo test`:\n\n{last}"));
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
