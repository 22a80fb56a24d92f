//! The service of the page on porting, before and after: real programs under a real SIGTERM.
//!
//! Run it: `cargo test -p examples --test port_a_service`. The Python program runs, too, with
//! `-- --ignored`, if `python3` has aiohttp; else it is compiled.

use std::io::{Read, Result, Write};
use std::iter;
use std::net::{TcpListener, TcpStream};
use std::process::Command;
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Instant;

use testbed::program::{PATIENCE, Program, output};

/// Cargo runs the tests in the folder of their package.
const PYTHON: &str = "src/bin/port-a-service.py";

fn rust() -> Command {
    Command::new(env!("CARGO_BIN_EXE_port-a-service"))
}

fn python() -> Command {
    let mut command = Command::new("python3");
    command.arg(PYTHON);
    command
}

/// Starts the shop with a warehouse that does nothing by itself.
fn start(mut shop: Command, grace: &str) -> (Warehouse, Program) {
    let (warehouse, url) = Warehouse::open();
    shop.env("LISTEN", "127.0.0.1:0")
        .env("WAREHOUSE", url)
        .env("GRACE", grace)
        .env("NO_COLOR", "1");
    (warehouse, Program::start(shop))
}

/// A request, and the status of its answer.
fn order(shop: &Program, item: &str) -> u16 {
    let mut shop = TcpStream::connect(shop.address()).unwrap();
    let head = "HTTP/1.1\r\nhost: shop\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
    write!(shop, "POST /orders/{item} {head}").unwrap();
    let mut answer = String::new();
    shop.read_to_string(&mut answer).unwrap();
    answer.split(' ').nth(1).unwrap().parse().unwrap()
}

/// What the shop asks of its warehouse, in the order in which it arrives.
struct Warehouse(Receiver<TcpStream>);

impl Warehouse {
    fn open() -> (Warehouse, String) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (asked, requests) = mpsc::channel();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let asked = asked.clone();
                thread::spawn(move || read_head(stream.unwrap()).map(|it| asked.send(it)));
            }
        });
        (Warehouse(requests), url)
    }

    /// The next one that a worker has in hand; it waits until it's answered.
    #[track_caller]
    fn next(&self) -> TcpStream {
        self.0.recv_timeout(PATIENCE).expect("a worker asks")
    }
}

fn read_head(mut stream: TcpStream) -> Result<TcpStream> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte)?;
        head.extend(byte);
    }
    Ok(stream)
}

fn answer(mut worker: TcpStream, text: &str) {
    let length = text.len();
    let head = "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length:";
    write!(worker, "{head} {length}\r\n\r\n{text}").unwrap();
}

// ANCHOR: drains
/// Five orders, three of them in hand, when SIGTERM comes: all of them are packed.
fn drains(shop: Command) {
    let (warehouse, mut shop) = start(shop, "3600");
    for _ in 0..5 {
        assert_eq!(order(&shop, "tea"), 202);
    }
    let in_hand = [(); 3].map(|()| warehouse.next());
    shop.until_line("2 orders wait"); // the ticker

    shop.terminate(); // SIGTERM
    let until = Instant::now() + PATIENCE;
    while TcpStream::connect(shop.address()).is_ok() {
        assert!(Instant::now() < until, "the port is still open");
    }
    let others = iter::repeat_with(|| warehouse.next()).take(2);
    for (parcel, worker) in in_hand.into_iter().chain(others).enumerate() {
        answer(worker, &parcel.to_string());
        shop.until_line(&format!("packed tea: parcel {parcel}"));
    }
    assert_eq!(shop.ended().code(), Some(0));
}
// ANCHOR_END: drains

/// No answer comes from the warehouse: the grace ends the wait, and the exit code tells.
fn gives_up(shop: Command) -> Program {
    let (warehouse, mut shop) = start(shop, "0.05");
    for _ in 0..5 {
        assert_eq!(order(&shop, "tea"), 202);
    }
    let _in_hand = [(); 3].map(|()| warehouse.next());
    assert_eq!(shop.terminated().code(), Some(1));
    shop
}

#[test]
fn accepted_orders_are_packed_after_sigterm() {
    drains(rust());
}

#[test]
fn orders_that_take_longer_than_the_grace_are_counted() {
    gives_up(rust()).until_line("5 orders were not packed in time");
}

#[test]
fn a_worker_that_panicked_is_told_and_replaced() {
    let (warehouse, mut shop) = start(rust(), "3600");
    for _ in 0..3 {
        assert_eq!(order(&shop, "tea"), 202);
    }
    // Each of the three has one in hand, so each of them panics.
    let in_hand = [(); 3].map(|()| warehouse.next());
    for worker in in_hand {
        answer(worker, "soon");
    }
    shop.until_line("a worker is replaced: task");
    shop.until_line("panicked with message \"a number");
    for _ in 0..3 {
        assert_eq!(order(&shop, "tea"), 202);
    }
    // And there are three again.
    let in_hand = [(); 3].map(|()| warehouse.next());
    for worker in in_hand {
        answer(worker, "7");
    }
    assert_eq!(shop.terminated().code(), Some(0));
}

#[test]
fn a_setting_that_is_missing_is_named() {
    let mut shop = rust();
    shop.env_remove("WAREHOUSE").env("LISTEN", "127.0.0.1:0");
    let output = output(shop);
    assert_eq!(output.status.code(), Some(1));
    assert!(output.stderr.starts_with(b"Error: WAREHOUSE"), "{output:?}");
}

#[test]
#[ignore = "needs Python 3.11"]
fn the_python_program_does_the_same() {
    let asked = |program: &str| {
        let mut python = Command::new("python3");
        output({
            python.args(["-c", program, PYTHON]);
            python
        })
    };
    let compiled = asked("import sys; compile(open(sys.argv[1]).read(), 'shop', 'exec')");
    assert!(compiled.status.success(), "{compiled:?}");
    if !asked("import aiohttp").status.success() {
        eprintln!("compiled only: `python3` has no aiohttp");
        return;
    }
    drains(python());
    gives_up(python()).until_line("TimeoutError");
}
