//! Messages and events that couldn't be dealt with: kept, shown, and tried again when asked for.
//!
//! Trying again moves no one's place in the log.

use std::path::Path;

use rusqlite::{Connection, Row};
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
}

impl Parked {
    /// Opens the list in a file of its own.
    pub fn open(
        path: &Path,
        durability: Durability,
        crash: Crash,
    ) -> Result<Parked, DatabaseError> {
        let database = Database::open(path, SCHEMA, durability, crash, POINTS)?;
        Ok(Parked { database })
    }

    /// Parks, or parks again with another error.
    pub async fn park(
        &self,
        follower: &str,
        position: u64,
        error: &str,
    ) -> Result<(), DatabaseError> {
        let insert = "INSERT OR REPLACE INTO parked VALUES (?1, ?2, ?3, ?4)";
        let parameters = (follower.to_owned(), position, error.to_owned(), now_ms());
        self.database.execute(insert, parameters).await.map(drop)
    }

    /// Takes one off the list. False: it wasn't there.
    pub async fn remove(&self, follower: &str, position: u64) -> Result<bool, DatabaseError> {
        let delete = "DELETE FROM parked WHERE follower = ?1 AND position = ?2";
        let parameters = (follower.to_owned(), position);
        Ok(self.database.execute(delete, parameters).await? == 1)
    }

    /// The oldest of the list.
    pub async fn list(&self) -> Result<Vec<Entry>, DatabaseError> {
        let query = "SELECT follower, position, error FROM parked ORDER BY at_ms LIMIT 200";
        let entry = |row: &Row<'_>| {
            let (follower, position, error) = (row.get(0)?, row.get(1)?, row.get(2)?);
            Ok(Entry {
                follower,
                position,
                error,
            })
        };
        let read = move |it: &Connection| it.prepare_cached(query)?.query_map([], entry)?.collect();
        self.database.read(read).await
    }
}
