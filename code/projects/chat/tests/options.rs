//! What the server is started with: what can't be worked with is refused by its name.

use std::net::TcpListener;
use std::process::Command;

use chat::options::Options;
use chat::store::Place;
use clap::Parser;
use testbed::program::{Program, refusal};
use testbed::redis::Redis;
use tokio::time::Instant;

use crate::support::file;

#[derive(Parser)]
struct Serve {
    #[command(flatten)]
    options: Options,
}

fn parse(words: &[&str]) -> Result<Options, String> {
    let parsed = Serve::try_parse_from([&["chat"], words].concat());
    let parsed = parsed.map_err(|error| error.to_string())?;
    Ok(parsed.options)
}

/// To SQLite these are databases in memory: one for the writer, and another for each reader.
#[test]
fn a_database_in_memory_is_no_file() {
    for text in [
        "",
        ":memory:",
        "file:x?mode=memory",
        "file::memory:?cache=shared",
    ] {
        let error = parse(&["--db", text]).unwrap_err();
        assert!(error.contains("--db"), "{text}: {error}");
    }
    assert!(matches!(parse(&[]).unwrap().db, Place::File(_)));
    assert!(parse(&["--db", "postgres://u:x@h:none/d"]).is_err());
}

#[test]
fn a_session_is_refused_by_its_name_or_ends_at_a_time_that_there_is() {
    for number in [
        "0",
        "59",
        "60",
        "31536000",
        "1e19",
        "-1",
        "NaN",
        "inf",
        "18446744073709551616",
    ] {
        match parse(&[&format!("--session={number}")]) {
            Ok(options) => drop(Instant::now() + options.session),
            Err(error) => assert!(error.contains("--session"), "{error}"),
        }
    }
}

#[test]
fn alone_it_takes_the_variables_that_serve_takes() {
    let folder = tempfile::tempdir().unwrap();
    for words in [&[][..], &["serve"]] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_chat"));
        command.args(words);
        command.envs([("CHAT_LISTEN", "127.0.0.1:0"), ("CHAT_DB", &file(&folder))]);
        let mut program = Program::start(command);
        assert!(!program.address().ends_with(":7070"), "{words:?}");
        assert!(program.terminated().success());
        assert!(folder.path().join("chat.db").exists(), "{words:?}");
    }
}

/// Its servers would hear nothing of each other, and say nothing of it.
#[test]
#[ignore = "needs redis-server"]
fn a_bus_that_may_not_be_heard_is_refused_at_the_start() {
    let (redis, folder) = (Redis::start(&[]), tempfile::tempdir().unwrap());
    let _: () = redis.command("ACL SETUSER deaf on nopass ~* +@all resetchannels");
    let bus = format!("{}?user=deaf&pass=any", redis.url());
    let said = refused("127.0.0.1:0", &file(&folder), &["--bus", &bus]);
    assert!(
        said.contains("--bus: cannot subscribe to chat:hints"),
        "{said}"
    );
}

fn refused(listen: &str, db: &str, more: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_chat"));
    command.args(["--listen", listen, "--db", db]).args(more);
    refusal(command)
}

#[test]
fn a_store_that_cannot_be_opened_is_said_and_no_one_greeted() {
    for nowhere in ["/dev/null/chat.db", "postgres://chat@%2Fdev%2Fnull/chat"] {
        let said = refused("127.0.0.1:0", nowhere, &[]);
        assert!(
            said.starts_with("error: --db: the store failed: "),
            "{said}"
        );
    }
    let folder = tempfile::tempdir().unwrap();
    let said = refused(
        "127.0.0.1:0",
        &file(&folder),
        &["--bus", "redis://127.0.0.1:9"],
    );
    assert!(said.contains("--bus: cannot reach Redis"), "{said}");
}

#[test]
fn a_port_that_is_taken_is_said_before_a_store_is_made() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap().to_string();
    let folder = tempfile::tempdir().unwrap();
    let said = refused(&taken, &file(&folder), &[]);
    let expected = format!("error: cannot listen on {taken}: give another --listen");
    assert!(said.starts_with(&expected), "{said}");
    assert!(!folder.path().join("chat.db").exists());
}
