//! Real processes that end by `abort`, by kill -9 and in order.

use std::net::TcpListener;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, Output};
use std::thread;
use std::time::Duration;

use clap::ValueEnum;
use orders::crash::Point;
use testbed::program::{Program, output, refusal};

/// The points at which a process is aborted. The others need a poison message or a rebuild.
pub const ABORTED: [Point; 14] = [
    Point::CancelRequested,
    Point::OrderPlaced,
    Point::EventsCommitted,
    Point::EventsWritten,
    Point::AboutToPublish,
    Point::PlaceMoved,
    Point::Published,
    Point::LineReleased,
    Point::LineReserved,
    Point::Acted,
    Point::Begun,
    Point::OrderEnded,
    Point::ViewCommitted,
    Point::ViewWritten,
];

const SIGABRT: i32 = 6;

fn orders(data: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_orders"));
    command.args([
        "--listen",
        "127.0.0.1:0",
        "--world-delay",
        "0.001",
        "--data",
    ]);
    command.arg(data).env("ORDERS_LOG", "warn");
    command
}

fn demo(data: &Path, more: &[&str]) -> Command {
    let mut command = orders(data);
    command
        .args([
            "demo",
            "--orders",
            "12",
            "--rate",
            "500",
            "--failures",
            "0.7",
        ])
        .args(more);
    command
}

#[track_caller]
fn assert_audited(data: &Path, after: &str) {
    let mut audit = orders(data);
    audit.arg("audit");
    let Output {
        status,
        stdout,
        stderr,
    } = output(audit);
    let words = String::from_utf8_lossy(&stdout);
    let errors = String::from_utf8_lossy(&stderr);
    assert!(
        status.success() && words.contains("no fault"),
        "{after}: {words}{errors}"
    );
}

#[test]
fn a_process_that_aborts_at_a_point_leaves_files_that_the_next_one_brings_to_their_end() {
    thread::scope(|all| {
        for half in ABORTED.chunks(ABORTED.len() / 2) {
            all.spawn(|| half.iter().for_each(|point| abort_at(*point)));
        }
    });
}

fn abort_at(point: Point) {
    let directory = tempfile::tempdir().unwrap();
    // A day of chance may pass a point less often, so the first time of a few days counts.
    let aborted = (0..10).any(|_| {
        let status = output(demo(directory.path(), &["--crash", &format!("{point}:2")])).status;
        status.signal() == Some(SIGABRT)
    });
    assert!(aborted, "{point}");
    assert_audited(directory.path(), &point.to_string());
}

#[test]
fn a_point_that_there_is_not_is_refused_with_those_that_there_are() {
    let directory = tempfile::tempdir().unwrap();
    let refused = |plan: &str| {
        let Output { status, stderr, .. } = output(demo(directory.path(), &["--crash", plan]));
        assert_eq!(status.code(), Some(2), "{plan}");
        let words = String::from_utf8(stderr).unwrap();
        assert!(words.contains("--crash"), "{plan}: {words}");
        words
    };
    for plan in ["nonsense", "nonsense:1", "saga", "saga: acted:1:1", ""] {
        let words = refused(plan);
        for point in Point::value_variants() {
            assert!(words.contains(&point.to_string()), "{plan}: {words}");
        }
    }
    for plan in [
        "saga: acted:0",
        "saga: acted:x",
        "saga: acted:",
        "saga: acted:-1",
    ] {
        let words = refused(plan);
        assert!(words.contains("a number from 1 on"), "{plan}: {words}");
    }
}

/// What it says when it cannot start.
fn refused(data: &Path, more: &[&str]) -> String {
    let mut command = orders(data);
    command.args(more).env("ORDERS_LOG", "info");
    refusal(command)
}

#[test]
fn a_store_that_cannot_be_opened_is_said_and_no_one_greeted() {
    let (directory, no_folder) = (tempfile::tempdir().unwrap(), Path::new("/dev/null/orders"));
    let said = refused(no_folder, &[]);
    assert!(
        said.contains("--data: cannot make /dev/null/orders"),
        "{said}"
    );
    let server = ["--store", "postgres://orders@%2Fdev%2Fnull/orders"];
    let said = refused(directory.path(), &server);
    assert!(said.contains("cannot open the databases: "), "{said}");
}

#[test]
fn a_port_that_is_taken_is_said_before_a_store_is_made() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap().to_string();
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("data");
    let mut command = Command::new(env!("CARGO_BIN_EXE_orders"));
    command.args(["--listen", &taken, "--data"]).arg(&data);
    let said = refusal(command);
    let expected = format!("error: cannot listen on {taken}: give another --listen");
    assert!(said.starts_with(&expected), "{said}");
    assert!(!data.exists());
}

#[test]
fn processes_that_are_killed_with_9_leave_books_that_the_next_one_brings_to_agree() {
    let directory = tempfile::tempdir().unwrap();
    for pause in [150, 300, 450] {
        let mut program = Program::launch({
            let mut command = orders(directory.path());
            command.args(["demo", "--orders", "500", "--rate", "300"]);
            command
        });
        thread::sleep(Duration::from_millis(pause));
        program.kill();
    }
    assert_audited(directory.path(), "kill -9");
}

#[test]
fn a_process_that_is_told_to_stop_does() {
    let directory = tempfile::tempdir().unwrap();
    let mut command = orders(directory.path());
    command.env("ORDERS_LOG", "info");
    let mut program = Program::start(command);
    assert!(program.terminated().success());
}

/// Stopped, copied, opened: what a backup or a move to another machine does.
#[test]
fn after_a_clean_stop_the_files_alone_hold_everything() {
    let (directory, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    assert!(output(demo(directory.path(), &[])).status.success());
    let taken = |data: &Path| {
        let mut audit = orders(data);
        audit.arg("audit");
        String::from_utf8(output(audit).stdout).unwrap()
    };
    let before = taken(directory.path());
    assert!(
        !before.starts_with("0 orders shipped, 0 canceled"),
        "{before}"
    );
    let mut program = Program::start({
        let mut command = orders(directory.path());
        command.env("ORDERS_LOG", "info");
        command
    });
    assert!(program.terminated().success());
    for entry in directory.path().read_dir().unwrap() {
        let entry = entry.unwrap();
        if entry.path().extension().is_some_and(|it| it == "db") {
            std::fs::copy(entry.path(), elsewhere.path().join(entry.file_name())).unwrap();
        }
    }
    assert_eq!(taken(elsewhere.path()), before);
}
