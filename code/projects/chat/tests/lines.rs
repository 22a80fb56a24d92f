//! Lines: shown to all, kept once, replayed, found; and kept before they are shown.

use std::time::Duration;

use chat::client::{Connection, log_in};
use chat::wire::{Line, Refusal, Told};
use futures::future::join_all;
use service::client::Client;
use tokio::time::{sleep, timeout};

use crate::support::{
    PATIENCE, Server, count_here, end, enter, file, join, joined, kept, line, name, next, program,
    say,
};

/// So many files the other tests of this process may have open meanwhile.
const OTHERS: u64 = 400;

#[tokio::test]
async fn a_line_reaches_all_and_its_sender_hears_that_it_is_kept() {
    let server = Server::start().await;
    let (mut ann, mut ben) = (server.enter("ann").await, server.enter("ben").await);
    ann.ask(&say("lobby", "a1", "Tea?")).await.unwrap();
    assert_eq!(kept(&mut ann).await, ("a1".to_owned(), 1));
    let line = line(&mut ben).await;
    assert_eq!(
        (line.seq, line.from.as_str(), line.text.as_str()),
        (1, "ann", "Tea?")
    );
}

#[tokio::test]
async fn a_line_sent_again_is_acknowledged_with_its_number_and_not_shown_again() {
    let server = Server::start().await;
    let (mut ann, mut ben) = (server.enter("ann").await, server.enter("ben").await);
    for _ in 0..3 {
        ann.ask(&say("lobby", "a1", "Tea?")).await.unwrap();
        assert_eq!(kept(&mut ann).await, ("a1".to_owned(), 1));
    }
    // The id is the sender's own: another's line of the same id is another line.
    ben.ask(&say("lobby", "a1", "Milk?")).await.unwrap();
    assert_eq!(line(&mut ben).await.text, "Tea?");
    assert_eq!(line(&mut ben).await.text, "Milk?");
}

#[tokio::test]
async fn one_who_comes_back_hears_what_was_missed_and_then_what_follows_once() {
    let server = Server::start().await;
    let mut ann = server.enter("ann").await;
    let ben = server.person("ben").await;
    let open = || chat::client::Connection::open(&server.url, &ben.token);
    let mut first = open().await.unwrap();
    first.ask(&join("lobby", 0, 0)).await.unwrap();
    let (epoch, _) = joined(&mut first).await;
    drop(first);
    for number in 1..=50 {
        ann.ask(&say("lobby", &number.to_string(), "Tea?"))
            .await
            .unwrap();
        if number == 25 {
            while kept(&mut ann).await.1 < 10 {}
            first = open().await.unwrap();
            first.ask(&join("lobby", epoch, 10)).await.unwrap();
            assert_eq!(joined(&mut first).await, (epoch, 10));
            continue;
        }
        sleep(Duration::from_millis(2)).await;
    }
    let mut back = open().await.unwrap();
    back.ask(&join("lobby", epoch, 10)).await.unwrap();
    for number in 11..=50 {
        assert_eq!(line(&mut back).await.seq, number);
    }
}

#[tokio::test]
async fn a_gap_too_long_to_replay_is_told_and_is_in_the_history() {
    let server = Server::start().await;
    let last = chat::room::REPLAY as u64 + 100;
    let mut said = 0;
    for speaker in 0.. {
        let mut one = server.enter(&format!("speaker{speaker}")).await;
        for id in 0..(last - said).min(50) {
            one.ask(&say("lobby", &id.to_string(), "Tea?"))
                .await
                .unwrap();
            kept(&mut one).await;
            said += 1;
        }
        if said == last {
            break;
        }
    }
    let mut ben = server.connect("ben").await;
    ben.ask(&join("lobby", 0, 0)).await.unwrap();
    let (_, after) = joined(&mut ben).await;
    assert_eq!(after, 100);
    assert_eq!(line(&mut ben).await.seq, 101);

    let token = server.person("cleo").await.token;
    let client = Client::new(&server.url, Some(token), PATIENCE).unwrap();
    let path = format!("/api/rooms/lobby/lines?after=2&most={}", after - 2);
    let missing: Vec<Line> = client.get(&path).await.unwrap();
    let numbers: Vec<u64> = missing.iter().map(|line| line.seq).collect();
    assert_eq!(numbers, (3..=100).collect::<Vec<u64>>());
}

#[tokio::test]
async fn a_number_of_another_file_is_not_taken_for_one_of_this() {
    let [before, server] = [Server::start().await, Server::start().await];
    let mut ann = before.connect("ann").await;
    ann.ask(&join("lobby", 0, 0)).await.unwrap();
    let (old, _) = joined(&mut ann).await;
    let mut cleo = server.enter("cleo").await;
    for id in ["1", "2", "3"] {
        cleo.ask(&say("lobby", id, "Tea?")).await.unwrap();
        kept(&mut cleo).await;
    }
    let mut ben = server.connect("ben").await;
    ben.ask(&join("lobby", old, 2)).await.unwrap();
    let (epoch, after) = joined(&mut ben).await;
    assert_ne!(epoch, old);
    assert_eq!(after, 0);
    assert_eq!(line(&mut ben).await.seq, 1);
}

#[tokio::test]
async fn history_is_searched_by_words_and_never_by_operators() {
    let server = Server::start().await;
    let mut ann = server.enter("ann").await;
    for (id, text) in [
        ("1", "green tea"),
        ("2", "black tea"),
        ("3", "tea OR coffee \"now\""),
    ] {
        ann.ask(&say("lobby", id, text)).await.unwrap();
        kept(&mut ann).await;
    }
    let token = server.person("ben").await.token;
    let client = Client::new(&server.url, Some(token), PATIENCE).unwrap();
    for (words, found) in [
        ("tea", 3),
        ("green+tea", 1),
        ("OR", 1),
        ("%22", 0),
        ("NEAR(", 0),
    ] {
        let path = format!("/api/rooms/lobby/lines?words={words}");
        let lines: Vec<Line> = client.get(&path).await.unwrap();
        assert_eq!(lines.len(), found, "{words}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_store_is_held_nothing_is_shown_in_any_room_and_nothing_is_lost() {
    let server = Server::start().await;
    let (mut ann, mut ben) = (server.enter("ann").await, server.enter("ben").await);
    let token = server.person("dee").await.token;
    let client = Client::new(&server.url, Some(token), PATIENCE).unwrap();
    let request = client.request("POST".parse().unwrap(), "/api/rooms");
    let room = serde_json::json!({"name": "tea"});
    client.send(request.json(&room)).await.unwrap();
    let (mut cleo, mut dan) = (server.connect("cleo").await, server.connect("dan").await);
    for one in [&mut cleo, &mut dan] {
        one.ask(&join("tea", 0, 0)).await.unwrap();
        joined(one).await;
    }
    let other = rusqlite::Connection::open(server.folder.path().join("chat.db")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    ann.ask(&say("lobby", "a1", "Tea?")).await.unwrap();
    cleo.ask(&say("tea", "c1", "Green.")).await.unwrap();
    let shown = async {
        tokio::select! {
            line = line(&mut ben) => line,
            line = line(&mut dan) => line,
        }
    };
    let shown = timeout(Duration::from_millis(500), shown).await;
    assert!(shown.is_err(), "it is shown before it is kept");
    // The rooms themselves wait for nothing.
    dan.ask(&join("lobby", 0, 0)).await.unwrap();
    joined(&mut dan).await;
    other.execute_batch("COMMIT").unwrap();
    assert_eq!(line(&mut ben).await.text, "Tea?");
    assert_eq!(kept(&mut ann).await.1, 1);
    let mut heard = [line(&mut dan).await.text, line(&mut dan).await.text];
    heard.sort();
    assert_eq!(heard, ["Green.", "Tea?"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_is_held_too_long_refuses_and_the_line_can_be_sent_again() {
    let server = Server::start().await;
    let mut ann = server.enter("ann").await;
    let other = rusqlite::Connection::open(server.folder.path().join("chat.db")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    ann.ask(&say("lobby", "a1", "Tea?")).await.unwrap();
    let refused = |told| match told {
        Told::Refused { id, why, .. } => Some((id, why)),
        Told::Line(line) => panic!("{line:?} is shown, and not kept"),
        _ => None,
    };
    let unsaved = (Some("a1".to_owned()), Refusal::Unsaved);
    assert_eq!(next(&mut ann, refused).await, unsaved);
    other.execute_batch("COMMIT").unwrap();
    ann.ask(&say("lobby", "a1", "Tea?")).await.unwrap();
    assert_eq!(line(&mut ann).await.seq, 1); // the attempt has used no number
}

/// A thousand, or as many as this process may have beside the files of the other tests.
#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_come_at_once_and_each_hears_the_line() {
    service::raise_file_limit();
    let files = service::file_limit().unwrap_or(u64::MAX);
    let many = files.saturating_sub(OTHERS).min(1_000);
    assert!(many >= 100, "`ulimit -Hn` gives {files}");
    let folder = tempfile::tempdir().unwrap();
    let server = program("127.0.0.1:0", &file(&folder), &[]);
    let url = server.url("");
    let identity = log_in(&url, &name("ann"), None).await.unwrap();
    let come = |_| async {
        // On a busy machine some have to try again.
        let mut one = loop {
            match Connection::open(&url, &identity.token).await {
                Ok(one) => break one,
                Err(_too_slow) => {}
            }
        };
        one.ask(&join("lobby", 0, 0)).await.unwrap();
        joined(&mut one).await;
        one
    };
    let all = timeout(PATIENCE, join_all((0..many).map(come))).await;
    let mut all = all.expect("all get in");
    let mut ben = enter(&server, "ben").await;
    ben.ask(&say("lobby", "b1", "Tea?")).await.unwrap();
    let heard = join_all(all.iter_mut().map(line)).await;
    assert!(heard.iter().all(|line| line.seq == 1));
}

#[tokio::test]
async fn twenty_fast_reconnects_leave_no_connection_behind() {
    let server = Server::start().await;
    let mut ben = server.enter("ben").await;
    let ann = server.person("ann").await;
    for _ in 0..20 {
        let open = chat::client::Connection::open(&server.url, &ann.token).await;
        let mut one = open.unwrap();
        one.ask(&join("lobby", 0, 0)).await.unwrap();
    }
    count_here(&mut ben, 2).await; // the two of them, however often she came
    let ended = async {
        while server.number("chat_connections").await > 1 {
            sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(PATIENCE, ended).await.expect("they end");
}

#[tokio::test]
async fn a_server_that_stops_tells_so_and_when_to_come_back() {
    let server = Server::start().await;
    let mut ann = server.enter("ann").await;
    ann.ask(&say("lobby", "a1", "Tea?")).await.unwrap();
    kept(&mut ann).await;
    server.stop.cancel();
    let reason = end(&mut ann).await;
    assert!(
        reason.starts_with("closed: 1001: the server restarts: come back in "),
        "{reason}"
    );
    timeout(PATIENCE, server.ended).await.unwrap().unwrap();
    // The last task that holds the store may end a moment later.
    let is_one_file = || std::fs::read_dir(server.folder.path()).unwrap().count() == 1;
    let folded = async {
        while !is_one_file() {
            sleep(Duration::from_millis(10)).await;
        }
    };
    let folded = timeout(PATIENCE, folded).await;
    assert!(folded.is_ok(), "the WAL is folded into the file");
}
