//! `examples/greet.rs` as a child process.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, ChildStderr, Command, ExitStatus, Stdio};
use std::time::Duration;

/// Longer than any of it takes.
const PATIENCE: Duration = Duration::from_secs(30);

struct Program {
    process: Child,
    log: BufReader<ChildStderr>,
    address: String,
}

impl Program {
    /// Starts it, from a shell that first runs `before`.
    fn start(before: &str, options: &[&str]) -> Self {
        let mut process = command(before, options)
            .args(["--listen", "127.0.0.1:0"])
            .spawn()
            .unwrap();
        let log = BufReader::new(process.stderr.take().unwrap());
        let mut program = Self {
            process,
            log,
            address: String::new(),
        };
        let mut line = String::new();
        program.log.read_line(&mut line).unwrap();
        let address = line.split("http://").nth(1);
        let address = address.unwrap_or_else(|| panic!("{line}"));
        program.address = address.trim().trim_end_matches('/').to_owned();
        program
    }

    /// A connection on which `path` was asked for.
    fn ask(&self, path: &str) -> TcpStream {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let host = &self.address;
        write!(
            stream,
            "GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
        )
        .unwrap();
        stream
    }

    fn get(&self, path: &str) -> String {
        read(self.ask(path))
    }

    fn terminate(&self) {
        let id = self.process.id().to_string();
        let status = Command::new("kill").args(["-s", "TERM", &id]).status();
        assert!(status.unwrap().success());
    }

    fn ended(&mut self) -> (ExitStatus, String) {
        let mut log = String::new();
        self.log.read_to_string(&mut log).unwrap();
        (self.process.wait().unwrap(), log)
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn read(mut stream: TcpStream) -> String {
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

fn command(before: &str, options: &[&str]) -> Command {
    let mut command = Command::new("sh");
    command
        .args(["-c", &format!("{before}; exec $TIMED \"$0\" \"$@\"")])
        .arg(env!("CARGO_BIN_EXE_greet"))
        .args(options)
        .stderr(Stdio::piped());
    command
}

#[test]
fn it_says_where_it_listens_answers_and_ends_in_order() {
    let mut program = Program::start(":", &[]);
    assert!(program.get("/").ends_with("hello\n"));
    assert!(program.get("/readyz").ends_with("ready\n"));
    assert!(
        program
            .get("/nowhere")
            .contains("there is nothing at this address")
    );
    let slow = program.ask("/slow");
    // The handler has begun once a later request was answered.
    program.get("/");
    program.terminate();
    assert!(read(slow).ends_with("hello, at last\n"));
    let (status, log) = program.ended();
    assert_eq!(status.code(), Some(0), "{log}");
}

#[test]
fn a_second_signal_ends_it_at_once() {
    let mut program = Program::start(":", &[]);
    let _slow = program.ask("/slow");
    program.get("/");
    program.terminate();
    let mut line = String::new();
    program.log.read_line(&mut line).unwrap();
    assert!(line.contains("a second signal ends it at once"), "{line}");
    program.terminate();
    let (status, log) = program.ended();
    assert_eq!(status.code(), Some(143), "{log}");
}

#[test]
fn what_it_cannot_work_with_is_an_error_that_names_it() {
    for (options, code, expected) in [
        (&["--max-connections", "0"][..], 2, "--max-connections"),
        (&["--max-body", "1e9"], 2, "--max-body"),
        (&["--drain", "1e19"], 2, "--drain"),
        (&["--log", "greet=loud"], 1, "error: --log: \"greet=loud\""),
        (
            &["--listen", "0.0.0.0:0"],
            1,
            "error: --listen: 0.0.0.0:0 can be reached",
        ),
        (
            // An address that no machine has.
            &["--listen", "192.0.2.1:80", "--token", "0123456789abcdef"],
            1,
            "error: cannot listen on 192.0.2.1:80: ",
        ),
    ] {
        let mut command = command(":", options);
        let output = command.env("TIMED", "timeout 30").output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.contains(expected), "{said}");
        assert_eq!(output.status.code(), Some(code), "{said}");
    }
}

/// The soft limit is raised to the hard one, and beyond that, connections wait.
#[test]
fn it_survives_that_no_file_is_left() {
    let mut program = Program::start("ulimit -Sn 32; ulimit -Hn 64", &[]);
    let connect = |_| TcpStream::connect(&program.address).unwrap();
    let mut silent: Vec<TcpStream> = (0..100).map(connect).collect();
    let mut line = String::new();
    while !line.contains("cannot accept") {
        line.clear();
        assert!(program.log.read_line(&mut line).unwrap() > 0, "it ended");
    }
    assert!(line.contains("ulimit=64"), "{line}");
    let waiting = program.ask("/");
    silent.clear();
    assert!(read(waiting).ends_with("hello\n"));
    assert!(program.get("/").ends_with("hello\n"));
}
