use std::fs;
use std::panic::catch_unwind;

use tempfile::TempDir;
use testbed::fault_table::check;

const THIS: &str = "fault_table::a_table_that_names_what_there_is_passes_and_no_other";

#[test]
fn a_table_that_names_what_there_is_passes_and_no_other() {
    let folder = TempDir::new().unwrap();
    let readme = folder.path().join("README.md");
    let passes = |text: &str, faults: &'static str| {
        fs::write(&readme, text).unwrap();
        let readme = readme.to_str().unwrap().to_owned();
        catch_unwind(move || check(&readme, &[faults])).is_ok()
    };
    let row = |test: &str| format!("| fault | what happens | `{test}` |\n");
    assert!(passes(&row(THIS), "fault_table::"));
    assert!(passes(&row(THIS), "elsewhere::"));
    assert!(!passes(&row("fault_table::no_such_test"), "elsewhere::"));
    assert!(!passes(&row(THIS), "proxy::"));
    assert!(!passes("no table", "elsewhere::"));
}
