//! `tests/README.md` says what happens when something goes wrong; this holds it to the tests there are.

use std::path::Path;

use testbed::fault_table::{check, named};

const README: &str = "tests/README.md";

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

#[test]
fn the_table_of_faults_names_every_test_of_a_fault_and_no_other() {
    check(README, &FAULTS);
}

/// They are unit tests, which this binary does not have: the file of their module must have them.
#[test]
fn every_test_that_the_table_of_races_names_exists() {
    let source = Path::new("src");
    let mut names = named(README, 1);
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
