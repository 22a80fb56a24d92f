//! The order of a room is the same for all, on one server or on two: by seeds, without sockets.

use std::collections::BTreeSet;
use std::time::Duration;

use chat::bus::Switch;
use chat::desk::Desk;
use chat::hub::Hub;
use chat::metrics::Metrics;
use chat::outbox::{Next, Outbox};
use chat::room::ConnectionId;
use chat::store::Store;
use chat::wire::{Line, Told};
use tokio::time::{sleep, timeout};

use crate::support::{PATIENCE, join, name, say};

struct Client {
    desk: Desk,
    outbox: Outbox,
    lines: Vec<Line>,
    kept: BTreeSet<String>,
}

impl Client {
    async fn enter(hub: &Hub, number: u64) -> Client {
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
        }
    }

    /// Takes what has come, until so many lines have.
    async fn hear(&mut self, lines: usize) {
        while self.lines.len() < lines {
            let Next::Frames(frames) = timeout(PATIENCE, self.outbox.next()).await.unwrap() else {
                panic!("it was closed");
            };
            for frame in frames {
                match serde_json::from_str(&frame).unwrap() {
                    Told::Line(line) => self.lines.push(line),
                    Told::Kept { id, .. } => _ = self.kept.insert(id),
                    _ => {}
                }
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
    let node = || {
        let store = Store::open(&folder.path().join("chat.db")).unwrap();
        Hub::new(store, switch.join(), Metrics::new().0)
    };
    let hubs = [node(), node()];
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
        let ask = say("lobby", &line.to_string(), "Tea?");
        assert!(client.desk.serve(ask, true).await.is_continue());
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
    let store = Store::open(&folder.path().join("chat.db")).unwrap();
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
