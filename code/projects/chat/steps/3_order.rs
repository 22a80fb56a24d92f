// ANCHOR: head
//! Step 3: lines have numbers, a line that's sent twice is kept once, and no reader is skipped.
//!
//! `cargo run -p chat --example chat-3-order` tells the story and ends. With an address behind
//! `--`, as in `-- 127.0.0.1:3030`, it stays: open `steps/tab.html` in two browser tabs.

use std::collections::HashMap;
use std::sync::Arc;

use anyhow::{Context, Result};
use futures::{SinkExt, StreamExt};
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, duplex};
use tokio::net::TcpListener;
use tokio::sync::{Mutex, mpsc};
use tokio_tungstenite::tungstenite::Message;
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
// ANCHOR_END: wire

// ANCHOR: history
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
// ANCHOR_END: history

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

impl Room {
    fn join(&mut self) -> (u64, mpsc::Receiver<Told>) {
        let (outbox, inbox) = mpsc::channel(QUEUE);
        self.joined += 1;
        self.tabs.insert(self.joined, outbox);
        (self.joined, inbox)
    }

    async fn say(&mut self, tab: u64, id: String, text: String) {
        let (seq, new) = self.history.keep(&id, &text);
        self.tell(tab, Told::Kept { id, seq }).await;
        if new {
            for tab in self.tabs.keys() {
                let text = text.clone();
                self.tell(*tab, Told::Line { seq, text }).await;
            }
        }
    }

    async fn tell(&self, tab: u64, told: Told) {
        if let Some(outbox) = self.tabs.get(&tab) {
            outbox.send(told).await.ok(); // a tab that has left needs no line
        }
    }
}
// ANCHOR_END: room

// ANCHOR: serve
/// One tab's connection, from its handshake to its end.
async fn serve(stream: impl AsyncRead + AsyncWrite + Unpin, room: Shared) -> Result<()> {
    let mut socket = accept_async(stream).await?;
    let (tab, mut inbox) = room.lock().await.join();
    loop {
        tokio::select! {
            frame = socket.next() => {
                let Some(frame) = frame else { break };
                if let Message::Text(text) = frame? {
                    let Ask::Say { id, text } = serde_json::from_str(&text)?;
                    room.lock().await.say(tab, id, text).await;
                }
            }
            Some(told) = inbox.recv() => {
                socket.send(Message::text(serde_json::to_string(&told)?)).await?;
            }
        }
    }
    room.lock().await.tabs.remove(&tab);
    Ok(())
}
// ANCHOR_END: serve

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
        let frame = self.0.next().await.context("the connection has ended")??;
        Ok(serde_json::from_str(frame.to_text()?)?)
    }
}
// ANCHOR_END: tab

// ANCHOR: main
async fn story() -> Result<()> {
    let room = Shared::default();
    let (mut ann, mut ben) = (Tab::open(&room).await?, Tab::open(&room).await?);
    ann.say("a1", "Tea?").await?;
    println!("ann hears {:?}", ann.hear().await?);
    println!("ann hears {:?}", ann.hear().await?);
    ann.say("a1", "Tea?").await?;
    println!("ann hears {:?}", ann.hear().await?);
    println!("ben hears {:?}", ben.hear().await?);
    Ok(())
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
    use std::time::Duration;

    use super::*;

    const TEA: &str = "Tea?";

    fn line(seq: u64, text: &str) -> Told {
        let text = text.to_owned();
        Told::Line { seq, text }
    }

    /// What `ann` says a thousand times, while she reads what comes back.
    async fn chatter(mut ann: Tab) -> Result<()> {
        for number in 1..=1_000_u64 {
            let text = number.to_string();
            ann.say(&text, &text).await?;
            assert!(matches!(ann.hear().await?, Told::Kept { .. }));
            assert_eq!(ann.hear().await?, line(number, &text));
        }
        Ok(())
    }

    #[tokio::test(start_paused = true)]
    async fn a_tab_that_reads_late_misses_no_line() -> Result<()> {
        let room = Shared::default();
        let (ann, mut ben) = (Tab::open(&room).await?, Tab::open(&room).await?);
        let chatter = tokio::spawn(chatter(ann));
        tokio::time::sleep(Duration::from_secs(1)).await;
        for number in 1..=1_000 {
            assert_eq!(ben.hear().await?, line(number, &number.to_string()));
        }
        chatter.await?
    }

    #[tokio::test(start_paused = true)]
    async fn a_line_that_is_sent_twice_is_kept_once() -> Result<()> {
        let room = Shared::default();
        let (mut ann, mut ben) = (Tab::open(&room).await?, Tab::open(&room).await?);
        let (id, seq) = ("a1".to_owned(), 1);
        let kept = Told::Kept { id, seq };
        ann.say("a1", TEA).await?;
        ann.say("a1", TEA).await?;
        assert_eq!(ann.hear().await?, kept);
        assert_eq!(ann.hear().await?, line(1, TEA));
        assert_eq!(ann.hear().await?, kept); // no second line
        ann.say("a2", "Milk?").await?;
        assert_eq!(ben.hear().await?, line(1, TEA));
        assert_eq!(ben.hear().await?, line(2, "Milk?"));
        Ok(())
    }
}
// ANCHOR_END: tests
