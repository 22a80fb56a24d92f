//! The names of asyncio are those of the Python that is installed.

use std::collections::BTreeSet;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use site::asyncio::{ASK, NAMES};

/// The versions whose names are listed.
const LISTED: std::ops::RangeInclusive<u32> = 11..=13;

/// Asks `python3`, and besides it every version that is there under its own name.
#[test]
#[ignore = "needs Python 3.11, 3.12 or 3.13"]
fn names_are_those_of_python() -> Result<()> {
    let mut asked = 0;
    for python in ["python3", "python3.11", "python3.12", "python3.13"] {
        let Some(minor) = minor(python).filter(|minor| LISTED.contains(minor)) else {
            continue;
        };
        let names = printed(python, &[ASK]).with_context(|| format!("{python} {ASK}"))?;
        let names: BTreeSet<&str> = names.lines().collect();
        let listed = std::fs::read_to_string(harness::root().join(NAMES))?;
        let listed: BTreeSet<&str> = listed
            .lines()
            .filter_map(|line| until(line, minor))
            .collect();
        let missing: Vec<_> = names.difference(&listed).collect();
        let wrong: Vec<_> = listed.difference(&names).collect();
        ensure!(
            missing.is_empty() && wrong.is_empty(),
            "{NAMES} lacks {missing:?} of {python} (3.{minor}), and has {wrong:?}, which are not there"
        );
        asked += 1;
    }
    ensure!(
        asked > 0,
        "neither python3 nor python3.11 to python3.13 is one of 3.11 to 3.13"
    );
    Ok(())
}

/// The name of a line, if Python 3.`minor` has it.
fn until(line: &str, minor: u32) -> Option<&str> {
    let Some((name, since)) = line.split_once(' ') else {
        return Some(line);
    };
    let since: u32 = since.strip_prefix("3.")?.parse().ok()?;
    (since <= minor).then_some(name)
}

fn minor(python: &str) -> Option<u32> {
    let program = "import sys; print(sys.version_info.minor)";
    printed(python, &["-c", program])?.trim().parse().ok()
}

fn printed(python: &str, arguments: &[&str]) -> Option<String> {
    let mut python = Command::new(python);
    let output = python.args(arguments).current_dir(harness::root()).output();
    let output = output.ok().filter(|it| it.status.success())?;
    String::from_utf8(output.stdout).ok()
}
