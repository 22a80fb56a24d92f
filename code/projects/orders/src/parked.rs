//! Messages and events that couldn't be dealt with: kept, shown, and tried again when asked for.
//!
//! Trying again moves no one's place in the log.

use std::path::Path;

use rusqlite::{Connection, params};
use serde::Serialize;

use crate::crash::Crash;
use crate::database::{Database, DatabaseError, Durability, Points};
use crate::store::now_ms;

const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS parked (
    follower TEXT NOT NULL, position INTEGER NOT NULL, error TEXT NOT NULL, at_ms INTEGER NOT NULL,
    PRIMARY KEY (follower, position)
);";

const POINTS: Points = [
    "parked: written, not committed",
    "parked: committed, no one told",
];

/// So many are shown.
const SHOWN: usize = 200;

/// A cheap-to-clone handle to the list.
#[derive(Clone, Debug)]
pub struct Parked {
    database: Database,
}

/// One that is parked.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Entry {
    /// Whose it is: a consumer's or a view's name.
    pub follower: String,
    /// The position of the event.
    pub position: u64,
    /// What was wrong.
    pub error: String,
    /// Since when.
    pub at_ms: i64,
}

impl Parked {
    /// Opens the list in a file of its own.
    ///
    /// # Errors
    ///
    /// If it can't be opened.
    pub fn open(
        path: &Path,
        durability: Durability,
        crash: Crash,
    ) -> Result<Parked, DatabaseError> {
        let database = Database::open(path, SCHEMA, durability, crash, POINTS)?;
        Ok(Parked { database })
    }

    /// Parks, or parks again with another error.
    ///
    /// # Errors
    ///
    /// If the disk fails.
    pub async fn park(
        &self,
        follower: &str,
        position: u64,
        error: &str,
    ) -> Result<(), DatabaseError> {
        let (follower, error) = (follower.to_owned(), error.to_owned());
        let write = move |it: &Connection| {
            let insert = "INSERT OR REPLACE INTO parked VALUES (?1, ?2, ?3, ?4)";
            Ok(it
                .execute(insert, params![follower, position, error, now_ms()])
                .map(drop)?)
        };
        self.database.write(write).await
    }

    /// Takes one off the list. False: it wasn't there.
    ///
    /// # Errors
    ///
    /// If the disk fails.
    pub async fn remove(&self, follower: &str, position: u64) -> Result<bool, DatabaseError> {
        let follower = follower.to_owned();
        let delete = "DELETE FROM parked WHERE follower = ?1 AND position = ?2";
        self.database
            .write(move |it| Ok(it.execute(delete, params![follower, position])? == 1))
            .await
    }

    /// The oldest of the list.
    ///
    /// # Errors
    ///
    /// If the disk fails.
    pub async fn list(&self) -> Result<Vec<Entry>, DatabaseError> {
        let query = format!(
            "SELECT follower, position, error, at_ms FROM parked ORDER BY at_ms LIMIT {SHOWN}"
        );
        self.database
            .read(move |it| {
                let mut query = it.prepare_cached(&query)?;
                let entries = query.query_map([], |row| {
                    Ok(Entry {
                        follower: row.get(0)?,
                        position: row.get(1)?,
                        error: row.get(2)?,
                        at_ms: row.get(3)?,
                    })
                })?;
                entries.collect()
            })
            .await
    }
}
