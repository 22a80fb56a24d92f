//! The event store in a SQLite file.
//!
//! One thread writes, so positions are given out in the order of the commits, and a reader that
//! asks for "after N" misses nothing. (PostgreSQL gives out a number before it commits; there
//! this needs a lock.)

use std::path::Path;

use rusqlite::{Connection, OptionalExtension, Row, params};
use tokio::sync::watch;
use uuid::Uuid;

use super::{Append, AppendError, Appended, EventStore, MOST_EVENTS, Recorded, now_ms};
use crate::crash::Crash;
use crate::database::{Database, DatabaseError, Durability, Points};
use crate::event::FORMAT;

const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS events (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    stream   TEXT NOT NULL,
    version  INTEGER NOT NULL,
    command  TEXT NOT NULL,
    part     INTEGER NOT NULL,
    at_ms    INTEGER NOT NULL,
    format   INTEGER NOT NULL,
    body     TEXT NOT NULL,
    UNIQUE (stream, version),
    UNIQUE (command, part)
);
CREATE TABLE IF NOT EXISTS places (follower TEXT PRIMARY KEY, position INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS snapshots (
    stream TEXT PRIMARY KEY, format INTEGER NOT NULL, version INTEGER NOT NULL, state TEXT NOT NULL
);";

const POINTS: Points = [
    "events: written, not committed",
    "events: committed, no one told",
];

const COLUMNS: &str = "position, stream, version, command, at_ms, format, body";

/// A cheap-to-clone handle.
#[derive(Clone, Debug)]
pub struct SqliteStore {
    database: Database,
    head: watch::Sender<u64>,
}

impl SqliteStore {
    /// Opens the store in a file, which is created if there is none.
    pub async fn open(
        path: &Path,
        durability: Durability,
        crash: Crash,
    ) -> Result<SqliteStore, DatabaseError> {
        let database = Database::open(path, SCHEMA, durability, crash, POINTS)?;
        let head = database.read(head).await?;
        Ok(SqliteStore {
            database,
            head: watch::Sender::new(head),
        })
    }

    /// The file itself, for those who count its pages.
    pub fn database(&self) -> &Database {
        &self.database
    }
}

fn head(connection: &Connection) -> rusqlite::Result<u64> {
    connection.query_row("SELECT coalesce(max(position), 0) FROM events", [], |row| {
        row.get(0)
    })
}

// ANCHOR: append
/// Appends in a transaction that is under way.
fn append(connection: &Connection, append: &Append) -> Result<Appended, AppendError> {
    let bodies: Vec<String> = append.events.iter().map(body).collect();
    if let Some(earlier) = earlier(connection, append, &bodies)? {
        return Ok(earlier);
    }
    let mut version: u64 = connection
        .prepare_cached("SELECT coalesce(max(version), 0) FROM events WHERE stream = ?1")?
        .query_row([&append.stream], |row| row.get(0))?;
    if version != append.expected {
        let (stream, expected) = (append.stream.clone(), append.expected);
        return Err(AppendError::Conflict {
            stream,
            expected,
            actual: version,
        });
    }
    let mut insert = connection.prepare_cached(
        "INSERT INTO events (stream, version, command, part, at_ms, format, body)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?;
    for (part, body) in bodies.iter().enumerate() {
        version += 1;
        let command = append.command.to_string();
        insert.execute(params![
            append.stream,
            version,
            command,
            part,
            now_ms(),
            FORMAT,
            body
        ])?;
    }
    let position = u64::try_from(connection.last_insert_rowid()).unwrap_or_default();
    Ok(Appended {
        position,
        version,
        repeated: false,
    })
}
// ANCHOR_END: append

fn body(event: &crate::event::Event) -> String {
    serde_json::to_string(event).expect("an event has no maps with keys that aren't strings")
}

/// What the same command has appended before.
fn earlier(
    connection: &Connection,
    append: &Append,
    bodies: &[String],
) -> Result<Option<Appended>, AppendError> {
    let found = recorded(
        connection,
        &format!("SELECT {COLUMNS} FROM events WHERE command = ?1 ORDER BY part"),
        [append.command.to_string()],
    )?;
    let Some(last) = found.last() else {
        return Ok(None);
    };
    let same = found.iter().map(|it| &it.body).eq(bodies);
    if last.stream != append.stream || !same {
        return Err(AppendError::Reused(append.command));
    }
    let (position, version) = (last.position, last.version);
    Ok(Some(Appended {
        position,
        version,
        repeated: true,
    }))
}

fn recorded(
    connection: &Connection,
    query: &str,
    parameters: impl rusqlite::Params,
) -> Result<Vec<Recorded>, DatabaseError> {
    let mut query = connection.prepare_cached(query)?;
    let rows = query.query_map(parameters, from_row)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<Recorded> {
    let command: String = row.get(3)?;
    Ok(Recorded {
        position: row.get(0)?,
        stream: row.get(1)?,
        version: row.get(2)?,
        command: command.parse().unwrap_or_default(),
        at_ms: row.get(4)?,
        format: row.get(5)?,
        body: row.get(6)?,
    })
}

impl From<rusqlite::Error> for AppendError {
    fn from(error: rusqlite::Error) -> Self {
        AppendError::Database(error.into())
    }
}

impl EventStore for SqliteStore {
    async fn append(&self, wanted: Append) -> Result<Appended, AppendError> {
        let written = self.database.write(move |it| append(it, &wanted)).await?;
        self.head.send_if_modified(|head| {
            let grown = written.position > *head;
            *head = written.position.max(*head);
            grown
        });
        Ok(written)
    }

    async fn stream(&self, stream: &str, after: u64) -> Result<Vec<Recorded>, DatabaseError> {
        let stream = stream.to_owned();
        let query = format!(
            "SELECT {COLUMNS} FROM events WHERE stream = ?1 AND version > ?2 \
             ORDER BY version LIMIT {MOST_EVENTS}"
        );
        let found = self
            .database
            .read(move |it| Ok(recorded(it, &query, (stream, after))));
        found.await?
    }

    async fn after(&self, position: u64) -> Result<Vec<Recorded>, DatabaseError> {
        let query = format!(
            "SELECT {COLUMNS} FROM events WHERE position > ?1 ORDER BY position LIMIT {MOST_EVENTS}"
        );
        self.database
            .read(move |it| Ok(recorded(it, &query, [position])))
            .await?
    }

    async fn command(&self, command: Uuid) -> Result<Option<Appended>, DatabaseError> {
        let query = "SELECT position, version FROM events WHERE command = ?1
                     ORDER BY part DESC LIMIT 1";
        let read = move |it: &Connection| {
            it.query_row(query, [command.to_string()], |row| {
                let (position, version) = (row.get(0)?, row.get(1)?);
                Ok(Appended {
                    position,
                    version,
                    repeated: true,
                })
            })
            .optional()
        };
        self.database.read(read).await
    }

    fn head(&self) -> watch::Receiver<u64> {
        self.head.subscribe()
    }

    async fn place(&self, follower: &str) -> Result<u64, DatabaseError> {
        let follower = follower.to_owned();
        let query = "SELECT position FROM places WHERE follower = ?1";
        let found = self
            .database
            .read(move |it| it.query_row(query, [follower], |row| row.get(0)).optional());
        Ok(found.await?.unwrap_or(0))
    }

    async fn move_place(&self, follower: &str, position: u64) -> Result<(), DatabaseError> {
        let update = "INSERT INTO places VALUES (?1, ?2) ON CONFLICT (follower)
                      DO UPDATE SET position = max(position, excluded.position)";
        let parameters = (follower.to_owned(), position);
        self.database.execute(update, parameters).await.map(drop)
    }

    async fn snapshot(
        &self,
        stream: &str,
        format: u32,
    ) -> Result<Option<(u64, String)>, DatabaseError> {
        let stream = stream.to_owned();
        let query = "SELECT version, state FROM snapshots WHERE stream = ?1 AND format = ?2";
        let read = move |it: &Connection| {
            it.query_row(query, params![stream, format], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })
            .optional()
        };
        self.database.read(read).await
    }

    async fn keep_snapshot(
        &self,
        stream: &str,
        format: u32,
        version: u64,
        state: String,
    ) -> Result<(), DatabaseError> {
        let insert = "INSERT OR REPLACE INTO snapshots VALUES (?1, ?2, ?3, ?4)";
        let parameters = (stream.to_owned(), format, version, state);
        self.database.execute(insert, parameters).await.map(drop)
    }
}
