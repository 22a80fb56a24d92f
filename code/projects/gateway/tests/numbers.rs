//! Numbers of the file that no one would write, and what follows from them.

use gateway::check::parse;
use gateway::running::Running;

use crate::support::{get, server};

/// Each number of the file, and how it's usually written.
const NUMBERS: [(&str, &str); 15] = [
    ("workers", "1"),
    ("connections", "100"),
    ("total", "1000000"),
    ("one", "10000"),
    ("weight", "1"),
    ("rise", "2"),
    ("fall", "3"),
    ("status", "200"),
    ("panic", "0.5"),
    ("breaker_ratio", "0.5"),
    ("calls_per_retry", "10"),
    ("per_second", "5"),
    ("burst", "5"),
    ("at_once", "10"),
    ("at_most", "1000"),
];

/// A file that has them all.
const FILE: &str = "listen = \"127.0.0.1:0\"
workers = {workers}
connections = {connections}
[cache]
total = {total}
one = {one}
[upstream.shop]
servers = [{ address = \"SERVER\", weight = {weight} }]
balance = \"weighted\"
check = { path = \"/\", every = \"1s\", rise = {rise}, fall = {fall}, status = {status} }
panic = {panic}
breaker_ratio = {breaker_ratio}
calls_per_retry = {calls_per_retry}
[[route]]
name = \"all\"
path = \"/\"
upstream = \"shop\"
cache = true
hedge = \"1m\"
rate = { per_second = {per_second}, burst = {burst} }
at_once = {at_once}
answer = { json = { at_most = {at_most} } }
";

/// The file, with this number written so.
fn file(server: &str, number: &str, written: &str) -> String {
    let start = FILE.replace("SERVER", server);
    NUMBERS.iter().fold(start, |file, (name, usual)| {
        let value = if *name == number { written } else { usual };
        file.replace(&format!("{{{name}}}"), value)
    })
}

#[tokio::test]
async fn any_number_is_refused_with_its_line_or_can_be_worked_with() {
    let server = server().await.0.to_string();
    let large = i64::MAX.to_string();
    for (name, usual) in NUMBERS {
        let shares = ["0.0", "1e-300", "1.0", "1.1", "-0.0", "nan", "inf"];
        let counts = ["0", "1", "-1", "4294967295", &large];
        let tried: &[&str] = if usual.contains('.') {
            &shares
        } else {
            &counts
        };
        for written in tried {
            match parse(&file(&server, name, written)) {
                Err(faults) => assert!(faults[0].line > 0, "{name} = {written}"),
                Ok(config) => {
                    let running = Running::start(&config).unwrap();
                    let answer = get(running.address, "/", &[]).await;
                    assert!(answer.contains(" 200 "), "{name} = {written}: {answer}");
                    running.stop().await;
                }
            }
        }
    }
}

/// What would be answered by no server, and by none for long, is told before.
#[test]
fn a_status_that_no_server_answers_is_refused() {
    for status in ["0", "99", "1000"] {
        let faults = parse(&file("127.0.0.1:1", "status", status)).unwrap_err();
        assert!(faults[0].text.contains("status"), "{faults:?}");
    }
}
