//! Messages that couldn't be dealt with: kept, shown, and tried again when asked for.
//!
//! Trying again moves no one's place in the log.

use serde::Serialize;

use crate::crash::{Crash, Point};
use crate::database::{Database, DatabaseError, Home, Points, Row, sql};

const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS parked (
    follower TEXT NOT NULL, position INTEGER NOT NULL, error TEXT NOT NULL,
    PRIMARY KEY (follower, position)
);";

const POINTS: Points = [Some(Point::ParkedWritten), Some(Point::ParkedCommitted)];

/// A cheap-to-clone handle to the list.
#[derive(Clone, Debug)]
pub struct Parked(Database);

/// One that is parked.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Entry {
    /// Whose it is: a consumer's name.
    pub follower: String,
    /// The position of the event.
    pub position: u64,
    /// What was wrong.
    pub error: String,
}

impl Parked {
    /// Opens the list.
    pub async fn open(home: &Home, crash: Crash) -> Result<Parked, DatabaseError> {
        Ok(Parked(
            Database::open(home, "parked", SCHEMA, POINTS, crash).await?,
        ))
    }

    /// Parks, or parks again with another error.
    pub async fn park(
        &self,
        follower: &str,
        position: u64,
        error: &str,
    ) -> Result<(), DatabaseError> {
        let upsert = "INSERT INTO parked VALUES (?1, ?2, ?3) ON CONFLICT (follower, position)
                      DO UPDATE SET error = excluded.error";
        let values = [follower.into(), position.into(), error.into()];
        self.0.write(vec![sql(upsert, values)]).await.map(drop)
    }

    /// Takes it off the list, if it's there.
    pub async fn remove(&self, follower: &str, position: u64) -> Result<(), DatabaseError> {
        let delete = "DELETE FROM parked WHERE follower = ?1 AND position = ?2";
        self.0
            .write(vec![sql(delete, [follower.into(), position.into()])])
            .await
            .map(drop)
    }

    /// The oldest of the list.
    pub async fn list(&self) -> Result<Vec<Entry>, DatabaseError> {
        let query = "SELECT follower, position, error FROM parked ORDER BY position LIMIT 200";
        let entry = |row: &Row| {
            let (follower, position) = (row[0].as_str()?.to_owned(), row[1].as_u64()?);
            Some(Entry {
                follower,
                position,
                error: row[2].as_str()?.to_owned(),
            })
        };
        Ok(self
            .0
            .read(sql(query, []))
            .await?
            .rows
            .iter()
            .filter_map(entry)
            .collect())
    }
}
