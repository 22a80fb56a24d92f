// ANCHOR: head
//! Step 5: a tab that comes back hears what it has missed, or is told what it can't hear.
//!
//! `cargo run -p chat --example chat-5-resume` tells the story and ends. With an address behind
//! `--`, as in `-- 127.0.0.1:3030`, it stays: open `steps/tab.html` in two browser tabs.

use std::collections::{HashMap, VecDeque};
use std::iter;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use anyhow::{Context, Result};
use futures::stream::{SplitSink, SplitStream};
use futures::{SinkExt, StreamExt};
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, duplex};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::time::{interval, timeout};
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
    Join { epoch: u64, after: u64 },
    /// The id is the tab's own. It sends the line again, under the same id, if no answer comes.
    Say { id: String, text: String },
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
}

type Shared = Arc<Mutex<Room>>;

/// The guard never crosses an `.await`: what is done under it doesn't wait.
fn lock(room: &Shared) -> MutexGuard<'_, Room> {
    room.lock().expect("no code panics under this lock")
}

impl Room {
    fn open() -> Shared {
        Arc::new(Mutex::new(Room {
            history: History::new(),
            tabs: HashMap::new(),
            joined: 0,
        }))
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

/// A ping goes out this often, so that a tab that is alive is never silent for longer.
const PING: Duration = Duration::from_secs(20);
/// A tab that sends nothing for this long, not even a pong, is gone.
const SILENCE: Duration = Duration::from_secs(60);
/// A frame that can't be written in this time is the last.
const WRITE: Duration = Duration::from_secs(5);
// ANCHOR_END: room

// ANCHOR: serve
/// One tab's connection, from its handshake to its end.
async fn serve(stream: impl AsyncRead + AsyncWrite + Unpin, room: Shared) -> Result<()> {
    let (sink, mut frames) = accept_async(stream).await?.split();
    let hello = timeout(WRITE, frames.next())
        .await?
        .context("no first frame")??;
    let Ask::Join { epoch, after } = serde_json::from_str(hello.to_text()?)? else {
        anyhow::bail!("the first frame isn't a join");
    };
    let (tab, inbox) = lock(&room).join(epoch, after);
    let ended = tokio::select! {
        ended = read(frames, tab, &room) => ended,
        ended = write(sink, inbox) => ended,
    };
    lock(&room).tabs.remove(&tab);
    ended
}

async fn read<S>(mut frames: SplitStream<WebSocketStream<S>>, tab: u64, room: &Shared) -> Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    while let Some(frame) = timeout(SILENCE, frames.next()).await? {
        if let Message::Text(text) = frame? {
            match serde_json::from_str(&text)? {
                Ask::Join { .. } => anyhow::bail!("a tab joins once"),
                Ask::Say { id, text } => lock(room).say(tab, id, text),
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
    async fn open(room: &Shared, epoch: u64, after: u64) -> Result<Tab> {
        let (here, there) = duplex(SOCKET_BUFFER);
        tokio::spawn(serve(there, room.clone()));
        let mut tab = Tab(client_async("ws://chat/", here).await?.0);
        tab.ask(&Ask::Join { epoch, after }).await?;
        Ok(tab)
    }

    async fn say(&mut self, id: &str, text: &str) -> Result<()> {
        let (id, text) = (id.to_owned(), text.to_owned());
        self.ask(&Ask::Say { id, text }).await
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
    let mut ann = Tab::open(&room, 0, 0).await?;
    let Told::Joined { epoch, .. } = ann.hear().await? else {
        anyhow::bail!("not joined");
    };
    let ben = Tab::open(&room, epoch, 0).await?;
    drop(ben); // a train enters a tunnel
    for (id, text) in [("a1", "Tea?"), ("a2", "Milk?")] {
        ann.say(id, text).await?;
        ann.hear().await?;
        ann.hear().await?;
    }
    let mut ben = Tab::open(&room, epoch, 0).await?;
    for _ in 0..3 {
        println!("ben hears {:?}", ben.hear().await?);
    }
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

    fn line(seq: u64) -> Told {
        let text = "Tea?".to_owned();
        Told::Line { seq, text }
    }

    /// A room in which so many lines have been said, and its epoch.
    fn room_after(lines: u64) -> (Shared, u64) {
        let room = Room::open();
        for number in 1..=lines {
            lock(&room).say(0, number.to_string(), "Tea?".to_owned());
        }
        let epoch = lock(&room).history.epoch;
        (room, epoch)
    }

    #[tokio::test(start_paused = true)]
    async fn a_tab_that_comes_back_hears_what_it_missed_and_then_what_follows() -> Result<()> {
        let (room, epoch) = room_after(5);
        let mut ben = Tab::open(&room, epoch, 2).await?;
        assert_eq!(ben.hear().await?, Told::Joined { epoch, after: 2 });
        lock(&room).say(0, "6".to_owned(), "Tea?".to_owned());
        for seq in 3..=6 {
            assert_eq!(ben.hear().await?, line(seq));
        }
        Ok(())
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_no_longer_kept_is_a_gap_that_is_told() -> Result<()> {
        let (room, epoch) = room_after(KEEP as u64 + 10);
        let mut ben = Tab::open(&room, epoch, 2).await?;
        assert_eq!(ben.hear().await?, Told::Joined { epoch, after: 10 });
        assert_eq!(ben.hear().await?, line(11));
        Ok(())
    }

    #[tokio::test(start_paused = true)]
    async fn a_number_of_another_epoch_means_nothing() -> Result<()> {
        let (_before_the_restart, old) = room_after(5);
        let (room, epoch) = room_after(5);
        let mut ben = Tab::open(&room, old, 3).await?;
        assert_eq!(ben.hear().await?, Told::Joined { epoch, after: 0 });
        assert_eq!(ben.hear().await?, line(1));
        Ok(())
    }
}
// ANCHOR_END: tests
