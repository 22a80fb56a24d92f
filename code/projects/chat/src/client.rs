//! The client's half: a session, a connection, and what has been seen of a room.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use futures::{SinkExt, StreamExt};
use serde::{Deserialize, Serialize};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::{HeaderValue, header};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::name::Name;
use crate::wire::{Ask, Told};

/// A server that doesn't answer for so long is gone.
const PATIENCE: Duration = Duration::from_secs(10);
/// The longest wait before a reconnect; it's drawn from the whole span, so that a thousand
/// clients who lost the server together don't come back together.
const RECONNECT: Duration = Duration::from_secs(2);

/// A name, and what proves it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Identity {
    /// The name.
    pub name: Name,
    /// What makes the name one's own, on another device too.
    pub key: String,
    /// What goes with each request.
    pub token: String,
}

/// Takes a name, or comes back to it with its key. `server` is such as `http://127.0.0.1:7070`.
///
/// # Errors
///
/// The server can't be reached; the name is taken.
pub async fn log_in(server: &str, name: &Name, key: Option<&str>) -> Result<Identity> {
    let http = service::client::Client::new(server, None, PATIENCE)?;
    let ask = serde_json::json!({ "name": name, "key": key });
    Ok(http.post("/api/session", &ask).await?)
}

/// One connection.
pub struct Connection(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Connection {
    /// Opens it.
    ///
    /// # Errors
    ///
    /// The server can't be reached, or refuses the session.
    pub async fn open(server: &str, token: &str) -> Result<Connection> {
        let url = format!("{}/ws", server.replacen("http", "ws", 1));
        let mut request = url.into_client_request()?;
        let bearer = HeaderValue::from_str(&format!("Bearer {token}"))?;
        request.headers_mut().insert(header::AUTHORIZATION, bearer);
        let opened = timeout(PATIENCE, connect_async(request)).await;
        let (socket, _) = opened.context("no answer")??;
        Ok(Connection(socket))
    }

    /// Sends one request.
    ///
    /// # Errors
    ///
    /// The connection has ended.
    pub async fn ask(&mut self, ask: &Ask) -> Result<()> {
        let text = serde_json::to_string(ask)?;
        Ok(self.0.send(Message::text(text)).await?)
    }

    /// The next thing that the server tells.
    ///
    /// Cancel safe: a frame that has come in part stays in the connection.
    ///
    /// # Errors
    ///
    /// The connection has ended; the error has the server's code, if it gave one.
    pub async fn hear(&mut self) -> Result<Told> {
        loop {
            match self.0.next().await.context("the connection has ended")?? {
                Message::Text(text) => return Ok(serde_json::from_str(&text)?),
                Message::Close(Some(close)) => bail!("closed: {}: {}", close.code, close.reason),
                _ping => {}
            }
        }
    }

    /// Says goodbye.
    pub async fn close(mut self) {
        self.0.close(None).await.ok();
    }
}

/// Waits before a reconnect.
pub async fn pause() {
    sleep(RECONNECT.mul_f64(fastrand::f64())).await;
}

// ANCHOR: seen
/// How far a client has read in a room.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// Of which numbering.
    pub epoch: u64,
    /// The last line that was shown.
    pub after: u64,
}

impl Seen {
    /// What to ask for when the connection is there.
    pub fn join(self, room: &Name) -> Ask {
        Ask::Join {
            room: room.clone(),
            epoch: self.epoch,
            after: self.after,
        }
    }

    /// Goes on as the server says. Returns the lines that are missing in between, from the first
    /// to the last, which are to be had as history.
    pub fn joined(&mut self, epoch: u64, after: u64) -> Option<(u64, u64)> {
        let known = if self.epoch == epoch { self.after } else { 0 };
        *self = Seen { epoch, after };
        (known < after).then_some((known + 1, after))
    }

    /// Whether a line is the next one. It is, unless the server has broken its promise.
    pub fn is_next(&mut self, seq: u64) -> bool {
        let is_next = seq == self.after + 1;
        self.after = seq;
        is_next
    }
}
// ANCHOR_END: seen
