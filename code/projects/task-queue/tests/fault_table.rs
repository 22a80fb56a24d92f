//! `tests/README.md` says what happens when something goes wrong; this holds it to the tests there are.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

/// The files whose tests are all of faults.
const FAULTS: [&str; 7] = [
    "handler_faults::",
    "http_faults::",
    "processes::",
    "proxy_faults::",
    "redis_faults::",
    "redis_outages::",
    "sqlite_faults::",
];

/// The tests of this binary, by their full names.
fn tests() -> BTreeSet<String> {
    let program = std::env::current_exe().unwrap();
    let output = Command::new(program).arg("--list").output().unwrap();
    let list = String::from_utf8(output.stdout).unwrap();
    let names = list.lines().filter_map(|line| line.strip_suffix(": test"));
    names.map(str::to_owned).collect()
}

/// The names in one column of each row, counted from the last.
fn names_in(column: usize) -> BTreeSet<String> {
    let path = Path::new("tests/README.md");
    let text = std::fs::read_to_string(path).unwrap();
    let rows = text.lines().filter(|line| line.starts_with("| "));
    let cells = rows.filter_map(|row| row.trim_end_matches(" |").rsplit(" | ").nth(column));
    // Every second piece stands between backticks.
    let names = cells.flat_map(|cell| cell.split('`').skip(1).step_by(2));
    names.map(str::to_owned).collect()
}

fn named() -> BTreeSet<String> {
    names_in(0)
}

#[test]
fn every_test_that_the_table_of_faults_names_exists() {
    let (tests, named) = (tests(), named());
    assert!(named.len() > 50, "{named:?}");
    let unknown: Vec<_> = named.difference(&tests).collect();
    assert!(unknown.is_empty(), "tests/README.md names {unknown:#?}");
}

#[test]
fn every_test_of_a_fault_is_in_the_table() {
    let (tests, named) = (tests(), named());
    let of_faults = |name: &&String| FAULTS.iter().any(|file| name.starts_with(file));
    let missing: Vec<_> = tests.difference(&named).filter(of_faults).collect();
    assert!(missing.is_empty(), "tests/README.md lacks {missing:#?}");
}

/// They are unit tests, which this binary does not have: the file of their module must have them.
#[test]
fn every_test_that_the_table_of_races_names_exists() {
    let source = Path::new("src");
    let mut names = names_in(1);
    names.retain(|name| name.contains("::"));
    assert!(names.len() > 10, "{names:?}");
    for name in names {
        let (module, test) = name.rsplit_once("::").unwrap();
        let module = module.trim_end_matches("::tests").replace("::", "/");
        let file = std::fs::read_to_string(source.join(module + ".rs")).unwrap();
        assert!(
            file.contains(&format!("fn {test}()")),
            "tests/README.md names {name}"
        );
    }
}
