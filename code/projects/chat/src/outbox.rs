//! What waits for one client: bounded by frames and by bytes, and never waited for.
//!
//! Lines are kept in order, and one that finds no room ends the outbox: its client is too slow,
//! is closed with [`End::Slow`], and comes back for what it missed. State (who is here, who is
//! typing) has one place for each room, which the newest overwrites, so no flood of it can end
//! anything. The pattern is *latest wins for state, all or nothing for a log*.

use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use tokio_tungstenite::tungstenite::Utf8Bytes;

use crate::name::Name;
use crate::wire::{Refusal, Told};

/// So many frames may wait for one client: twice a replay of [`crate::room::REPLAY`] lines.
pub const MOST_FRAMES: usize = 1024;
/// So many bytes may wait for one client.
pub const MOST_BYTES: usize = 1024 * 1024;
/// Within so many milliseconds clients come back after a restart, each at its own time.
const COME_BACK: u64 = 3_000;

// ANCHOR: outbox
/// A handle to what waits for one client. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Outbox(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    waiting: Mutex<Waiting>,
    /// Wakes the one task that takes.
    changed: Notify,
}

#[derive(Debug, Default)]
struct Waiting {
    frames: Vec<Utf8Bytes>,
    bytes: usize,
    /// At most one of each kind and room.
    latest: Vec<(Kind, Name, Utf8Bytes)>,
    end: Option<End>,
}

/// State that a newer one of its kind replaces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Who is here.
    Here,
    /// Who is typing.
    Typing,
}

/// Why nothing follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The client doesn't read as fast as others write.
    Slow,
    /// The server stops.
    Restart,
    /// The client has to log in again.
    Expired,
    /// Frames that aren't WebSocket.
    Protocol,
    /// Text that isn't UTF-8.
    NotUtf8,
    /// A message above the limit.
    TooBig,
    /// A message that isn't one of ours.
    Policy,
    /// Nothing came, not even a pong.
    Silent,
    /// The client has said so, or is gone.
    Gone,
}

/// What a writer does next.
#[derive(Debug, PartialEq, Eq)]
pub enum Next {
    /// Writes these, in this order.
    Frames(Vec<Utf8Bytes>),
    /// Closes the connection.
    Close(End),
}

impl Outbox {
    /// Adds a frame that may not be missed. Returns whether the outbox goes on: the first frame
    /// that finds no room ends it, and takes what waited with it.
    pub fn push(&self, frame: Utf8Bytes) -> bool {
        self.push_all(&[frame])
    }

    /// The same for several, which are there together: whoever takes one of them takes all.
    pub fn push_all(&self, frames: &[Utf8Bytes]) -> bool {
        let mut waiting = self.lock();
        if waiting.end.is_some() {
            return false;
        }
        for frame in frames {
            waiting.push(frame.clone());
        }
        let goes_on = waiting.end.is_none();
        drop(waiting);
        self.0.changed.notify_one();
        goes_on
    }

    /// Puts a state in the place of the one before it.
    pub fn replace(&self, kind: Kind, room: &Name, frame: Utf8Bytes) {
        let mut waiting = self.lock();
        if waiting.end.is_some() {
            return;
        }
        let mut latest = waiting.latest.iter_mut();
        match latest.find(|(k, r, _)| (*k, r) == (kind, room)) {
            Some((_, _, old)) => *old = frame,
            None => waiting.latest.push((kind, room.clone(), frame)),
        }
        drop(waiting);
        self.0.changed.notify_one();
    }

    /// How many frames, and how many bytes, there is room for.
    pub fn free(&self) -> (usize, usize) {
        let waiting = self.lock();
        let frames = MOST_FRAMES - waiting.frames.len();
        (frames, MOST_BYTES - waiting.bytes)
    }

    /// Says that something isn't done.
    pub fn refuse(&self, room: &Name, id: Option<String>, why: Refusal) {
        let room = room.clone();
        self.push(Told::Refused { room, id, why }.frame());
    }

    /// Ends it. The first reason stays.
    pub fn end(&self, end: End) {
        self.lock().end(end);
        self.0.changed.notify_one();
    }

    /// All that waits, as soon as something does. For one task at a time.
    ///
    /// Cancel safe: what it takes, it takes in the poll that returns it.
    pub async fn next(&self) -> Next {
        loop {
            if let Some(next) = self.lock().take() {
                return next;
            }
            self.0.changed.notified().await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        let waiting = self.0.waiting.lock();
        waiting.unwrap_or_else(PoisonError::into_inner)
    }
}
// ANCHOR_END: outbox

impl Waiting {
    fn push(&mut self, frame: Utf8Bytes) {
        if self.frames.len() >= MOST_FRAMES || self.bytes + frame.len() > MOST_BYTES {
            self.end(End::Slow);
        } else if self.end.is_none() {
            self.bytes += frame.len();
            self.frames.push(frame);
        }
    }

    fn end(&mut self, end: End) {
        if self.end.is_none() {
            *self = Waiting {
                end: Some(end),
                ..Waiting::default()
            };
        }
    }

    fn take(&mut self) -> Option<Next> {
        if let Some(end) = self.end {
            return Some(Next::Close(end));
        }
        self.bytes = 0;
        let mut frames = mem::take(&mut self.frames);
        frames.extend(self.latest.drain(..).map(|(_, _, frame)| frame));
        (!frames.is_empty()).then_some(Next::Frames(frames))
    }
}

impl End {
    /// The code of the close frame: those of RFC 6455, section 7.4.1, and above 4000 our own.
    pub fn code(self) -> u16 {
        match self {
            End::Gone => 1000,
            End::Restart => 1001,
            End::Protocol => 1002,
            End::NotUtf8 => 1007,
            End::Policy => 1008,
            End::TooBig => 1009,
            End::Expired => 4001,
            End::Slow => 4008,
            End::Silent => 4009,
        }
    }

    /// What the client reads beside the code.
    pub fn reason(self) -> String {
        let reason = match self {
            End::Restart => {
                let when = fastrand::u64(..COME_BACK);
                return format!("the server restarts: come back in {when} ms");
            }
            End::Gone => "goodbye",
            End::Protocol => "not WebSocket",
            End::NotUtf8 => "not UTF-8",
            End::Policy => "not understood",
            End::TooBig => "too big",
            End::Expired => "log in again",
            End::Slow => "reads too slowly",
            End::Silent => "no answer to a ping",
        };
        reason.to_owned()
    }
}
