//! Connections to servers, kept for the next request. Each worker has a pool of its own, so the
//! lock is free whenever it's taken, and a connection never changes its thread.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};

use crate::body::Body;

/// Idle connections to one server. More are closed.
const IDLE: usize = 256;

/// A connection that was idle for longer isn't used: servers close theirs after 5 seconds or more.
const OLDEST: Duration = Duration::from_secs(4);

/// Heads of answers may be this long.
const LONGEST_HEAD: usize = 64 * 1024;

type Idle = HashMap<SocketAddr, Vec<(SendRequest<Body>, Instant)>>;

/// What is idle, by server.
#[derive(Default)]
pub struct Pool {
    /// A std mutex: it's never held across an await.
    idle: Mutex<Idle>,
}

impl Pool {
    /// The idle connection that was used last, or a new one, and whether it was used before: such
    /// a one may be closed at any time. Fails if none is idle, and the server refuses, or says
    /// nothing for so long ([`io::ErrorKind::TimedOut`]).
    ///
    /// Cancel safe: a connection that's dropped is closed.
    pub async fn get(
        &self,
        server: SocketAddr,
        limit: Duration,
    ) -> io::Result<(SendRequest<Body>, bool)> {
        while let Some(mut sender) = self.idle_one(server) {
            if sender.ready().await.is_ok() {
                return Ok((sender, true));
            }
        }
        let stream = timeout(limit, TcpStream::connect(server)).await??;
        stream.set_nodelay(true)?;
        let mut http1 = http1::Builder::new();
        let made = http1
            .max_buf_size(LONGEST_HEAD)
            .handshake(TokioIo::new(stream));
        let (sender, connection) = made.await.map_err(io::Error::other)?;
        tokio::spawn(connection.with_upgrades());
        Ok((sender, false))
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

    /// Keeps a connection whose answer has come to its end. Dropped before, it's closed, and the
    /// server sees that the client has left.
    pub fn give_back(&self, server: SocketAddr, sender: SendRequest<Body>) {
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
