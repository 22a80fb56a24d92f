// ANCHOR: head
//! Step 6: who is here, by leases and not by closed connections; and who is typing.
//!
//! `cargo run -p chat --example chat-6-presence` tells the story and ends. With an address behind
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
        let last = self.first + self.lines.len() as u64 - 1;
        heard.clamp(self.first - 1, last)
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

// ANCHOR: room
/// So many lines wait for one tab.
const QUEUE: usize = 16;

struct Room {
    history: History,
    tabs: HashMap<u64, mpsc::Sender<Told>>,
    joined: u64,
    /// Until when each person counts as here, however many tabs they have.
    leases: BTreeMap<String, Instant>,
    /// Until when it need not be told again that someone writes.
    typing: HashMap<String, Instant>,
}

type Shared = Arc<Mutex<Room>>;

/// The guard never crosses an `.await`: what is done under it doesn't wait.
fn lock(room: &Shared) -> MutexGuard<'_, Room> {
    room.lock().expect("no code panics under this lock")
}

impl Room {
    fn open() -> Shared {
        let room = Arc::new(Mutex::new(Room {
            history: History::new(),
            tabs: HashMap::new(),
            joined: 0,
            leases: BTreeMap::new(),
            typing: HashMap::new(),
        }));
        tokio::spawn(upkeep(Arc::downgrade(&room)));
        room
    }

    /// Under one lock: no line can come between what is replayed and what follows.
    fn join(&mut self, epoch: u64, after: u64) -> (u64, mpsc::Receiver<Told>) {
        let (outbox, inbox) = mpsc::channel(1 + KEEP + QUEUE);
        let after = self.history.resume(epoch, after);
        let epoch = self.history.epoch;
        let joined = iter::once(Told::Joined { epoch, after });
        for told in joined.chain(self.history.after(after)) {
            outbox.try_send(told).expect("a new queue has room");
        }
        self.joined += 1;
        self.tabs.insert(self.joined, outbox);
        (self.joined, inbox)
    }
    // ANCHOR_END: room

    // ANCHOR: presence
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
        let (seq, new) = self.history.keep(&id, &text);
        let kept = Told::Kept { id, seq };
        self.tell(&kept, |to| to == tab);
        if new {
            self.tell(&Told::Line { seq, text }, |_| true);
        }
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
        drop(room);
        sleep(UPKEEP).await;
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
    lock(&room).alive(&name);
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
        lock(room).alive(name); // a pong is a sign of life, too
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
async fn story() -> Result<()> {
    let room = Room::open();
    let mut ann = Tab::open(&room, "ann", 0, 0).await?;
    let ben = Tab::open(&room, "ben", 0, 0).await?;
    for _ in 0..3 {
        println!("ann hears {:?}", ann.hear().await?);
    }
    println!("ben's train enters a tunnel, and leaves it");
    drop(ben);
    let ben = Tab::open(&room, "ben", 0, 0).await?;
    sleep(LEASE / 2).await;
    println!("ben closes his tab");
    drop(ben);
    println!("ann hears {:?}", ann.hear().await?);
    Ok(())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let Some(address) = std::env::args().nth(1) else {
        return story().await;
    };
    let room = Room::open();
    let listener = TcpListener::bind(address).await?;
    loop {
        let (stream, _) = listener.accept().await?;
        tokio::spawn(serve(stream, room.clone()));
    }
}
// ANCHOR_END: main

// ANCHOR: tests
#[cfg(test)]
mod tests {
    use super::*;

    async fn names(tab: &mut Tab) -> Result<String> {
        loop {
            if let Told::Here { names } = tab.hear().await? {
                return Ok(names.join(" "));
            }
        }
    }

    /// The next list of names that differs from `known`, and when it came.
    async fn change(tab: &mut Tab, known: &str) -> Result<(String, Instant)> {
        loop {
            let names = names(tab).await?;
            if names != known {
                return Ok((names, Instant::now()));
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn one_whose_connection_hangs_is_gone_when_the_lease_ends() -> Result<()> {
        let room = Room::open();
        let mut ann = Tab::open(&room, "ann", 0, 0).await?;
        let _hangs = Tab::open(&room, "ben", 0, 0).await?; // open, and answers no ping
        change(&mut ann, "ann").await?;
        let start = Instant::now();
        let (here, at) = change(&mut ann, "ann ben").await?;
        assert_eq!(here, "ann");
        assert!(at - start <= LEASE + UPKEEP);
        Ok(())
    }

    #[tokio::test(start_paused = true)]
    async fn twenty_fast_reconnects_do_not_flicker_and_leave_no_ghost() -> Result<()> {
        let room = Room::open();
        let mut ann = Tab::open(&room, "ann", 0, 0).await?;
        for _ in 0..20 {
            drop(Tab::open(&room, "ben", 0, 0).await?);
            sleep(Duration::from_millis(100)).await;
        }
        change(&mut ann, "ann").await?;
        let start = Instant::now();
        let (here, at) = change(&mut ann, "ann ben").await?;
        assert_eq!(here, "ann");
        assert!(at - start > LEASE - Duration::from_secs(3)); // told once, at the end
        assert_eq!(lock(&room).tabs.len(), 1);
        Ok(())
    }

    #[tokio::test(start_paused = true)]
    async fn of_many_keys_typed_few_are_told() -> Result<()> {
        let room = Room::open();
        let mut ann = Tab::open(&room, "ann", 0, 0).await?;
        let mut ben = Tab::open(&room, "ben", 0, 0).await?;
        for _key in 0..100 {
            ben.ask(&Ask::Typing).await?;
            sleep(Duration::from_millis(40)).await;
        }
        lock(&room).say(0, "the end".to_owned(), "Tea?".to_owned());
        let mut told = 0;
        loop {
            match ann.hear().await? {
                Told::Typing { .. } => told += 1,
                Told::Line { .. } => break,
                _other => {}
            }
        }
        assert_eq!(told, 2); // in four seconds
        Ok(())
    }
}
// ANCHOR_END: tests
