//! Runs a test binary under a time limit.

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

/// How long tests may take.
#[derive(Clone, Copy)]
pub struct Limits {
    /// All tests of a binary together, before they are tried one by one.
    pub all: Duration,
    /// One test alone.
    pub one: Duration,
}

/// What came of one test.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It passed.
    Passed,
    /// It failed, saying this.
    Failed(String),
    /// It was still running at its time limit.
    Hung,
    /// It ended the whole process, saying this.
    Died(String),
}

/// Runs every test of `binary` and tells what came of each, by its name.
pub fn all_tests(binary: &Path, limits: Limits) -> io::Result<BTreeMap<String, Outcome>> {
    let (listed, _) = output(binary, &["--list", "--format=terse"], limits.one)?;
    let (said, _) = output(binary, &[], limits.all)?;
    let mut outcomes = BTreeMap::new();
    for name in listed
        .lines()
        .filter_map(|line| line.strip_suffix(": test"))
    {
        let outcome = match (verdict(&said, name), message(&said, name)) {
            (Some("ok"), _) => Outcome::Passed,
            (Some("FAILED"), Some(message)) => Outcome::Failed(message),
            // It hung or died, or another did so before its turn or before the report.
            _ => one_test(binary, name, limits.one)?,
        };
        outcomes.insert(name.to_owned(), outcome);
    }
    Ok(outcomes)
}

fn one_test(binary: &Path, name: &str, limit: Duration) -> io::Result<Outcome> {
    let (said, status) = output(binary, &["--exact", name, "--test-threads=1"], limit)?;
    Ok(match status {
        None => Outcome::Hung,
        Some(status) if status.success() => Outcome::Passed,
        Some(_) if said.contains("\ntest result: FAILED") => {
            Outcome::Failed(message(&said, name).unwrap_or_default())
        }
        Some(status) => Outcome::Died(format!("{status}: {}", said.trim())),
    })
}

/// What `binary` printed, and how it ended if it did so within `limit`.
fn output(
    binary: &Path,
    arguments: &[&str],
    limit: Duration,
) -> io::Result<(String, Option<ExitStatus>)> {
    let mut child = Command::new(binary)
        .args(arguments)
        .args(["--color", "never"])
        .env("RUST_BACKTRACE", "0")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let (sender, receiver) = mpsc::channel();
    let pipes: [Option<Box<dyn Read + Send>>; 2] = [
        child.stdout.take().map(|pipe| Box::new(pipe) as _),
        child.stderr.take().map(|pipe| Box::new(pipe) as _),
    ];
    let readers = pipes.map(|pipe| {
        let sender = sender.clone();
        thread::spawn(move || {
            let mut bytes = Vec::new();
            if let Some(mut pipe) = pipe {
                // A pipe that breaks has said all that it will.
                let _ = pipe.read_to_end(&mut bytes);
            }
            let _ = sender.send(());
            bytes
        })
    });
    let deadline = Instant::now() + limit;
    let ended = (0..2).all(|_| {
        receiver
            .recv_timeout(deadline.saturating_duration_since(Instant::now()))
            .is_ok()
    });
    if !ended {
        child.kill()?;
    }
    let status = child.wait()?;
    let bytes = readers
        .map(|reader| reader.join().unwrap_or_default())
        .concat();
    Ok((
        String::from_utf8_lossy(&bytes).into_owned(),
        ended.then_some(status),
    ))
}

fn verdict<'a>(said: &'a str, name: &str) -> Option<&'a str> {
    said.lines().find_map(|line| {
        let rest = line.strip_prefix("test ")?.strip_prefix(name)?;
        rest.strip_prefix(" - should panic")
            .unwrap_or(rest)
            .strip_prefix(" ... ")
    })
}

/// The part of libtest's report that tells why a test failed.
/// It stands at the end of the output, and is missing if the process was stopped before.
fn message(said: &str, name: &str) -> Option<String> {
    let (_, rest) = said.split_once(&format!("---- {name} stdout ----\n"))?;
    let end = ["\n---- ", "\nfailures:\n"]
        .iter()
        .filter_map(|end| rest.find(end))
        .min();
    let lines = rest[..end.unwrap_or(rest.len())].lines();
    let lines = lines.filter(|line| !line.starts_with("note: run with `RUST_BACKTRACE"));
    Some(lines.collect::<Vec<_>>().join("\n").trim().to_owned())
}
