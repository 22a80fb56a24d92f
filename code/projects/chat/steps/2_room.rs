// ANCHOR: head
//! Step 2: a room. What one tab says, each tab hears.
//!
//! `cargo run -p chat --example chat-2-room` tells the story and ends. With an address behind
//! `--`, as in `-- 127.0.0.1:3030`, it stays: open `steps/tab.html` in two browser tabs.

use anyhow::{Context, Result};
use futures::{SinkExt, StreamExt};
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, duplex};
use tokio::net::TcpListener;
use tokio::sync::broadcast::{self, error::RecvError};
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};
use tokio_tungstenite::{WebSocketStream, accept_async, client_async};
// ANCHOR_END: head

// ANCHOR: room
/// So many messages wait in the room for its slowest reader.
const BACKLOG: usize = 16;

/// Where what is said goes to all who listen.
type Room = broadcast::Sender<Utf8Bytes>;

/// One tab's connection, from its handshake to its end.
async fn serve(stream: impl AsyncRead + AsyncWrite + Unpin, room: Room) -> Result<()> {
    let mut said = room.subscribe();
    let mut socket = accept_async(stream).await?;
    loop {
        tokio::select! {
            frame = socket.next() => match frame {
                Some(Ok(Message::Text(text))) => _ = room.send(text),
                Some(Ok(_)) => {}
                Some(Err(error)) => return Err(error.into()),
                None => return Ok(()),
            },
            heard = said.recv() => match heard {
                Ok(text) => socket.send(Message::Text(text)).await?,
                Err(RecvError::Lagged(_)) => {} // go on with what is left
                Err(RecvError::Closed) => return Ok(()),
            },
        }
    }
}
// ANCHOR_END: room

// ANCHOR: tab
/// What the operating system keeps for a reader that isn't reading.
const SOCKET_BUFFER: usize = 1024;

/// A browser tab, as far as a server can tell.
struct Tab(WebSocketStream<DuplexStream>);

impl Tab {
    async fn open(room: &Room) -> Result<Tab> {
        let (here, there) = duplex(SOCKET_BUFFER);
        tokio::spawn(serve(there, room.clone()));
        Ok(Tab(client_async("ws://chat/", here).await?.0))
    }

    async fn say(&mut self, text: &str) -> Result<()> {
        Ok(self.0.send(Message::text(text)).await?)
    }

    async fn hear(&mut self) -> Result<String> {
        let frame = self.0.next().await.context("the connection has ended")??;
        Ok(frame.into_text()?.to_string())
    }
}
// ANCHOR_END: tab

// ANCHOR: main
async fn story() -> Result<()> {
    let room = Room::new(BACKLOG);
    let (mut ann, mut ben) = (Tab::open(&room).await?, Tab::open(&room).await?);
    ann.say("Tea?").await?;
    println!("ben hears {:?}", ben.hear().await?);
    for number in 1..=1_000 {
        ann.say(&number.to_string()).await?;
        ann.hear().await?; // ann reads; ben doesn't
    }
    let mut last = 0;
    while last < 1_000 {
        let number = ben.hear().await?.parse()?;
        if number != last + 1 {
            println!("ben hears {last}, and then {number}");
        }
        last = number;
    }
    Ok(())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let Some(address) = std::env::args().nth(1) else {
        return story().await;
    };
    let room = Room::new(BACKLOG);
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

    #[tokio::test(start_paused = true)]
    async fn what_one_tab_says_the_other_hears() -> Result<()> {
        let room = Room::new(BACKLOG);
        let (mut ann, mut ben) = (Tab::open(&room).await?, Tab::open(&room).await?);
        ann.say("Tea?").await?;
        assert_eq!(ann.hear().await?, "Tea?");
        assert_eq!(ben.hear().await?, "Tea?");
        Ok(())
    }
}
// ANCHOR_END: tests
