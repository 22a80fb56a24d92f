//! Connections to servers, kept for the next request. Each worker has a pool of its own, so the
//! lock is free whenever it's taken, and a connection never changes its thread.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};

use crate::body::{AtEnd, Body};
use crate::upstream::UnderWay;

/// Idle connections to one server. More are closed.
const IDLE: usize = 256;

/// A connection that was idle for longer isn't used: servers close theirs after 5 seconds or more.
const OLDEST: Duration = Duration::from_secs(4);

/// Heads of answers may be this long.
const LONGEST_HEAD: usize = 64 * 1024;

/// A connection, and whether it was used before: such a one may be closed at any time.
pub struct Connection {
    /// To send on.
    pub sender: SendRequest<Body>,
    /// It comes from the pool.
    pub used: bool,
}

/// Why there's no connection.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The server refuses, or can't be reached.
    #[error("can't connect: {0}")]
    Io(#[from] std::io::Error),
    /// It didn't say anything for so long.
    #[error("no connection after {0:?}")]
    Slow(Duration),
    /// It isn't HTTP.
    #[error("{0}")]
    Http(#[from] hyper::Error),
}

type Idle = HashMap<SocketAddr, Vec<(SendRequest<Body>, Instant)>>;

/// What is idle, by server.
#[derive(Default)]
pub struct Pool {
    /// A std mutex: it's never held across an await.
    idle: Mutex<Idle>,
}

impl Pool {
    /// The idle connection that was used last, or a new one.
    ///
    /// Cancel safe: a connection that's dropped is closed.
    ///
    /// # Errors
    ///
    /// If none is idle, and the server can't be connected to in time.
    pub async fn get(
        &self,
        server: SocketAddr,
        limit: Duration,
    ) -> Result<Connection, ConnectError> {
        while let Some(mut sender) = self.idle_one(server) {
            if sender.ready().await.is_ok() {
                return Ok(Connection { sender, used: true });
            }
        }
        let stream = timeout(limit, TcpStream::connect(server)).await;
        let stream = stream.map_err(|_| ConnectError::Slow(limit))??;
        stream.set_nodelay(true)?;
        let (sender, connection) = http1::Builder::new()
            .max_buf_size(LONGEST_HEAD)
            .handshake(TokioIo::new(stream))
            .await?;
        tokio::spawn(connection.with_upgrades());
        Ok(Connection {
            sender,
            used: false,
        })
    }

    fn idle_one(&self, server: SocketAddr) -> Option<SendRequest<Body>> {
        let mut idle = self.idle();
        let idle = idle.get_mut(&server)?;
        let (sender, since) = idle.pop()?;
        if since.elapsed() > OLDEST {
            idle.clear(); // it's the youngest
            return None;
        }
        Some(sender)
    }

    fn give_back(&self, server: SocketAddr, sender: SendRequest<Body>) {
        let mut idle = self.idle();
        let idle = idle.entry(server).or_default();
        if idle.len() < IDLE && !sender.is_closed() {
            idle.push((sender, Instant::now()));
        }
    }

    fn idle(&self) -> MutexGuard<'_, Idle> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection whose answer is still coming. At its end it goes back to the pool; dropped
/// before, it's closed, and the server sees that the client has left.
pub struct Busy {
    /// To give it back to.
    pub pool: Arc<Pool>,
    /// Whose connection it is.
    pub server: SocketAddr,
    /// The connection.
    pub sender: SendRequest<Body>,
    /// Counts as long as the answer comes.
    pub under_way: UnderWay,
}

impl AtEnd for Busy {
    fn whole(self: Box<Busy>) {
        self.pool.give_back(self.server, self.sender);
    }
}
