//! `kill -9` under load: each client keeps a log, and all logs are compared with the store.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::Result;
use chat::client::{Connection, Seen};
use chat::store::{LONGEST_PAGE, Page};
use chat::wire::{Line, Told};
use tokio::task::JoinSet;
use tokio::time::{Instant, interval, sleep, timeout_at};
use tokio_util::sync::CancellationToken;

use crate::support::{file, name, open, program, say};

/// After this a client comes anew: what it talks to may have died without a word.
const LONGEST: Duration = Duration::from_secs(30);

/// What one client saw, and what it was told is kept.
#[derive(Default)]
pub struct Log {
    pub shown: Vec<Line>,
    pub kept: BTreeMap<String, u64>,
}

/// Says a line now and then until `stop`, reconnecting as often as need be, at each of the
/// servers in turn; then goes on until all that it said is kept and `upto` lines are shown.
pub async fn converse(
    servers: Vec<String>,
    token: String,
    stop: CancellationToken,
    lines: usize,
) -> Log {
    let (mut log, mut seen, mut unsaved) = (Log::default(), Seen::default(), BTreeMap::new());
    for server in servers.iter().cycle() {
        if let Ok(mut connection) = Connection::open(server, &token).await {
            let talk = talk(
                &mut connection,
                &mut log,
                &mut seen,
                &mut unsaved,
                (&stop, lines),
            );
            match talk.await {
                Ok(()) => return log,
                Err(_lost) => {}
            }
        }
        sleep(Duration::from_millis(fastrand::u64(20..100))).await;
    }
    log
}

async fn talk(
    connection: &mut Connection,
    log: &mut Log,
    seen: &mut Seen,
    unsaved: &mut BTreeMap<String, String>,
    (stop, lines): (&CancellationToken, usize),
) -> Result<()> {
    connection.ask(&seen.join(&name("lobby"))).await?;
    for (id, text) in unsaved.iter() {
        connection.ask(&say("lobby", id, text)).await?;
    }
    let mut ticks = interval(Duration::from_millis(70));
    let end = Instant::now() + LONGEST;
    while !stop.is_cancelled() || !unsaved.is_empty() || log.kept.len() < lines {
        tokio::select! {
            told = timeout_at(end, connection.hear()) => match told?? {
                Told::Joined { epoch, after, .. } => {
                    assert!(after >= seen.after, "the server has forgotten what it has shown");
                    assert_eq!(seen.joined(epoch, after), None, "a gap");
                }
                Told::Line(line) => {
                    assert!(seen.is_next(line.seq), "{line:?} comes out of turn");
                    log.shown.push(line);
                }
                Told::Kept { id, seq, .. } => {
                    unsaved.remove(&id);
                    log.kept.insert(id, seq);
                }
                Told::Refused { why, .. } => anyhow::bail!("{why:?}"),
                _ => {}
            },
            _ = ticks.tick(), if log.kept.len() + unsaved.len() < lines => {
                let id = format!("{}", log.kept.len() + unsaved.len());
                unsaved.insert(id.clone(), "Tea?".to_owned());
                connection.ask(&say("lobby", &id, "Tea?")).await?;
            }
        }
    }
    Ok(())
}

/// No gap unseen, nothing twice: each log is a part of the store without a hole, each line that
/// was said is there once, and under the number that its sender was told.
pub async fn check(db: &str, logs: &[Log], lines: usize) {
    let (store, lobby) = (open(db).await, name("lobby"));
    let key = store.room(lobby.clone()).await.unwrap();
    let mut kept: Vec<Line> = Vec::new();
    loop {
        let page = Page::After(kept.len() as u64);
        let more = store
            .page(key, lobby.clone(), page, LONGEST_PAGE)
            .await
            .unwrap();
        if more.is_empty() {
            break;
        }
        kept.extend(more);
    }
    assert_eq!(kept.len(), logs.len() * lines, "each line is there once");
    for (number, line) in (1..).zip(&kept) {
        assert_eq!(line.seq, number, "the numbers have no hole");
    }
    for log in logs {
        for (shown, kept) in log.shown.iter().zip(&kept) {
            assert_eq!(shown, kept, "the same line for each");
        }
        assert_eq!(log.kept.len(), lines);
        for (id, seq) in &log.kept {
            assert_eq!(kept[*seq as usize - 1].id, *id, "the number that was told");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_kill_under_load_no_gap_is_unseen_and_nothing_is_there_twice() {
    const CLIENTS: usize = 20;
    const LINES: usize = 40;
    let folder = tempfile::tempdir().unwrap();
    let db = file(&folder);
    let mut server = program("127.0.0.1:0", &db, &[]);
    let address = server.address().to_owned();
    let stop = CancellationToken::new();
    let mut tokens = Vec::new();
    for number in 0..CLIENTS {
        let who = name(&format!("c{number}"));
        let identity = chat::client::log_in(&server.url(""), &who, None).await;
        tokens.push(identity.unwrap().token);
    }
    let mut clients = JoinSet::new();
    for token in tokens {
        let servers = vec![server.url("")];
        clients.spawn(converse(servers, token, stop.clone(), LINES));
    }
    for third in 1..3 {
        until(&db, CLIENTS * LINES * third / 3).await; // so that it happens in the midst of it
        server.kill();
        server = program(&address, &db, &[]);
    }
    stop.cancel();
    let logs = clients.join_all().await;
    assert!(server.terminated().success(), "it ends well");
    check(&db, &logs, LINES).await;
}

/// Waits until so many lines are kept.
pub async fn until(db: &str, lines: usize) {
    let store = open(db).await;
    while store.room(name("lobby")).await.unwrap().last < lines as u64 {
        sleep(Duration::from_millis(2)).await;
    }
}
