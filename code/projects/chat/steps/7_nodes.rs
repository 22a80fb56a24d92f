// ANCHOR: head
//! Step 7: two servers, one history. What travels between them are hints, and may be lost.
//!
//! `cargo run -p chat --example chat-7-nodes` tells the story and ends. With an address behind
//! `--`, as in `-- 127.0.0.1:3030`, it stays: open `steps/tab.html` in two browser tabs.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::iter;
use std::sync::{Arc, Mutex, MutexGuard, Weak};
use std::time::Duration;

use anyhow::{Context, Result};
use futures::stream::{SplitSink, SplitStream};
use futures::{SinkExt, StreamExt};
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, duplex};
use tokio::net::TcpListener;
use tokio::sync::broadcast::{self, error::RecvError};
use tokio::sync::mpsc;
use tokio::time::{Instant, interval, sleep, timeout};
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, frame::coding::CloseCode};
use tokio_tungstenite::tungstenite::{Bytes, Message};
use tokio_tungstenite::{WebSocketStream, accept_async, client_async};
// ANCHOR_END: head

// ANCHOR: wire
/// What a tab asks for, as JSON.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Ask {
    /// I've heard up to this number, in that epoch. The first thing that a tab sends.
    Join {
        name: String,
        epoch: u64,
        after: u64,
    },
    /// The id is the tab's own. It sends the line again, under the same id, if no answer comes.
    Say { id: String, text: String },
    /// I'm writing.
    Typing,
}

/// What a tab is told, as JSON.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Told {
    /// What follows begins after this number. Is it another than you gave? Then you've missed
    /// what lies between; and if the epoch is another, you know nothing of this room.
    Joined { epoch: u64, after: u64 },
    /// Your line is kept, under this number.
    Kept { id: String, seq: u64 },
    /// A line of the room. The numbers have no holes.
    Line { seq: u64, text: String },
    /// Who is here now.
    Here { names: Vec<String> },
    /// This one is writing; forget it after [`TYPING`].
    Typing { name: String },
}
// ANCHOR_END: wire

// ANCHOR: history
/// So many lines a room remembers.
const KEEP: usize = 100;

/// The last lines of the room, in the order in which all will see them.
struct History {
    /// Another one each time that the numbers begin anew.
    epoch: u64,
    first: u64,
    lines: VecDeque<(String, String)>,
    by_id: HashMap<String, u64>,
}

impl History {
    fn new() -> History {
        History {
            epoch: fastrand::u64(..1 << 53), // JavaScript's numbers end there
            first: 1,
            lines: VecDeque::new(),
            by_id: HashMap::new(),
        }
    }

    /// Keeps a line that isn't there yet. Returns its number, and whether it's new.
    fn keep(&mut self, id: &str, text: &str) -> (u64, bool) {
        if let Some(seq) = self.by_id.get(id) {
            return (*seq, false);
        }
        let seq = self.first + self.lines.len() as u64;
        self.lines.push_back((id.to_owned(), text.to_owned()));
        self.by_id.insert(id.to_owned(), seq);
        if self.lines.len() > KEEP
            && let Some((id, _)) = self.lines.pop_front()
        {
            self.by_id.remove(&id);
            self.first += 1;
        }
        (seq, true)
    }

    /// The number after which a tab can go on that has heard up to `after` in `epoch`.
    fn resume(&self, epoch: u64, after: u64) -> u64 {
        let heard = if epoch == self.epoch { after } else { 0 };
        heard.clamp(self.first - 1, self.last())
    }

    fn last(&self) -> u64 {
        self.first + self.lines.len() as u64 - 1
    }

    fn after(&self, after: u64) -> impl Iterator<Item = Told> {
        let known = (after + 1 - self.first) as usize;
        (after + 1..)
            .zip(self.lines.iter().skip(known))
            .map(|(seq, (_, text))| Told::Line {
                seq,
                text: text.clone(),
            })
    }
}
// ANCHOR_END: history

// ANCHOR: bus
/// What one server tells the others. All of it may get lost.
#[derive(Clone)]
enum Hint {
    /// The history has grown.
    Grown,
    /// A sign of life from a tab of another server.
    Alive(String),
}

/// In production it's Redis; for a reader that falls behind, it's just as forgetful.
type Bus = broadcast::Sender<Hint>;
// ANCHOR_END: bus

// ANCHOR: room
/// So many lines wait for one tab.
const QUEUE: usize = 16;

/// The room as one server sees it.
struct Room {
    /// In production it's a database that all servers share.
    history: Arc<Mutex<History>>,
    bus: Bus,
    /// The last line that the tabs of this server were told.
    told: u64,
    tabs: HashMap<u64, mpsc::Sender<Told>>,
    joined: u64,
    /// Until when each person counts as here, however many tabs they have.
    leases: BTreeMap<String, Instant>,
    /// Until when it need not be told again that someone writes.
    typing: HashMap<String, Instant>,
}

type Shared = Arc<Mutex<Room>>;

/// The guard never crosses an `.await`: what is done under it doesn't wait.
fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().expect("no code panics under this lock")
}

impl Room {
    fn open(history: &Arc<Mutex<History>>, bus: &Bus) -> Shared {
        let room = Arc::new(Mutex::new(Room {
            history: history.clone(),
            bus: bus.clone(),
            told: lock(history).last(),
            tabs: HashMap::new(),
            joined: 0,
            leases: BTreeMap::new(),
            typing: HashMap::new(),
        }));
        tokio::spawn(upkeep(Arc::downgrade(&room)));
        tokio::spawn(follow(Arc::downgrade(&room), bus.subscribe()));
        room
    }

    /// Under one lock: no line can come between what is replayed and what follows.
    fn join(&mut self, epoch: u64, after: u64) -> (u64, mpsc::Receiver<Told>) {
        let (outbox, inbox) = mpsc::channel(1 + KEEP + QUEUE);
        self.catch_up(); // what is replayed ends where this server's other tabs are
        let history = self.history.clone();
        let history = lock(&history);
        let after = history.resume(epoch, after);
        let epoch = history.epoch;
        let joined = iter::once(Told::Joined { epoch, after });
        for told in joined.chain(history.after(after)) {
            outbox.try_send(told).expect("a new queue has room");
        }
        self.joined += 1;
        self.tabs.insert(self.joined, outbox);
        (self.joined, inbox)
    }
    // ANCHOR_END: room

    // ANCHOR: presence
    /// A sign of life from a tab of this server.
    fn hear_from(&mut self, name: &str) {
        self.alive(name);
        self.bus.send(Hint::Alive(name.to_owned())).ok();
    }

    /// A sign of life. The first one is told to all.
    fn alive(&mut self, name: &str) {
        let until = Instant::now() + LEASE;
        if self.leases.insert(name.to_owned(), until).is_none() {
            self.tell_who_is_here(|_| true);
        }
    }

    /// Ends the leases that have run out. No closed connection is needed for it.
    fn expire(&mut self) {
        let (now, before) = (Instant::now(), self.leases.len());
        self.leases.retain(|_, until| *until > now);
        self.typing.retain(|_, until| *until > now);
        if self.leases.len() < before {
            self.tell_who_is_here(|_| true);
        }
    }

    fn tell_who_is_here(&mut self, to: impl Fn(u64) -> bool) {
        let names = self.leases.keys().cloned().collect();
        self.tell(&Told::Here { names }, to);
    }
    // ANCHOR_END: presence

    // ANCHOR: typing
    /// Told at most twice in a [`TYPING`], kept nowhere, and not worth a place in a full queue.
    fn typing(&mut self, name: &str) {
        let now = Instant::now();
        if self.typing.get(name).is_some_and(|until| *until > now) {
            return;
        }
        self.typing.insert(name.to_owned(), now + TYPING / 2);
        for outbox in self.tabs.values() {
            let name = name.to_owned();
            outbox.try_send(Told::Typing { name }).ok();
        }
    }
    // ANCHOR_END: typing

    // ANCHOR: say
    fn say(&mut self, tab: u64, id: String, text: String) {
        let (seq, new) = lock(&self.history).keep(&id, &text);
        let kept = Told::Kept { id, seq };
        self.tell(&kept, |to| to == tab);
        if new {
            self.catch_up();
            self.bus.send(Hint::Grown).ok();
        }
    }

    /// Tells the tabs what the history has and they don't, from whichever server it came.
    fn catch_up(&mut self) {
        let history = self.history.clone();
        let history = lock(&history);
        if self.told + 1 < history.first {
            self.tabs.clear(); // too much is missing: let them come back, and be told of the gap
        }
        self.told = self.told.max(history.first - 1);
        for line in history.after(self.told) {
            self.tell(&line, |_| true);
        }
        self.told = history.last();
    }

    /// Drops the queue that is full: the tab at its end gets nothing more, rather than a hole.
    fn tell(&mut self, told: &Told, to: impl Fn(u64) -> bool) {
        let full = |tab: &mpsc::Sender<Told>| tab.try_send(told.clone()).is_err();
        self.tabs.retain(|tab, outbox| !(to(*tab) && full(outbox)));
    }
}
// ANCHOR_END: say

// ANCHOR: upkeep
/// Runs for as long as the room is in use.
async fn upkeep(room: Weak<Mutex<Room>>) {
    while let Some(room) = room.upgrade() {
        lock(&room).expire();
        lock(&room).catch_up(); // in case that a hint got lost
        drop(room);
        sleep(UPKEEP).await;
    }
}

/// Does what the other servers hint at.
async fn follow(room: Weak<Mutex<Room>>, mut hints: broadcast::Receiver<Hint>) {
    loop {
        let hint = hints.recv().await;
        let Some(room) = room.upgrade() else { return };
        match hint {
            Ok(Hint::Grown) | Err(RecvError::Lagged(_)) => lock(&room).catch_up(),
            Ok(Hint::Alive(name)) => lock(&room).alive(&name),
            Err(RecvError::Closed) => return,
        }
    }
}

/// How often leases are looked at.
const UPKEEP: Duration = Duration::from_secs(1);
/// Someone of whom nothing is heard for this long isn't here.
const LEASE: Duration = Duration::from_secs(6);
/// A tab shows for this long that someone writes.
const TYPING: Duration = Duration::from_secs(4);
/// A ping goes out this often, so that a tab that is alive is never silent for longer.
const PING: Duration = Duration::from_secs(2);
/// A tab that sends nothing for this long, not even a pong, is gone.
const SILENCE: Duration = Duration::from_secs(60);
/// A frame that can't be written in this time is the last.
const WRITE: Duration = Duration::from_secs(5);
// ANCHOR_END: upkeep

// ANCHOR: serve
/// One tab's connection, from its handshake to its end.
async fn serve(stream: impl AsyncRead + AsyncWrite + Unpin, room: Shared) -> Result<()> {
    let (sink, mut frames) = accept_async(stream).await?.split();
    let hello = timeout(WRITE, frames.next())
        .await?
        .context("no first frame")??;
    let Ask::Join { name, epoch, after } = serde_json::from_str(hello.to_text()?)? else {
        anyhow::bail!("the first frame isn't a join");
    };
    lock(&room).hear_from(&name);
    let (tab, inbox) = lock(&room).join(epoch, after);
    lock(&room).tell_who_is_here(|to| to == tab);
    let ended = tokio::select! {
        ended = read(frames, tab, &name, &room) => ended,
        ended = write(sink, inbox) => ended,
    };
    lock(&room).tabs.remove(&tab);
    ended
}

async fn read<S>(
    mut frames: SplitStream<WebSocketStream<S>>,
    tab: u64,
    name: &str,
    room: &Shared,
) -> Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    while let Some(frame) = timeout(SILENCE, frames.next()).await? {
        let frame = frame?;
        lock(room).hear_from(name); // a pong is a sign of life, too
        if let Message::Text(text) = frame {
            match serde_json::from_str(&text)? {
                Ask::Join { .. } => anyhow::bail!("a tab joins once"),
                Ask::Say { id, text } => lock(room).say(tab, id, text),
                Ask::Typing => lock(room).typing(name),
            }
        }
    }
    Ok(())
}

async fn write<S>(
    mut sink: SplitSink<WebSocketStream<S>, Message>,
    mut inbox: mpsc::Receiver<Told>,
) -> Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut pings = interval(PING);
    loop {
        let frame = tokio::select! {
            told = inbox.recv() => match told {
                Some(told) => Message::text(serde_json::to_string(&told)?),
                None => break, // the room has dropped our queue
            },
            _ = pings.tick() => Message::Ping(Bytes::new()),
        };
        timeout(WRITE, sink.send(frame)).await??;
    }
    let (code, reason) = (CloseCode::Again, "reads too slowly".into());
    let close = Message::Close(Some(CloseFrame { code, reason }));
    timeout(WRITE, sink.send(close)).await??;
    Ok(())
}
// ANCHOR_END: serve

// ANCHOR: tab
/// What the operating system keeps for a reader that isn't reading.
const SOCKET_BUFFER: usize = 1024;

/// A browser tab, as far as a server can tell.
struct Tab(WebSocketStream<DuplexStream>);

impl Tab {
    async fn open(room: &Shared, name: &str, epoch: u64, after: u64) -> Result<Tab> {
        let (here, there) = duplex(SOCKET_BUFFER);
        tokio::spawn(serve(there, room.clone()));
        let mut tab = Tab(client_async("ws://chat/", here).await?.0);
        let name = name.to_owned();
        tab.ask(&Ask::Join { name, epoch, after }).await?;
        Ok(tab)
    }

    async fn ask(&mut self, ask: &Ask) -> Result<()> {
        let text = serde_json::to_string(ask)?;
        Ok(self.0.send(Message::text(text)).await?)
    }

    async fn hear(&mut self) -> Result<Told> {
        loop {
            match self.0.next().await.context("the connection has ended")?? {
                Message::Text(text) => return Ok(serde_json::from_str(&text)?),
                Message::Close(Some(close)) => anyhow::bail!("closed: {}", close.code),
                _ping => {}
            }
        }
    }
}
// ANCHOR_END: tab

// ANCHOR: main
/// So many hints wait for a server.
const HINTS: usize = 1024;

async fn story() -> Result<()> {
    let (history, bus) = (Arc::new(Mutex::new(History::new())), Bus::new(HINTS));
    let one = Room::open(&history, &bus);
    let two = Room::open(&history, &bus);
    let mut ann = Tab::open(&one, "ann", 0, 0).await?;
    let mut ben = Tab::open(&two, "ben", 0, 0).await?;
    let (id, text) = ("a1".to_owned(), "Tea?".to_owned());
    ann.ask(&Ask::Say { id, text }).await?;
    for _ in 0..3 {
        println!("ben, on the other server, hears {:?}", ben.hear().await?);
    }
    Ok(())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let Some(address) = std::env::args().nth(1) else {
        return story().await;
    };
    let (history, bus) = (Arc::new(Mutex::new(History::new())), Bus::new(HINTS));
    let rooms = [Room::open(&history, &bus), Room::open(&history, &bus)];
    let mut turns = rooms.iter().cycle(); // every second tab is on the other server
    let listener = TcpListener::bind(address).await?;
    loop {
        let (stream, _) = listener.accept().await?;
        let room = turns.next().expect("a cycle has no end").clone();
        tokio::spawn(serve(stream, room));
    }
}
// ANCHOR_END: main

// ANCHOR: tests
#[cfg(test)]
mod tests {
    use super::*;

    fn new_history() -> Arc<Mutex<History>> {
        Arc::new(Mutex::new(History::new()))
    }

    fn say(room: &Shared, number: u64) {
        lock(room).say(0, number.to_string(), number.to_string());
    }

    async fn line(tab: &mut Tab) -> Result<u64> {
        loop {
            if let Told::Line { seq, text } = tab.hear().await? {
                assert_eq!(seq.to_string(), text);
                return Ok(seq);
            }
        }
    }

    async fn names(tab: &mut Tab) -> Result<String> {
        loop {
            if let Told::Here { names } = tab.hear().await? {
                return Ok(names.join(" "));
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_line_reaches_the_other_server_at_once() -> Result<()> {
        let (history, bus) = (new_history(), Bus::new(HINTS));
        let (one, two) = (Room::open(&history, &bus), Room::open(&history, &bus));
        let mut ben = Tab::open(&two, "ben", 0, 0).await?;
        sleep(UPKEEP / 2).await;
        let start = Instant::now();
        say(&one, 1);
        assert_eq!(line(&mut ben).await?, 1);
        assert_eq!(start.elapsed(), Duration::ZERO);
        Ok(())
    }

    #[tokio::test(start_paused = true)]
    async fn a_server_that_was_cut_off_notices_and_catches_up() -> Result<()> {
        let history = new_history();
        let one = Room::open(&history, &Bus::new(HINTS));
        let two = Room::open(&history, &Bus::new(HINTS)); // it gets no hint
        let mut ben = Tab::open(&two, "ben", 0, 0).await?;
        names(&mut ben).await?;
        let start = Instant::now();
        for number in 1..=10 {
            say(&one, number);
        }
        for number in 1..=10 {
            assert_eq!(line(&mut ben).await?, number);
        }
        assert!(start.elapsed() <= UPKEEP);
        Ok(())
    }

    #[tokio::test(start_paused = true)]
    async fn a_server_that_missed_too_much_shows_no_hole() -> Result<()> {
        let history = new_history();
        let one = Room::open(&history, &Bus::new(HINTS));
        let two = Room::open(&history, &Bus::new(HINTS)); // it gets no hint
        let mut ben = Tab::open(&two, "ben", 0, 0).await?;
        names(&mut ben).await?;
        for number in 1..=KEEP as u64 + 10 {
            say(&one, number);
        }
        assert_eq!(
            line(&mut ben).await.unwrap_err().to_string(),
            "closed: 1013"
        );
        Ok(())
    }

    #[tokio::test(start_paused = true)]
    async fn people_of_a_dead_server_are_gone_when_their_leases_end() -> Result<()> {
        let (history, bus) = (new_history(), Bus::new(HINTS));
        let (one, two) = (Room::open(&history, &bus), Room::open(&history, &bus));
        let mut ben = Tab::open(&two, "ben", 0, 0).await?;
        let ann = Tab::open(&one, "ann", 0, 0).await?;
        while names(&mut ben).await? != "ann ben" {}
        let start = Instant::now();
        drop((ann, one)); // as if the machine were gone: no word of it
        while names(&mut ben).await? != "ben" {}
        assert!(start.elapsed() <= LEASE + UPKEEP);
        Ok(())
    }
}
// ANCHOR_END: tests
