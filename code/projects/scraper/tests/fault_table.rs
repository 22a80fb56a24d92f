//! `tests/README.md` says what happens when something goes wrong; this holds it to the tests there
//! are.

/// The files whose tests are all of faults.
const FAULTS: [&str; 4] = ["crash::", "faults::", "refused::", "together::"];

#[test]
fn the_table_of_faults_names_every_test_of_a_fault_and_no_other() {
    testbed::fault_table::check("tests/README.md", &FAULTS);
}
