//! Views: tables that answer questions, made from the log and disposable.
//!
//! A view's rows and its place in the log are written in one commit, so a crash at any moment
//! leaves a view that is behind, and none that is wrong. To rebuild one, a second table is filled
//! from the start of the log while the first is read, and takes its place in one commit.

pub mod questions;
mod tables;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OptionalExtension, params};
use tokio::sync::{Mutex, watch};
use tokio::time::{sleep, timeout};
use tracing::{info, warn};

use crate::crash::Crash;
use crate::database::{Database, DatabaseError, Durability, Points};
use crate::event::Event;
use crate::store::{EventStore, Recorded};

pub use tables::{VIEWS, by_name};

const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS places (
    view TEXT PRIMARY KEY, version INTEGER NOT NULL, position INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS skipped (
    view TEXT NOT NULL, position INTEGER NOT NULL, error TEXT NOT NULL, PRIMARY KEY (view, position)
);";

const POINTS: Points = [
    "view: written, not committed",
    "view: committed, no one told",
];

/// When a store that fails is asked again.
const PAUSE: Duration = Duration::from_millis(500);

/// A view: its table, and how an event changes it.
#[derive(Debug)]
pub struct View {
    /// Its name, and that of its table.
    pub name: &'static str,
    /// Change it with the table or its meaning, and the view is rebuilt at the next start.
    pub version: u32,
    /// The columns of the table.
    pub columns: &'static str,
    /// Changes the table of this name.
    pub apply: fn(&Connection, &str, &Recorded, &Event) -> rusqlite::Result<()>,
}

/// A cheap-to-clone handle to all views.
#[derive(Clone, Debug)]
pub struct Views {
    database: Database,
    places: Arc<BTreeMap<&'static str, watch::Sender<u64>>>,
    /// One rebuild at a time: two would fill the same table.
    rebuilding: Arc<Mutex<()>>,
    crash: Crash,
}

/// Why a batch wasn't applied.
#[derive(Debug, thiserror::Error)]
enum ApplyError {
    /// Another has moved the place: read it again.
    #[error("the place has moved")]
    Moved,
    /// This event can't be applied.
    #[error("event {position}: {error}")]
    Poison { position: u64, error: String },
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

impl From<rusqlite::Error> for ApplyError {
    fn from(error: rusqlite::Error) -> Self {
        ApplyError::Database(error.into())
    }
}

impl Views {
    /// Opens the views in a file. Those that are missing or of another version begin at zero.
    pub async fn open(
        path: &Path,
        durability: Durability,
        crash: Crash,
    ) -> Result<Views, DatabaseError> {
        let database = Database::open(path, SCHEMA, durability, crash.clone(), POINTS)?;
        let mut places = BTreeMap::new();
        for view in VIEWS {
            let place = database.write(move |it| create(it, view)).await?;
            places.insert(view.name, watch::Sender::new(place));
        }
        Ok(Views {
            database,
            places: Arc::new(places),
            rebuilding: Arc::default(),
            crash,
        })
    }

    /// How far each view has come.
    pub fn places(&self) -> BTreeMap<&'static str, u64> {
        self.places
            .iter()
            .map(|(name, place)| (*name, *place.borrow()))
            .collect()
    }

    /// Waits until the view knows the event at `position`. False: it doesn't within `patience`.
    pub async fn reached(&self, view: &str, position: u64, patience: Duration) -> bool {
        let Some(place) = self.places.get(view) else {
            return false;
        };
        let mut place = place.subscribe();
        let reached = place.wait_for(|place| *place >= position);
        timeout(patience, reached).await.is_ok_and(|it| it.is_ok())
    }

    // ANCHOR: follow
    /// Keeps a view up to date. Doesn't end.
    pub async fn follow(&self, view: &'static View, store: impl EventStore) {
        let mut head = store.head();
        loop {
            let place = match self.advance(view, view.name, &store).await {
                Ok(place) => place,
                Err(error) => {
                    warn!(view = view.name, %error, "a view waits for its disk");
                    sleep(PAUSE).await;
                    continue;
                }
            };
            self.places[view.name].send_replace(place);
            let _ = head.wait_for(|head| *head > place).await; // the store holds the sender
        }
    }

    /// Applies the next events to a table of the view; returns its new place.
    async fn advance(
        &self,
        view: &'static View,
        table: &'static str,
        store: &impl EventStore,
    ) -> Result<u64, DatabaseError> {
        let at = move |it: &Connection| place(it, table);
        let place = self.database.read(at).await?;
        let events = Arc::new(store.after(place).await?);
        let mut skipped = BTreeMap::new();
        loop {
            let (batch, skip) = (Arc::clone(&events), skipped.clone());
            let write = move |it: &Connection| apply(it, view, table, place, &batch, &skip);
            match self.database.write(write).await {
                Ok(place) => return Ok(place),
                Err(ApplyError::Moved) => return self.database.read(at).await,
                Err(ApplyError::Database(error)) => return Err(error),
                Err(ApplyError::Poison { position, error }) => {
                    warn!(view = view.name, position, error, "an event is skipped");
                    skipped.insert(position, error);
                }
            }
        }
    }
    // ANCHOR_END: follow

    // ANCHOR: rebuild
    /// Fills a second table from the start of the log, and puts it in the place of the first.
    ///
    /// # Errors
    ///
    /// If a disk fails. The old table stands until the new one is complete.
    ///
    /// Cancel safety: dropping this leaves the old table; the next rebuild begins anew.
    pub async fn rebuild(
        &self,
        view: &'static View,
        store: &impl EventStore,
    ) -> Result<u64, DatabaseError> {
        let _one_at_a_time = self.rebuilding.lock().await;
        let shadow = tables::shadow(view);
        self.database
            .write(move |it| clear(it, view, shadow))
            .await?;
        loop {
            self.advance(view, shadow, store).await?;
            self.crash.point("view: shadow advanced").await;
            if let Some(place) = self
                .database
                .write(move |it| swap(it, view, shadow))
                .await?
            {
                self.crash.point("view: swapped").await;
                self.places[view.name].send_replace(place);
                info!(view = view.name, place, "rebuilt");
                return Ok(place);
            }
        }
    }
    // ANCHOR_END: rebuild
}

fn place(connection: &Connection, table: &str) -> rusqlite::Result<u64> {
    let mut query = connection.prepare_cached("SELECT position FROM places WHERE view = ?1")?;
    Ok(query
        .query_row([table], |row| row.get(0))
        .optional()?
        .unwrap_or(0))
}

fn set_place(
    connection: &Connection,
    table: &str,
    version: u32,
    position: u64,
) -> rusqlite::Result<()> {
    let mut upsert =
        connection.prepare_cached("INSERT OR REPLACE INTO places VALUES (?1, ?2, ?3)")?;
    upsert.execute(params![table, version, position]).map(drop)
}

/// The view's place, after its table was made if need be.
fn create(connection: &Connection, view: &View) -> Result<u64, DatabaseError> {
    let query = "SELECT version FROM places WHERE view = ?1";
    let version = connection
        .query_row(query, [view.name], |row| row.get::<_, u32>(0))
        .optional()?;
    if version != Some(view.version) {
        clear(connection, view, view.name)?;
    }
    Ok(place(connection, view.name)?)
}

/// An empty table, at the start of the log.
fn clear(connection: &Connection, view: &View, table: &str) -> Result<(), DatabaseError> {
    let columns = view.columns;
    connection.execute_batch(&format!(
        "DROP TABLE IF EXISTS {table}; CREATE TABLE {table} ({columns}) WITHOUT ROWID;"
    ))?;
    connection.execute("DELETE FROM skipped WHERE view = ?1", [table])?;
    Ok(set_place(connection, table, view.version, 0)?)
}

// ANCHOR: apply
/// The rows and the place, in one transaction; nothing, if the place isn't where the events begin.
fn apply(
    connection: &Connection,
    view: &View,
    table: &str,
    from: u64,
    events: &[Recorded],
    skip: &BTreeMap<u64, String>,
) -> Result<u64, ApplyError> {
    if place(connection, table)? != from {
        return Err(ApplyError::Moved);
    }
    for recorded in events {
        let position = recorded.position;
        if let Some(error) = skip.get(&position) {
            let insert = "INSERT OR REPLACE INTO skipped VALUES (?1, ?2, ?3)";
            connection.execute(insert, params![table, position, error])?;
            continue;
        }
        let poison = |error: String| ApplyError::Poison { position, error };
        let event = recorded
            .event()
            .map_err(|error| poison(error.to_string()))?;
        (view.apply)(connection, table, recorded, &event).map_err(|error| {
            match error.sqlite_error_code() {
                Some(ErrorCode::ConstraintViolation) => poison(error.to_string()),
                _ => error.into(), // the disk's fault, not the event's
            }
        })?;
    }
    let to = events.last().map_or(from, |last| last.position);
    set_place(connection, table, view.version, to)?;
    Ok(to)
}
// ANCHOR_END: apply

/// Puts the shadow in the place of the table, if it isn't behind it.
fn swap(connection: &Connection, view: &View, shadow: &str) -> Result<Option<u64>, DatabaseError> {
    let (name, new) = (view.name, place(connection, shadow)?);
    if new < place(connection, name)? {
        return Ok(None);
    }
    connection.execute_batch(&format!(
        "DROP TABLE {name}; ALTER TABLE {shadow} RENAME TO {name};"
    ))?;
    connection.execute("DELETE FROM skipped WHERE view = ?1", [name])?;
    connection.execute(
        "UPDATE skipped SET view = ?1 WHERE view = ?2",
        [name, shadow],
    )?;
    connection.execute("DELETE FROM places WHERE view = ?1", [shadow])?;
    set_place(connection, name, view.version, new)?;
    Ok(Some(new))
}
