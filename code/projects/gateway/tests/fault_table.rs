//! `tests/README.md` says what happens when something goes wrong; this holds it to the tests there are.

use testbed::fault_table::check;

/// The files whose tests are all of faults.
const FAULTS: [&str; 8] = [
    "changes::",
    "clients::",
    "frames::",
    "many::",
    "pooled::",
    "servers::",
    "shared::",
    "vectors::",
];

#[test]
fn the_table_of_faults_names_every_test_of_a_fault_and_no_other() {
    check("tests/README.md", &FAULTS);
}
