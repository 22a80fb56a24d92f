//! The programs of the appendix on runtimes print what they should.
//!
//! Run it: `cargo test -p examples --test runtimes -- --ignored`.

use std::env;
use std::path::PathBuf;
use std::process::Command;

#[track_caller]
fn prints(program: &str, expected: &str) {
    let root = env::var_os("CARGO_MANIFEST_DIR").expect("cargo runs the tests");
    let folder = PathBuf::from(root).join("runtimes");
    let mut command = Command::new(env::var_os("CARGO").unwrap_or("cargo".into()));
    command.args(["run", "--locked", "--quiet", "--bin", program]);
    command.args(["--target-dir", "../../../target/runtimes"]);
    command.current_dir(folder);
    let output = command.output().expect("cargo starts");
    assert!(output.status.success(), "{output:?}");
    assert_eq!(String::from_utf8_lossy(&output.stdout), expected);
}

#[test]
#[ignore = "downloads smol"]
fn a_dropped_handle_of_smol_cancels_its_task() {
    prints("smol", "tea is ready\ncoffee is ready\n");
}

#[test]
#[ignore = "downloads smol"]
fn a_timer_of_smol_fires_in_a_task_of_tokio() {
    prints("smol-in-tokio", "tea is ready\n");
}

#[test]
#[ignore = "downloads embassy"]
fn a_task_of_embassy_has_one_place() {
    prints("embassy", "on\noff\non\noff\n");
}
