//! `chat load`: where its clients come in, and where they are more than may be.

use std::process::{Command, Output};

use testbed::program::{output, under};

use crate::support::{file, program};

/// So many clients of a process that may have so many files.
fn load(files: u32, clients: u32) -> Output {
    let folder = tempfile::tempdir().unwrap();
    let server = program("127.0.0.1:0", &file(&folder), &[]);
    let mut command = Command::new(env!("CARGO_BIN_EXE_chat"));
    command
        .args(["load", "--rate", "10", "--seconds", "1"])
        .args([
            "--server",
            &server.url(""),
            "--clients",
            &clients.to_string(),
        ]);
    output(under(
        &format!("ulimit -Sn {files}; ulimit -Hn {files}"),
        &command,
    ))
}

#[test]
fn clients_with_a_file_each_hear_all_that_is_said() {
    let Output {
        status,
        stdout,
        stderr,
    } = load(300, 220);
    let said = String::from_utf8_lossy(&stdout);
    assert!(status.success(), "{}", String::from_utf8_lossy(&stderr));
    assert!(
        said.starts_with("said 10, delivered 2200, holes 0\n"),
        "{said}"
    );
}

#[test]
fn more_clients_than_files_are_refused_with_the_limit() {
    let Output { status, stderr, .. } = load(100, 150);
    let said = String::from_utf8_lossy(&stderr);
    assert_eq!(status.code(), Some(1), "{said}");
    let expected = "Too many open files (os error 24); `ulimit -Hn` gives this process 100\n";
    assert!(said.ends_with(expected), "{said}");
}
