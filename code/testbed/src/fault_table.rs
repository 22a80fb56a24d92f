//! Holds a README's table of faults to the tests that there are.
//!
//! A row says what goes wrong, what happens then, and in its last column the tests that show it,
//! each between backticks by its full name: `` `redis_faults::a_full_disk…` ``.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

/// Panics if a table of `readme` names a test that this test binary does not have, or lacks one
/// whose name begins like one of `faults` (`"http_faults::"`). Paths are those of the package.
#[track_caller]
pub fn check(readme: &str, faults: &[&str]) {
    let (tests, named) = (tests(), named(readme, 0));
    assert!(!named.is_empty(), "{readme} has no table that names tests");
    let unknown: Vec<_> = named.difference(&tests).collect();
    assert!(
        unknown.is_empty(),
        "{readme} names {unknown:#?}, which do not exist"
    );
    let is_of_fault = |name: &&String| faults.iter().any(|fault| name.starts_with(fault));
    let missing: Vec<_> = tests.difference(&named).filter(is_of_fault).collect();
    assert!(missing.is_empty(), "{readme} lacks {missing:#?}");
}

/// The names between backticks in one column of each row, counted from the last.
#[track_caller]
pub fn named(readme: &str, column: usize) -> BTreeSet<String> {
    let text = fs::read_to_string(Path::new(readme));
    let text = text.unwrap_or_else(|error| panic!("{readme}: {error}"));
    let rows = text.lines().filter(|line| line.starts_with("| "));
    let cells = rows.filter_map(|row| row.trim_end_matches(" |").rsplit(" | ").nth(column));
    // Every second piece stands between backticks.
    let names = cells.flat_map(|cell| cell.split('`').skip(1).step_by(2));
    names.map(str::to_owned).collect()
}

/// The tests of this binary, by their full names.
fn tests() -> BTreeSet<String> {
    let program = std::env::current_exe().expect("a program knows where it is");
    let output = Command::new(program).arg("--list").output();
    let list = output.expect("it can be run again").stdout;
    let list = String::from_utf8_lossy(&list);
    let names = list.lines().filter_map(|line| line.strip_suffix(": test"));
    names.map(str::to_owned).collect()
}
