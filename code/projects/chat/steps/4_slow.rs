// ANCHOR: head
//! Step 4: a tab that doesn't read is closed, and slows no one.
//!
//! `cargo run -p chat --example chat-4-slow` tells the story and ends. With an address behind
//! `--`, as in `-- 127.0.0.1:3030`, it stays: open `steps/tab.html` in two browser tabs.

use std::collections::HashMap;
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
    /// The id is the tab's own. It sends the line again, under the same id, if no answer comes.
    Say { id: String, text: String },
}

/// What a tab is told, as JSON.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Told {
    /// Your line is kept, under this number.
    Kept { id: String, seq: u64 },
    /// A line of the room. The numbers have no holes.
    Line { seq: u64, text: String },
}

/// Every line of the room, in the order in which all will see it.
#[derive(Default)]
struct History {
    lines: Vec<String>,
    by_id: HashMap<String, u64>,
}

impl History {
    /// Keeps a line that isn't there yet. Returns its number, and whether it's new.
    fn keep(&mut self, id: &str, text: &str) -> (u64, bool) {
        if let Some(seq) = self.by_id.get(id) {
            return (*seq, false);
        }
        self.lines.push(text.to_owned());
        let seq = self.lines.len() as u64;
        self.by_id.insert(id.to_owned(), seq);
        (seq, true)
    }
}
// ANCHOR_END: wire

// ANCHOR: room
/// So many lines wait for one tab.
const QUEUE: usize = 16;

#[derive(Default)]
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
    fn join(&mut self) -> (u64, mpsc::Receiver<Told>) {
        let (outbox, inbox) = mpsc::channel(QUEUE);
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
// ANCHOR_END: room

// ANCHOR: limits
/// A ping goes out this often, so that a tab that is alive is never silent for longer.
const PING: Duration = Duration::from_secs(20);
/// A tab that sends nothing for this long, not even a pong, is gone.
const SILENCE: Duration = Duration::from_secs(60);
/// A frame that can't be written in this time is the last.
const WRITE: Duration = Duration::from_secs(5);
// ANCHOR_END: limits

// ANCHOR: serve
/// One tab's connection, from its handshake to its end.
async fn serve(stream: impl AsyncRead + AsyncWrite + Unpin, room: Shared) -> Result<()> {
    let (sink, frames) = accept_async(stream).await?.split();
    let (tab, inbox) = lock(&room).join();
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
            let Ask::Say { id, text } = serde_json::from_str(&text)?;
            lock(room).say(tab, id, text);
        }
    }
    Ok(())
}
// ANCHOR_END: serve

// ANCHOR: write
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
// ANCHOR_END: write

// ANCHOR: tab
/// What the operating system keeps for a reader that isn't reading.
const SOCKET_BUFFER: usize = 1024;

/// A browser tab, as far as a server can tell.
struct Tab(WebSocketStream<DuplexStream>);

impl Tab {
    async fn open(room: &Shared) -> Result<Tab> {
        let (here, there) = duplex(SOCKET_BUFFER);
        tokio::spawn(serve(there, room.clone()));
        Ok(Tab(client_async("ws://chat/", here).await?.0))
    }

    async fn say(&mut self, id: &str, text: &str) -> Result<()> {
        let (id, text) = (id.to_owned(), text.to_owned());
        let ask = serde_json::to_string(&Ask::Say { id, text })?;
        Ok(self.0.send(Message::text(ask)).await?)
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
    let room = Shared::default();
    let (mut ann, mut ben) = (Tab::open(&room).await?, Tab::open(&room).await?);
    for number in 1..=1_000 {
        ann.say(&number.to_string(), "Tea?").await?;
        ann.hear().await?;
        ann.hear().await?;
    }
    println!("ann has said 1,000 lines; ben hasn't read one");
    let mut last = None;
    loop {
        match ben.hear().await {
            Ok(told) => last = Some(told),
            Err(error) => {
                println!("ben hears {last:?}, and then: {error}");
                return Ok(());
            }
        }
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let Some(address) = std::env::args().nth(1) else {
        return story().await;
    };
    let room = Shared::default();
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
    use tokio::time::{Instant, sleep};

    use super::*;

    /// What `ann` says a thousand times, while she reads what comes back.
    async fn chatter(ann: &mut Tab) -> Result<()> {
        for number in 1..=1_000_u64 {
            ann.say(&number.to_string(), "Tea?").await?;
            ann.hear().await?; // kept
            let Told::Line { seq, .. } = ann.hear().await? else {
                anyhow::bail!("not a line");
            };
            assert_eq!(seq, number);
        }
        Ok(())
    }

    #[tokio::test(start_paused = true)]
    async fn a_tab_that_does_not_read_holds_no_one_up() -> Result<()> {
        let room = Shared::default();
        let (mut ann, mut ben) = (Tab::open(&room).await?, Tab::open(&room).await?);
        let start = Instant::now();
        chatter(&mut ann).await?;
        assert_eq!(start.elapsed(), Duration::ZERO);

        let mut next = 1;
        let error = loop {
            match ben.hear().await {
                Ok(Told::Line { seq, .. }) => assert_eq!(seq, next),
                Ok(told) => panic!("{told:?}"),
                Err(error) => break error,
            }
            next += 1;
        };
        assert_eq!(error.to_string(), "closed: 1013"); // and before it, no hole
        Ok(())
    }

    #[tokio::test(start_paused = true)]
    async fn a_tab_that_never_reads_is_gone_when_a_write_has_taken_too_long() -> Result<()> {
        let room = Shared::default();
        let (here, there) = duplex(SOCKET_BUFFER);
        let ben = tokio::spawn(serve(there, room.clone()));
        let _ben = client_async("ws://chat/", here).await?;
        let mut ann = Tab::open(&room).await?;
        let start = Instant::now();
        chatter(&mut ann).await?;
        assert!(ben.await?.is_err());
        assert_eq!(start.elapsed(), WRITE);
        assert_eq!(lock(&room).tabs.len(), 1);
        Ok(())
    }

    #[tokio::test(start_paused = true)]
    async fn a_tab_that_answers_no_ping_is_gone() -> Result<()> {
        let room = Shared::default();
        let _ann = Tab::open(&room).await?;
        sleep(SILENCE - Duration::from_secs(1)).await;
        assert_eq!(lock(&room).tabs.len(), 1);
        sleep(Duration::from_secs(2)).await;
        assert_eq!(lock(&room).tabs.len(), 0);
        Ok(())
    }
}
// ANCHOR_END: tests
