//! Messages that couldn't be dealt with: kept, shown, and tried again when asked for.
//!
//! Trying again moves no one's place in the log.

use serde::{Deserialize, Serialize};

use crate::crash::{Crash, Point};
use crate::database::{Database, Home, Points, Result, sql};

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
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
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
    pub async fn open(home: &Home, crash: Crash) -> Result<Parked> {
        let list = Database::open(home, "parked", SCHEMA, POINTS, crash).await?;
        Ok(Parked(list))
    }

    /// Parks, or parks again with another error.
    pub async fn park(&self, follower: &str, position: u64, error: &str) -> Result<()> {
        let upsert = "INSERT INTO parked VALUES (?1, ?2, ?3) ON CONFLICT (follower, position)
                      DO UPDATE SET error = excluded.error";
        let upsert = sql(upsert, (follower, position, error));
        self.0.write(vec![upsert]).await.map(drop)
    }

    /// Takes it off the list, if it's there.
    pub async fn remove(&self, follower: &str, position: u64) -> Result<()> {
        let delete = "DELETE FROM parked WHERE follower = ?1 AND position = ?2";
        let delete = sql(delete, (follower, position));
        self.0.write(vec![delete]).await.map(drop)
    }

    /// The oldest of the list.
    pub async fn list(&self) -> Result<Vec<Entry>> {
        let query = "SELECT follower, position, error FROM parked ORDER BY position LIMIT 200";
        self.0.read(sql(query, ())).await
    }
}
