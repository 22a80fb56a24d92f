// ANCHOR: serve
//! Step 1: a WebSocket server, and a tab that hears itself.
//!
//! `cargo run -p chat --example chat-1-echo` tells the story and ends. With an address behind
//! `--`, as in `-- 127.0.0.1:3030`, it stays: open `steps/tab.html` in two browser tabs.

use anyhow::{Context, Result};
use futures::{SinkExt, StreamExt};
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, duplex};
use tokio::net::TcpListener;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{WebSocketStream, accept_async, client_async};

/// One tab's connection, from its handshake to its end.
async fn serve(stream: impl AsyncRead + AsyncWrite + Unpin) -> Result<()> {
    let mut socket = accept_async(stream).await?;
    while let Some(frame) = socket.next().await {
        if let Message::Text(text) = frame? {
            socket.send(Message::Text(text)).await?;
        }
    }
    Ok(())
}
// ANCHOR_END: serve

// ANCHOR: tab
/// What the operating system keeps for a reader that isn't reading.
const SOCKET_BUFFER: usize = 1024;

/// A browser tab, as far as a server can tell.
struct Tab(WebSocketStream<DuplexStream>);

impl Tab {
    async fn open() -> Result<Tab> {
        let (here, there) = duplex(SOCKET_BUFFER);
        tokio::spawn(serve(there));
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
    let (mut ann, mut ben) = (Tab::open().await?, Tab::open().await?);
    ann.say("Tea?").await?;
    println!("ann hears {:?}", ann.hear().await?);
    ben.say("Anyone here?").await?;
    println!("ben hears {:?}", ben.hear().await?);
    Ok(())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let Some(address) = std::env::args().nth(1) else {
        return story().await;
    };
    let listener = TcpListener::bind(address).await?;
    loop {
        let (stream, _) = listener.accept().await?;
        tokio::spawn(serve(stream));
    }
}
// ANCHOR_END: main

// ANCHOR: tests
#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_tab_hears_itself() -> Result<()> {
        let mut ann = Tab::open().await?;
        ann.say("Tea?").await?;
        assert_eq!(ann.hear().await?, "Tea?");
        Ok(())
    }
}
// ANCHOR_END: tests
