//! Two servers and their clients, on one thread and a paused clock: a seed chooses who says what
//! and when, who leaves, whose connection is lost, who reads slowly, how late the store answers
//! and how often it fails, and which hints get lost.
//!
//! The seed doesn't fix the order in which tasks that are ready take their turns: a seed that
//! failed may need to be played more than once.
//!
//! `CHAT_SEEDS=1000` plays a thousand; `CHAT_SEED=17` plays that one.

use std::collections::BTreeMap;
use std::sync::{LazyLock, Mutex};
use std::time::Duration;

use chat::bus::{Bus, HINTS, Hint};
use chat::client::Seen;
use chat::desk::Desk;
use chat::hub::Hub;
use chat::metrics::Metrics;
use chat::name::Name;
use chat::outbox::{End, MOST_BYTES, Next, Outbox};
use chat::room::ConnectionId;
use chat::wire::{Ask, Told};
use tokio::runtime::Builder;
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};
use tokio_tungstenite::tungstenite::Utf8Bytes;

use crate::memory::{Disk, Memory};
use crate::support::{name, say};

/// So many are played if no one says how many.
const SEEDS: u64 = 60;
const ROOMS: [&str; 3] = ["cake", "milk", "tea"];
const CLIENTS: u64 = 6;
/// So many lines each client says.
const LINES: usize = 20;
/// So many connections of a client are lost; the next is left in peace.
const LIVES: u64 = 8;
/// The longest that a story may take, by its own clock.
const STORY: Duration = Duration::from_secs(600);
/// In a crowded outbox, so many bytes are free: about fifteen lines.
const CROWDED: usize = 1_500;
/// What other rooms have put there.
static CROWD: LazyLock<Utf8Bytes> = LazyLock::new(|| "x".repeat(MOST_BYTES - CROWDED).into());

/// How often what happened, in all stories together.
static TALLY: Mutex<BTreeMap<&str, u32>> = Mutex::new(BTreeMap::new());

fn count(what: &'static str) {
    *TALLY.lock().unwrap().entry(what).or_default() += 1;
}

#[test]
fn whatever_a_seed_chooses_all_see_the_order_of_the_store_and_each_gap_is_told() {
    let played = testbed::seeds::play("CHAT", SEEDS, play);
    let tally = TALLY.lock().unwrap();
    println!("{tally:?}");
    // A story in which none of this happens would prove nothing.
    for what in [
        "resumed",
        "gap",
        "refused",
        "too slow",
        "repeated",
        "lost hint",
    ] {
        assert!(
            tally.contains_key(what) || played < SEEDS as usize,
            "no {what}"
        );
    }
}

/// Says which seed it was, if a story ends badly.
struct Seed(u64);

impl Drop for Seed {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("to play it again: CHAT_SEED={}", self.0);
        }
    }
}

fn play(seed: u64) {
    let _seed = Seed(seed);
    fastrand::seed(seed); // the dice of the store and the rooms, too
    let runtime = Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build();
    let story = async { timeout(STORY, story()).await.expect("it ends") };
    runtime.unwrap().block_on(story);
}

async fn story() {
    let disk = Disk::with(&ROOMS);
    let longest = Duration::from_millis(fastrand::u64(2..400));
    let hubs = buses().map(|bus| {
        let store = Memory::open(&disk, longest);
        Hub::new(store, bus, Metrics::new().0)
    });
    let mut clients = Vec::new();
    for number in 0..CLIENTS {
        let visits = ROOMS.map(|room| (name(room), Visit::default()));
        let client = Client {
            who: name(&format!("c{number}")),
            hubs: &hubs,
            disk: &disk,
            visits: visits.into(),
            to_say: LINES,
            is_crowded: false,
            unsaved: Vec::new(),
        };
        clients.push(client.live(number * (LIVES + 1_000)));
    }
    futures::future::join_all(clients).await;
    for hub in &hubs {
        hub.ended().await; // no one is left behind
    }
    let said = CLIENTS as usize * LINES;
    assert_eq!(disk.len(), said, "each line is kept once");
}

/// Between two servers. A quarter of the hints get lost, and the others come in any order.
fn buses() -> [Bus; 2] {
    let [one, other] = [mpsc::channel(HINTS), mpsc::channel(HINTS)];
    let [to_one, to_other] = [mpsc::channel(HINTS), mpsc::channel(HINTS)];
    tokio::spawn(carry(one.1, to_other.0));
    tokio::spawn(carry(other.1, to_one.0));
    [(one.0, to_one.1), (other.0, to_other.1)].map(|(tell, hear)| Bus { tell, hear })
}

async fn carry(mut told: mpsc::Receiver<Hint>, heard: mpsc::Sender<Hint>) {
    while let Some(hint) = told.recv().await {
        if fastrand::u8(..4) == 0 {
            count("lost hint");
            continue;
        }
        let heard = heard.clone();
        tokio::spawn(async move {
            pause(1_000).await;
            heard.try_send(hint).ok();
        });
    }
}

/// Up to so many milliseconds.
async fn pause(most: u64) {
    sleep(Duration::from_millis(fastrand::u64(..most))).await;
}

struct Client<'a> {
    who: Name,
    hubs: &'a [Hub; 2],
    disk: &'a Disk,
    visits: BTreeMap<Name, Visit>,
    to_say: usize,
    /// Whether other rooms have put much into its outbox.
    is_crowded: bool,
    /// Said, and not acknowledged.
    unsaved: Vec<Ask>,
}

/// A room, to one client. It shows what comes, so its log is what it has seen, but for the gaps
/// that it was told.
#[derive(Default)]
struct Visit {
    state: State,
    seen: Seen,
}

#[derive(Clone, Copy, Default, PartialEq)]
enum State {
    /// What still comes of the room isn't shown.
    #[default]
    Outside,
    Knocking,
    Inside,
}

impl Client<'_> {
    /// Comes back as often as its connection is lost, until all is said and heard.
    async fn live(mut self, first: u64) {
        for number in 0.. {
            let (in_peace, outbox) = (number >= LIVES, Outbox::default());
            let hub = self.hubs[fastrand::usize(..2)].clone();
            let id = ConnectionId(first + number);
            let mut desk = Desk::new(id, self.who.clone(), outbox.clone(), hub);
            let lasts = if in_peace {
                60_000
            } else {
                fastrand::u64(..3_000)
            };
            let talk = self.talk(&mut desk, &outbox, in_peace);
            let _lost = timeout(Duration::from_millis(lasts), talk).await; // wherever it stands
            desk.leave_all().await;
            outbox.end(End::Gone);
            if self.is_done() {
                return;
            }
            self.visits
                .values_mut()
                .for_each(|visit| visit.state = State::Outside);
            if fastrand::bool() {
                pause(500).await;
            }
        }
    }

    fn is_done(&self) -> bool {
        let heard: u64 = self.visits.values().map(|visit| visit.seen.after).sum();
        self.unsaved.is_empty() && heard == CLIENTS * LINES as u64
    }

    /// Until all is said and heard, or the server wants it to come back.
    async fn talk(&mut self, desk: &mut Desk, outbox: &Outbox, in_peace: bool) {
        self.is_crowded = false;
        if !in_peace && fastrand::u8(..3) == 0 {
            self.is_crowded = outbox.push(CROWD.clone());
        }
        for room in ROOMS {
            self.knock(desk, name(room)).await;
        }
        for ask in self.unsaved.clone() {
            count("repeated");
            let _ = desk.serve(ask, true).await;
        }
        while !self.is_done() {
            tokio::select! {
                next = outbox.next() => {
                    let Next::Frames(frames) = next else {
                        return count(if next == Next::Close(End::Slow) { "too slow" } else { "sent away" });
                    };
                    for frame in frames.iter().filter(|frame| frame.len() < CROWDED) {
                        if !in_peace && fastrand::u8(..8) == 0 {
                            pause(100).await; // when it's lost now, so is what follows
                        }
                        if !self.hear(serde_json::from_str(frame).unwrap()) {
                            return;
                        }
                    }
                }
                () = pause(100) => self.act(desk, outbox, in_peace).await,
            }
        }
    }

    async fn knock(&mut self, desk: &mut Desk, room: Name) {
        let visit = self.visits.get_mut(&room).unwrap();
        visit.state = State::Knocking;
        let _ = desk.serve(visit.seen.join(&room), true).await;
    }

    async fn act(&mut self, desk: &mut Desk, outbox: &Outbox, in_peace: bool) {
        let room = name(ROOMS[fastrand::usize(..ROOMS.len())]);
        let state = self.visits[&room].state;
        match fastrand::u8(..20) {
            0 if !in_peace => {
                self.is_crowded = outbox.push(CROWD.clone());
                pause(3_000).await;
            }
            1 if !in_peace && state == State::Inside => {
                self.visits.get_mut(&room).unwrap().state = State::Outside;
                let _ = desk.serve(Ask::Leave { room }, true).await;
            }
            _ if state == State::Outside => self.knock(desk, room).await,
            2 => _ = desk.serve(Ask::Typing { room }, true).await,
            3..8 => {
                if let Some(ask) = fastrand::choice(&self.unsaved) {
                    count("repeated");
                    let _ = desk.serve(ask.clone(), true).await;
                }
            }
            _ if self.to_say > 0 => {
                self.to_say -= 1;
                let ask = say(room.as_str(), &self.to_say.to_string(), "Tea?");
                self.unsaved.push(ask.clone());
                let _ = desk.serve(ask, true).await;
            }
            _ => {}
        }
    }

    /// Whether it stays.
    fn hear(&mut self, told: Told) -> bool {
        let who = &self.who;
        match told {
            Told::Joined { room, epoch, after } => {
                let visit = self.visits.get_mut(&room).unwrap();
                assert!(visit.state == State::Knocking, "{who} is joined twice");
                let before = visit.seen;
                let missing = visit.seen.joined(epoch, after);
                assert!(
                    after >= before.after,
                    "{who} goes back: {before:?}, {after}"
                );
                assert!(
                    self.is_crowded || missing.is_none(),
                    "{who} isn't told what it missed"
                );
                visit.state = State::Inside;
                count(match (missing, before.after) {
                    (Some(_), _) => "gap",
                    (None, 0) => "joined",
                    (None, _) => "resumed",
                });
            }
            Told::Line(line) => {
                let visit = self.visits.get_mut(&line.room).unwrap();
                if visit.state == State::Inside {
                    assert!(
                        visit.seen.is_next(line.seq),
                        "{line:?} comes out of turn to {who}"
                    );
                    let kept = self.disk.line(&line.room, line.seq);
                    assert_eq!(kept, Some(line), "it is kept, and then shown");
                }
            }
            Told::Kept { room, id, seq } => {
                let line = self.disk.line(&room, seq).unwrap();
                assert_eq!((&line.from, &line.id), (who, &id), "another line's number");
                let is_it = |ask: &Ask| matches!(ask, Ask::Say { id: one, .. } if *one == id);
                self.unsaved.retain(|ask| !is_it(ask));
            }
            Told::Refused { id, .. } => {
                count("refused");
                return id.is_some(); // a line is said again, and a room entered on the next connection
            }
            Told::Here { .. } | Told::Typing { .. } => {}
        }
        true
    }
}
