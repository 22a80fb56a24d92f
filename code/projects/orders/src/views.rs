//! Views: tables that answer questions, made from the log and disposable.
//!
//! A view's rows and its place in the log are written in one commit, so a crash at any moment
//! leaves a view that is behind, and none that is wrong. To rebuild one, a second table is filled
//! from the start of the log while the first is read, and takes its place in one commit.

pub mod questions;
mod tables;

use std::collections::BTreeMap;
use std::slice;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::{Mutex, watch};
use tokio::time::{sleep, timeout};
use tracing::{info, warn};

use crate::crash::{Crash, Point};
use crate::database::{Database, DatabaseError, Home, PAUSE, Points, Result, Statement, sql};
use crate::event::Event;
use crate::store::{Recorded, Store, raise};

pub use tables::{VIEWS, by_name};

const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS views (
    name TEXT PRIMARY KEY, version INTEGER NOT NULL, position INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS skipped (
    view TEXT NOT NULL, position INTEGER NOT NULL, error TEXT NOT NULL, PRIMARY KEY (view, position)
);";

const POINTS: Points = [Some(Point::ViewWritten), Some(Point::ViewCommitted)];

/// How often it's looked how far another process has brought the views.
const LOOK: Duration = Duration::from_millis(20);

/// A view: its table, and how an event changes it.
#[derive(Debug)]
pub struct View {
    /// Its name, and that of its table.
    pub name: &'static str,
    /// Change it with the table or its meaning, and the view is rebuilt at the next start.
    pub version: u32,
    /// The columns of the table.
    pub columns: &'static str,
    /// What an event changes in the table of this name, if anything.
    pub apply: fn(&str, &Recorded, &Event) -> Option<Vec<Statement>>,
}

/// A cheap-to-clone handle to all views.
#[derive(Clone, Debug)]
pub struct Views {
    database: Database,
    places: Arc<BTreeMap<&'static str, watch::Sender<u64>>>,
    /// One rebuild at a time: two would fill the same table.
    rebuilding: Arc<Mutex<()>>,
    failures: Arc<AtomicU64>,
    crash: Crash,
}

impl Views {
    /// Opens the views. Those that are missing or of another version begin at zero.
    pub async fn open(home: &Home, crash: Crash) -> Result<Views> {
        // What a power cut takes from a view, it takes from its place, too, and the log has it:
        // `tests/views.rs` cuts the file's write-ahead log after each commit.
        let home = home.disposable();
        let database = Database::open(&home, "views", SCHEMA, POINTS, crash.clone()).await?;
        let mut places = BTreeMap::new();
        for view in VIEWS {
            let query = "SELECT version FROM views WHERE name = ?1";
            if database.number(sql(query, view.name)).await? != u64::from(view.version) {
                database.write(clear(view, view.name)).await?;
            }
            places.insert(view.name, watch::Sender::new(0));
        }
        let views = Views {
            database,
            places: Arc::new(places),
            rebuilding: Arc::default(),
            failures: Arc::default(),
            crash,
        };
        views.look().await?;
        Ok(views)
    }

    /// How far each view has come.
    pub fn places(&self) -> BTreeMap<&'static str, u64> {
        let places = self.places.iter();
        places.map(|(name, at)| (*name, *at.borrow())).collect()
    }

    /// How often a view had to wait since its rows and its place couldn't be written.
    pub fn failures(&self) -> u64 {
        self.failures.load(Ordering::Relaxed)
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

    /// Learns how far other processes bring the views. Doesn't end.
    pub async fn watch(self) {
        loop {
            if let Err(error) = self.look().await {
                warn!(%error, "it isn't known how far the views are");
                sleep(PAUSE).await;
            }
            sleep(LOOK).await;
        }
    }

    async fn look(&self) -> Result<()> {
        let query = sql("SELECT name, position FROM views", ());
        for (name, position) in self.database.read::<(String, u64)>(query).await? {
            if let Some(place) = self.places.get(name.as_str()) {
                // Back, too: a process of another version may have begun it anew.
                place.send_if_modified(|place| std::mem::replace(place, position) != position);
            }
        }
        Ok(())
    }

    /// Keeps a view up to date. Doesn't end.
    pub async fn follow(&self, view: &'static View, store: &Store) {
        loop {
            match self.advance(view, view.name, store).await {
                Ok(place) => {
                    raise(&self.places[view.name], place);
                    store.beyond(place).await;
                }
                Err(error) => {
                    self.failures.fetch_add(1, Ordering::Relaxed);
                    warn!(view = view.name, %error, "a view waits for its disk");
                    sleep(PAUSE).await;
                }
            }
        }
    }

    /// Applies the next events to a table of the view; returns its new place.
    async fn advance(&self, view: &View, table: &str, store: &Store) -> Result<u64> {
        let query = "SELECT position FROM views WHERE name = ?1";
        let place = self.database.number(sql(query, table)).await?;
        let events = store.after(place).await?;
        let change = apply(view, table, place, &events);
        match self.database.write(change).await {
            Ok(true) => return Ok(events.last().map_or(place, |last| last.position)),
            Ok(false) => return Ok(place), // another has moved it
            Err(DatabaseError::Refused(_)) => {}
            Err(error) => return Err(error),
        }
        // One of them breaks a rule of the table: which?
        let mut place = place;
        for event in &events {
            let change = apply(view, table, place, slice::from_ref(event));
            match self.database.write(change).await {
                Err(DatabaseError::Refused(error)) => {
                    let skipped = skip(table, event.position, &error);
                    let change = vec![move_place(table, place, event.position), skipped];
                    self.database.write(change).await?
                }
                answer => answer?,
            };
            place = event.position;
        }
        Ok(place)
    }

    // ANCHOR: rebuild
    /// Fills a second table from the start of the log, and puts it in the place of the first.
    ///
    /// # Errors
    ///
    /// If a disk fails. The old table stands until the new one is complete.
    ///
    /// Cancel safety: dropping this leaves the old table; the next rebuild begins anew.
    pub async fn rebuild(&self, view: &View, store: &Store) -> Result<u64> {
        let _one_at_a_time = self.rebuilding.lock().await;
        let shadow = format!("{}_new", view.name);
        self.database.write(clear(view, &shadow)).await?;
        loop {
            let place = self.advance(view, &shadow, store).await?;
            self.crash.point(Point::ShadowAdvanced).await;
            if self.database.write(swap(view, &shadow)).await? {
                self.crash.point(Point::Swapped).await;
                raise(&self.places[view.name], place);
                info!(view = view.name, place, "rebuilt");
                return Ok(place);
            }
        }
    }
    // ANCHOR_END: rebuild
}

/// An empty table, at the start of the log.
fn clear(view: &View, table: &str) -> Vec<Statement> {
    let create = format!("CREATE TABLE {table} ({}) WITHOUT ROWID", view.columns);
    let insert = "INSERT INTO views VALUES (?1, ?2, 0) ON CONFLICT (name) DO UPDATE
                  SET version = excluded.version, position = 0";
    vec![
        sql(insert, (table, view.version)),
        sql(format!("DROP TABLE IF EXISTS {table}"), ()),
        sql(create, ()),
        sql("DELETE FROM skipped WHERE view = ?1", table),
    ]
}

// ANCHOR: apply
/// The place and the rows, for one transaction; nothing, if the place isn't where the events begin.
fn apply(view: &View, table: &str, from: u64, events: &[Recorded]) -> Vec<Statement> {
    let to = events.last().map_or(from, |last| last.position);
    let mut change = vec![move_place(table, from, to)];
    for recorded in events {
        match recorded.event() {
            Ok(event) => change.extend((view.apply)(table, recorded, &event).into_iter().flatten()),
            Err(error) => change.push(skip(table, recorded.position, &error.to_string())),
        }
    }
    change
}

fn move_place(table: &str, from: u64, to: u64) -> Statement {
    let update = "UPDATE views SET position = ?3 WHERE name = ?1 AND position = ?2";
    sql(update, (table, from, to)).must()
}
// ANCHOR_END: apply

fn skip(table: &str, position: u64, error: &str) -> Statement {
    warn!(view = table, position, error, "an event is skipped");
    let insert = "INSERT INTO skipped VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING";
    sql(insert, (table, position, error))
}

/// Puts the shadow in the place of the table, if it isn't behind it.
fn swap(view: &View, shadow: &str) -> Vec<Statement> {
    let name = view.name;
    let update = "UPDATE views SET position = new.position FROM views AS new
                  WHERE views.name = ?1 AND new.name = ?2 AND views.position <= new.position";
    let skipped = "UPDATE skipped SET view = ?1 WHERE view = ?2";
    vec![
        sql(update, (name, shadow)).must(),
        sql(format!("DROP TABLE {name}"), ()),
        sql(format!("ALTER TABLE {shadow} RENAME TO {name}"), ()),
        sql("DELETE FROM skipped WHERE view = ?1", name),
        sql(skipped, (name, shadow)),
        sql("DELETE FROM views WHERE name = ?1", shadow),
    ]
}
