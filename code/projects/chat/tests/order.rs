//! The order of a room is the same for all, on one server or on two: by seeds, without sockets.

use std::collections::BTreeSet;
use std::time::Duration;

use chat::bus::{Switch, alone};
use chat::desk::Desk;
use chat::hub::Hub;
use chat::metrics::Metrics;
use chat::outbox::{Next, Outbox};
use chat::room::ConnectionId;
use chat::wire::{Line, Told};
use tokio::time::{sleep, timeout};

use crate::memory::{Disk, EPOCH, Memory};
use crate::support::{PATIENCE, file, join, name, open, say};

/// A client without a connection.
pub struct Client {
    pub desk: Desk,
    outbox: Outbox,
    lines: Vec<Line>,
    kept: BTreeSet<String>,
    refused: usize,
}

impl Client {
    pub async fn enter(hub: &Hub, number: u64) -> Client {
        let outbox = Outbox::default();
        let who = name(&format!("c{number}"));
        let mut desk = Desk::new(ConnectionId(number), who, outbox.clone(), hub.clone());
        assert!(desk.serve(join("lobby", 0, 0), true).await.is_continue());
        let (lines, kept) = (Vec::new(), BTreeSet::new());
        Client {
            desk,
            outbox,
            lines,
            kept,
            refused: 0,
        }
    }

    /// Says a line in the lobby.
    pub async fn say(&mut self, id: &str) {
        let ask = say("lobby", id, "Tea?");
        assert!(self.desk.serve(ask, true).await.is_continue());
    }

    /// Takes what has come, until so many lines have.
    pub async fn hear(&mut self, lines: usize) {
        while self.lines.len() < lines {
            self.hear_once().await;
        }
    }

    pub async fn hear_once(&mut self) {
        let Next::Frames(frames) = timeout(PATIENCE, self.outbox.next()).await.unwrap() else {
            panic!("it was closed");
        };
        for frame in frames {
            match serde_json::from_str(&frame).unwrap() {
                Told::Line(line) => self.lines.push(line),
                Told::Kept { id, .. } => _ = self.kept.insert(id),
                Told::Refused { .. } => self.refused += 1,
                _ => {}
            }
        }
    }
}

async fn one_order(seed: u64) {
    const CLIENTS: u64 = 6;
    const LINES: u64 = 20;
    let mut dice = fastrand::Rng::with_seed(seed);
    let folder = tempfile::tempdir().unwrap();
    let switch = Switch::default();
    let db = file(&folder);
    let node = async || Hub::new(open(&db).await, switch.join(), Metrics::new().0);
    let hubs = [node().await, node().await];
    hubs[0]
        .store()
        .create_room(name("lobby"), None, false)
        .await
        .unwrap();
    let mut clients = Vec::new();
    for number in 0..CLIENTS {
        clients.push(Client::enter(&hubs[dice.usize(..2)], number).await);
    }
    for line in 0..CLIENTS * LINES {
        let client = &mut clients[dice.usize(..CLIENTS as usize)];
        client.say(&line.to_string()).await;
        if dice.u8(..4) == 0 {
            sleep(Duration::from_micros(dice.u64(..2_000))).await;
        }
    }
    let all = (CLIENTS * LINES) as usize;
    for client in &mut clients {
        client.hear(all).await;
        assert_eq!(client.lines.len(), all);
        assert!(
            (1..).zip(&client.lines).all(|(seq, line)| line.seq == seq),
            "seed {seed}"
        );
    }
    let first = clients[0].lines.clone();
    assert!(
        clients.iter().all(|client| client.lines == first),
        "seed {seed}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn all_see_the_lines_of_a_room_in_one_order_on_two_servers() {
    for seed in 0..12 {
        one_order(seed).await;
    }
}

#[tokio::test]
async fn a_join_whose_connection_has_ended_leaves_no_one_behind() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&file(&folder)).await;
    let hub = Hub::new(store, Switch::default().join(), Metrics::new().0);
    hub.store()
        .create_room(name("lobby"), None, false)
        .await
        .unwrap();
    for number in 0..20 {
        let mut client = Client::enter(&hub, number).await;
        client.desk.leave_all().await;
    }
    let ended = async {
        while hub.rooms_open() > 0 {
            sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(PATIENCE, ended).await.expect("an empty room ends");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_stands_still_holds_so_many_lines_of_a_room_and_no_more() {
    const HELD: usize = 512;
    let folder = tempfile::tempdir().unwrap();
    let hub = Hub::new(
        open(&file(&folder)).await,
        Switch::default().join(),
        Metrics::new().0,
    );
    hub.store()
        .create_room(name("lobby"), None, false)
        .await
        .unwrap();
    let mut ann = Client::enter(&hub, 0).await;
    let other = rusqlite::Connection::open(file(&folder)).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    for line in 0..HELD + 88 {
        ann.say(&line.to_string()).await;
    }
    while ann.refused < 88 {
        ann.hear_once().await;
    }
    assert_eq!(ann.lines, [], "what isn't kept isn't shown");
    other.execute_batch("COMMIT").unwrap();
    ann.hear(HELD).await;
    assert_eq!((ann.lines.len(), ann.refused), (HELD, 88));
}

#[tokio::test(start_paused = true)]
async fn one_who_comes_from_a_server_that_was_ahead_hears_no_line_again() {
    let disk = Disk::with(&["lobby"]);
    // No hint comes from the one to the other.
    let node = || {
        Hub::new(
            Memory::open(&disk, Duration::ZERO),
            alone(),
            Metrics::new().0,
        )
    };
    let hubs = [node(), node()];
    let mut ann = Client::enter(&hubs[0], 0).await;
    let mut ben = Client::enter(&hubs[1], 1).await;
    ben.hear_once().await; // the room on the other server is open, and empty
    for id in ["a1", "a2", "a3"] {
        ann.say(id).await;
    }
    ann.hear(3).await;
    let moved = shown_after(&hubs[1], 2, 3, 4).await;
    assert_eq!(moved, [3, 4], "it goes on after 3");
    ben.hear(4).await;
    let newest = shown_after(&hubs[1], 3, u64::MAX, 5).await;
    assert_eq!(newest, [4, 5], "a number that doesn't exist is the newest");
}

/// Enters after a line, says one, and hears until `last`: after what it joined, and the numbers.
async fn shown_after(hub: &Hub, id: u64, after: u64, last: u64) -> Vec<u64> {
    let outbox = Outbox::default();
    let mut desk = Desk::new(ConnectionId(id), name("cleo"), outbox.clone(), hub.clone());
    assert!(
        desk.serve(join("lobby", EPOCH, after), true)
            .await
            .is_continue()
    );
    assert!(
        desk.serve(say("lobby", &id.to_string(), "Tea?"), true)
            .await
            .is_continue()
    );
    let mut shown = Vec::new();
    while shown.last() != Some(&last) {
        let Ok(Next::Frames(frames)) = timeout(PATIENCE, outbox.next()).await else {
            panic!("only {shown:?}");
        };
        for frame in frames {
            match serde_json::from_str(&frame).unwrap() {
                Told::Joined { after, .. } => shown.push(after),
                Told::Line(line) => shown.push(line.seq),
                _ => {}
            }
        }
    }
    shown
}
