//! A small store that speaks lines: the server that chapter 18 builds.
//!
//! `SET name Ann` is answered by `OK`, `GET name` by `VALUE Ann` or `NONE`, and what it
//! doesn't understand by `ERROR`. A connection ends when its client has said all, breaks a
//! limit, or when the server stops; a command that has begun is answered first.

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{
    AsyncBufRead, AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader,
};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

// ANCHOR: limits
/// What one peer may take from us.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Connections at a time; the next ones wait in the kernel's queue.
    pub connections: usize,
    /// The bytes of a line, its end included.
    pub line_bytes: usize,
    /// The buffer that a connection keeps, idle or not.
    pub buffer_bytes: usize,
    /// The silence before a line begins.
    pub idle: Duration,
    /// From the first byte of a line to its last.
    pub line: Duration,
    /// The time for a client to make room for an answer.
    pub write: Duration,
}
// ANCHOR_END: limits

/// The names and their values.
#[derive(Debug, Default)]
pub struct Store(Mutex<HashMap<String, String>>);

impl Store {
    /// Carries out one line, and says what to answer.
    pub fn answer(&self, line: &str) -> String {
        let mut values = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut words = line.splitn(3, ' ');
        match (words.next(), words.next(), words.next()) {
            (Some("SET"), Some(name), Some(value)) => {
                values.insert(name.to_owned(), value.to_owned());
                "OK\n".to_owned()
            }
            (Some("GET"), Some(name), None) => match values.get(name) {
                Some(value) => format!("VALUE {value}\n"),
                None => "NONE\n".to_owned(),
            },
            _ => "ERROR\n".to_owned(),
        }
    }
}

// ANCHOR: serve
/// How long to wait when the system has no descriptor left for a connection.
const PAUSE: Duration = Duration::from_millis(50);

/// Serves until `stop`, then returns once each connection has ended.
pub async fn serve(listener: TcpListener, limits: Limits, stop: CancellationToken) {
    let (store, room) = (Arc::default(), Arc::new(Semaphore::new(limits.connections)));
    let connections = TaskTracker::new();
    let next = async || {
        let place = room.clone().acquire_owned().await;
        (place, listener.accept().await)
    };
    while let Some((place, accepted)) = stop.run_until_cancelled(next()).await {
        let (store, stop) = (Arc::clone(&store), stop.clone());
        match accepted {
            Ok((stream, peer)) => drop(connections.spawn(async move {
                if let Err(error) = converse(stream, &store, &limits, &stop).await {
                    eprintln!("{peer}: {error}");
                }
                drop(place);
            })),
            Err(error) => {
                eprintln!("no connection accepted: {error}");
                sleep(PAUSE).await;
            }
        }
    }
    drop(listener);
    connections.close();
    connections.wait().await;
}
// ANCHOR_END: serve

// ANCHOR: converse
/// Answers line by line. A stop is heard between two lines, and not within one.
pub async fn converse<S: AsyncRead + AsyncWrite + Unpin>(
    stream: S,
    store: &Store,
    limits: &Limits,
    stop: &CancellationToken,
) -> io::Result<()> {
    let mut stream = BufReader::with_capacity(limits.buffer_bytes, stream);
    loop {
        let waiting = timeout(limits.idle, stream.fill_buf());
        let Some(begun) = stop.run_until_cancelled(waiting).await else {
            break;
        };
        if begun??.is_empty() {
            break; // The client has said all.
        }
        let line = timeout(limits.line, read_line(&mut stream, limits)).await??;
        let answer = store.answer(&line);
        timeout(limits.write, stream.write_all(answer.as_bytes())).await??;
    }
    timeout(limits.write, stream.shutdown()).await?
}
// ANCHOR_END: converse

// ANCHOR: line
/// The next line, without its end. Dropped, it loses what it has read.
async fn read_line(
    stream: &mut (impl AsyncBufRead + Unpin),
    limits: &Limits,
) -> io::Result<String> {
    let mut line = Vec::new();
    let mut limited = stream.take(limits.line_bytes as u64);
    limited.read_until(b'\n', &mut line).await?;
    match line.pop() {
        Some(b'\n') => {}
        _ if limited.limit() == 0 => return Err(io::Error::other("the line is too long")),
        _ => return Err(io::ErrorKind::UnexpectedEof.into()),
    }
    String::from_utf8(line).map_err(|_| io::ErrorKind::InvalidData.into())
}
// ANCHOR_END: line

#[cfg(test)]
mod tests;
