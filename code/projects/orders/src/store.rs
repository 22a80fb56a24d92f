//! The event store: streams of events, a version for each stream, one position for all.
//!
//! - A stream is the history of one thing, such as `order-…`. Its events have the versions 1, 2, 3 …
//! - An append names the version it has seen. Of two that name the same, one gets [`AppendError::Conflict`].
//! - An append also names its command. To append a command a second time changes nothing and
//!   gives the answer of the first time, so that a caller who got no answer may ask again.
//! - Positions grow in the order of the commits and without a gap: who has read up to position
//!   N misses nothing that will ever stand before it. They aren't taken from a sequence, which
//!   gives out numbers before the commit, but from the row `log`, which each append moves on
//!   from where it has seen it, in the commit of its events.

mod append;

use serde::Deserialize;
use tokio::sync::{mpsc, oneshot, watch};
use uuid::Uuid;

use crate::clock::Clock;
use crate::crash::{Crash, Point};
use crate::database::{Database, DatabaseError, Home, Points, Result, sql};
use crate::event::{Event, Unreadable, read};

/// A reader gets at most so many events at once.
pub const MOST_EVENTS: usize = 500;

/// So many appends may wait for a commit, and share it.
const SHARED: usize = 128;

const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS events (
    position INTEGER PRIMARY KEY, stream TEXT NOT NULL, version INTEGER NOT NULL,
    command TEXT NOT NULL, part INTEGER NOT NULL, at_ms INTEGER NOT NULL,
    format INTEGER NOT NULL, body TEXT NOT NULL,
    UNIQUE (stream, version), UNIQUE (command, part)
);
CREATE TABLE IF NOT EXISTS log (one INTEGER PRIMARY KEY, head INTEGER NOT NULL);
INSERT INTO log SELECT 1, coalesce(max(position), 0) FROM events WHERE true ON CONFLICT DO NOTHING;
CREATE TABLE IF NOT EXISTS places (follower TEXT PRIMARY KEY, position INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS snapshots (
    stream TEXT PRIMARY KEY, format INTEGER NOT NULL, version INTEGER NOT NULL, state TEXT NOT NULL
);";

const POINTS: Points = [Some(Point::EventsWritten), Some(Point::EventsCommitted)];

const HEAD: &str = "SELECT head FROM log";
const EVENTS: &str = "SELECT position, stream, version, command, at_ms, format, body FROM events";

/// A cheap-to-clone handle.
#[derive(Clone, Debug)]
pub struct Store {
    database: Database,
    appends: mpsc::Sender<Waiting>,
    head: watch::Sender<u64>,
    clock: Clock,
}

type Waiting = (Append, oneshot::Sender<Result<Appended, AppendError>>);

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
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Recorded {
    /// Its place among all events.
    pub position: u64,
    /// Its stream.
    pub stream: String,
    /// Its place in the stream.
    pub version: u64,
    /// What asked for it.
    pub command: String,
    /// When it was appended, by the clock of the process that did, in milliseconds since 1970.
    /// For people: order is told by positions.
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

impl Store {
    /// Opens the store, and starts the task that appends; it ends with the last handle.
    pub async fn open(home: &Home, crash: Crash, clock: Clock) -> Result<Store> {
        let database = Database::open(home, "events", SCHEMA, POINTS, crash).await?;
        let head = watch::Sender::new(database.number(sql(HEAD, ())).await?);
        let (appends, waiting) = mpsc::channel(SHARED);
        let writes = append::write_all(database.clone(), head.clone(), clock.clone(), waiting);
        tokio::spawn(writes);
        Ok(Store {
            database,
            appends,
            head,
            clock,
        })
    }

    /// Appends the events if their stream is still at the expected version.
    ///
    /// # Errors
    ///
    /// [`AppendError::Conflict`] says: load again and decide anew.
    ///
    /// Cancel safety: dropping this may leave the append done or not done; append it again.
    pub async fn append(&self, append: Append) -> Result<Appended, AppendError> {
        let (reply, answer) = oneshot::channel();
        let sent = self.appends.send((append, reply)).await;
        sent.map_err(|_| DatabaseError::Closed)?;
        answer.await.map_err(|_| DatabaseError::Closed)?
    }

    /// The events of a stream after a version, [`MOST_EVENTS`] at most.
    pub async fn stream(&self, stream: &str, after: u64) -> Result<Vec<Recorded>> {
        let which = "stream = ?1 AND version > ?2 ORDER BY version";
        let query = format!("{EVENTS} WHERE {which} LIMIT {MOST_EVENTS}");
        self.database.read(sql(query, (stream, after))).await
    }

    /// The events of all streams after a position, [`MOST_EVENTS`] at most, without a gap.
    pub async fn after(&self, position: u64) -> Result<Vec<Recorded>> {
        let query = format!("{EVENTS} WHERE position > ?1 ORDER BY position LIMIT {MOST_EVENTS}");
        self.database.read(sql(query, position)).await
    }

    /// What a command has appended, if it has.
    pub async fn command(&self, command: Uuid) -> Result<Option<Appended>> {
        let query = "SELECT position, version FROM events WHERE command = ?1 ORDER BY part";
        let mut found: Vec<(u64, u64)> = self.database.read(sql(query, command)).await?;
        Ok(found.pop().map(|(position, version)| Appended {
            position,
            version,
            repeated: true,
        }))
    }

    /// The position of the last event. It changes when there is something to read.
    pub fn head(&self) -> watch::Receiver<u64> {
        self.head.subscribe()
    }

    /// Returns when the log goes on beyond this place.
    pub(crate) async fn beyond(&self, place: u64) {
        let _ = self.head().wait_for(|head| *head > place).await; // `self` holds the sender
    }

    /// Now, in milliseconds since 1970.
    pub fn now_ms(&self) -> i64 {
        self.clock.now_ms()
    }

    /// How far a follower has come.
    pub async fn place(&self, follower: &str) -> Result<u64> {
        let query = "SELECT position FROM places WHERE follower = ?1";
        self.database.number(sql(query, follower)).await
    }

    /// Moves a follower's place on, if it's still where the follower has found it. False: it
    /// isn't, so another follows the log under this name.
    pub async fn move_place(&self, follower: &str, from: u64, to: u64) -> Result<bool> {
        let insert = "INSERT INTO places VALUES (?1, 0) ON CONFLICT DO NOTHING";
        let update = "UPDATE places SET position = ?3 WHERE follower = ?1 AND position = ?2";
        let update = sql(update, (follower, from, to)).must();
        let change = vec![sql(insert, follower), update];
        self.database.write(change).await
    }

    /// The newest snapshot of a stream: its version, and the state as it was stored.
    pub async fn snapshot(&self, stream: &str, format: u32) -> Result<Option<(u64, String)>> {
        let query = "SELECT version, state FROM snapshots WHERE stream = ?1 AND format = ?2";
        let query = sql(query, (stream, format));
        Ok(self.database.read(query).await?.pop())
    }

    /// Keeps a snapshot. It may be lost or deleted without harm.
    pub async fn keep_snapshot(
        &self,
        stream: &str,
        format: u32,
        version: u64,
        state: String,
    ) -> Result<()> {
        let insert = "INSERT INTO snapshots VALUES (?1, ?2, ?3, ?4) ON CONFLICT (stream) DO UPDATE
                      SET format = excluded.format, version = excluded.version, state = excluded.state";
        let insert = sql(insert, (stream, format, version, state));
        self.database.write(vec![insert]).await.map(drop)
    }
}

/// Tells that a position has been reached, if it's above the one that was told last.
pub(crate) fn raise(told: &watch::Sender<u64>, to: u64) {
    told.send_if_modified(|head| {
        let grown = to > *head;
        *head = to.max(*head);
        grown
    });
}
