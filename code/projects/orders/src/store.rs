//! The event store: streams of events, a version for each stream, one position for all.
//!
//! - A stream is the history of one thing, such as `order-…`. Its events have the versions 1, 2, 3 …
//! - An append names the version it has seen. Of two that name the same, one gets [`AppendError::Conflict`].
//! - An append also names its command. To append a command a second time changes nothing and
//!   gives the answer of the first time, so that a caller who got no answer may ask again.
//! - Positions grow in the order in which readers see the events: who has read up to position
//!   N misses nothing that will ever stand before it.

pub mod sqlite;

use std::time::Duration;

use tokio::sync::watch;
use uuid::Uuid;

use crate::database::DatabaseError;
use crate::event::{Event, Unreadable, read};

/// A reader gets at most so many events at once.
pub const MOST_EVENTS: usize = 500;

/// Where a store's events and the places of their followers are.
pub trait EventStore: Clone + Send + Sync + 'static {
    // ANCHOR: append
    /// Appends the events if their stream is still at the expected version.
    ///
    /// # Errors
    ///
    /// [`AppendError::Conflict`] says: load again and decide anew.
    ///
    /// Cancel safety: dropping this may leave the append done or not done; append it again.
    fn append(&self, append: Append) -> impl Future<Output = Result<Appended, AppendError>> + Send;
    // ANCHOR_END: append

    /// The events of a stream after a version, [`MOST_EVENTS`] at most.
    fn stream(
        &self,
        stream: &str,
        after: u64,
    ) -> impl Future<Output = Result<Vec<Recorded>, DatabaseError>> + Send;

    /// The events of all streams after a position, [`MOST_EVENTS`] at most, without a gap.
    fn after(
        &self,
        position: u64,
    ) -> impl Future<Output = Result<Vec<Recorded>, DatabaseError>> + Send;

    /// What a command has appended, if it has.
    fn command(
        &self,
        command: Uuid,
    ) -> impl Future<Output = Result<Option<Appended>, DatabaseError>> + Send;

    /// The position of the last event. It changes when there is something to read.
    fn head(&self) -> watch::Receiver<u64>;

    /// How far a follower has come.
    fn place(&self, follower: &str) -> impl Future<Output = Result<u64, DatabaseError>> + Send;

    /// Notes how far a follower has come. A place never goes back.
    fn move_place(
        &self,
        follower: &str,
        position: u64,
    ) -> impl Future<Output = Result<(), DatabaseError>> + Send;

    /// The newest snapshot of a stream: its version, and the state as it was stored.
    fn snapshot(
        &self,
        stream: &str,
        format: u32,
    ) -> impl Future<Output = Result<Option<(u64, String)>, DatabaseError>> + Send;

    /// Keeps a snapshot. It may be lost or deleted without harm.
    fn keep_snapshot(
        &self,
        stream: &str,
        format: u32,
        version: u64,
        state: String,
    ) -> impl Future<Output = Result<(), DatabaseError>> + Send;
}

/// What is to be appended.
#[derive(Clone, Debug)]
pub struct Append {
    /// To which stream.
    pub stream: String,
    /// The version it was seen at; 0 for a stream that doesn't exist yet.
    pub expected: u64,
    /// What asked for it. The same command is appended once.
    pub command: Uuid,
    /// At least one.
    pub events: Vec<Event>,
}

/// Where the last event of an append stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Appended {
    /// In the log.
    pub position: u64,
    /// In its stream.
    pub version: u64,
    /// The command had been appended before.
    pub repeated: bool,
}

/// An event as it stands in the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// Its place among all events.
    pub position: u64,
    /// Its stream.
    pub stream: String,
    /// Its place in the stream.
    pub version: u64,
    /// What asked for it.
    pub command: Uuid,
    /// When it was appended, by the store's clock, in milliseconds since 1970. For people:
    /// order is told by positions.
    pub at_ms: i64,
    /// The version of the format of its body.
    pub format: u32,
    /// The event as JSON.
    pub body: String,
}

impl Recorded {
    /// The event itself.
    ///
    /// # Errors
    ///
    /// If this program can't read it.
    pub fn event(&self) -> Result<Event, Unreadable> {
        read(self.position, self.format, &self.body)
    }
}

/// Why nothing was appended.
#[derive(Clone, Debug, thiserror::Error)]
pub enum AppendError {
    /// Another append was faster. Load again and decide anew.
    #[error("{stream} is at version {actual} and not {expected}")]
    Conflict {
        /// The stream.
        stream: String,
        /// What the append named.
        expected: u64,
        /// Where the stream is.
        actual: u64,
    },
    /// The command was used before, for something else. Don't ask again.
    #[error("command {0} has been used for something else")]
    Reused(Uuid),
    /// The store failed. Whether it has appended isn't known; the same append may be repeated.
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

/// Now, in milliseconds since 1970.
pub fn now_ms() -> i64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    i64::try_from(now.unwrap_or(Duration::ZERO).as_millis()).unwrap_or(i64::MAX)
}
