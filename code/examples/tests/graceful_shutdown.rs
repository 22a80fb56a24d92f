//! The program of the appendix on graceful shutdown, under real signals.
//!
//! Run it: `cargo test -p examples --test graceful_shutdown`.

use std::io::{BufRead, BufReader, Result, Write};
use std::net::TcpStream;
use std::process::Command;
use std::time::Instant;

use testbed::program::{PATIENCE, Program};

fn start(grace: &str) -> (Program, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_graceful-shutdown"));
    command.arg(grace);
    let program = Program::launch(command);
    let line = program.until_line("listening on ");
    let address = line.replace("listening on ", "");
    (program, address)
}

/// A client; it has been accepted once it has an answer.
struct Client(BufReader<TcpStream>);

impl Client {
    fn connect(address: &str) -> Client {
        Client(BufReader::new(TcpStream::connect(address).unwrap()))
    }

    fn ask(&mut self, line: &str) -> Result<String> {
        writeln!(self.0.get_mut(), "{line}")?;
        self.answer()
    }

    fn answer(&mut self) -> Result<String> {
        let mut answer = String::new();
        self.0.read_line(&mut answer)?;
        Ok(answer)
    }
}

// ANCHOR: drains
#[test]
fn an_upload_ends_after_sigterm_and_no_new_one_begins() {
    let (mut program, address) = start("3600");
    let (mut idle, mut busy) = (Client::connect(&address), Client::connect(&address));
    assert_eq!(idle.ask(".").unwrap(), "stored 0\n");
    assert_eq!(busy.ask("tea").unwrap(), "more?\n");

    program.terminate(); // SIGTERM
    assert_eq!(idle.answer().unwrap(), ""); // Told to go, at once.
    let until = Instant::now() + PATIENCE;
    while TcpStream::connect(&address).is_ok() {
        assert!(Instant::now() < until, "the port is still open");
    }

    assert_eq!(busy.ask("milk").unwrap(), "more?\n");
    assert_eq!(busy.ask(".").unwrap(), "stored 2\n");
    assert_eq!(program.ended().code(), Some(0));
}
// ANCHOR_END: drains

#[test]
fn what_goes_on_after_the_grace_is_cut_and_counted() {
    let (mut program, address) = start("0.05");
    let mut endless = Client::connect(&address);
    assert_eq!(endless.ask("tea").unwrap(), "more?\n");
    assert_eq!(program.terminated().code(), Some(1));
    program.until_line("1 upload was cut");
    assert!(endless.answer().map_or(true, |answer| answer.is_empty()));
}

#[test]
fn a_second_signal_ends_it_at_once() {
    let (mut program, address) = start("3600");
    let mut endless = Client::connect(&address);
    assert_eq!(endless.ask("tea").unwrap(), "more?\n");
    program.terminate();
    program.until_line("stopping");
    assert_eq!(program.terminated().code(), Some(128 + 15));
}

#[test]
fn a_grace_that_is_no_time_is_refused() {
    for grace in ["-1", "soon", "inf"] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_graceful-shutdown"));
        command.arg(grace);
        let output = testbed::program::output(command);
        assert_eq!(output.status.code(), Some(1));
        assert!(output.stderr.starts_with(b"error: "), "{output:?}");
    }
}
