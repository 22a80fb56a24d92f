//! Work that one process of many does at a time, and that another takes up if it ends.
//!
//! A lease is a row with its holder and a beat, which the holder moves on. Who sees the same beat
//! for a whole term takes the lease over. So no clock of one machine is compared with that of
//! another: each measures how long it has seen something itself. The holder counts its term from
//! *before* it asked for a beat, and drops its work when the term is over, so it stops before
//! another begins. What it has sent by then may still arrive; receivers know it by its position.

use std::time::Duration;

use tokio::time::{Instant, sleep, sleep_until, timeout_at};
use tracing::{info, warn};
use uuid::Uuid;

use crate::crash::Crash;
use crate::database::{Database, Home, Result, sql};

/// How long after its last beat a holder is taken for dead.
pub const TERM: Duration = Duration::from_secs(5);

const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS leases (name TEXT PRIMARY KEY, holder TEXT NOT NULL, beat INTEGER NOT NULL);";

/// The leases of one process; cheap to clone.
#[derive(Clone, Debug)]
pub struct Leases {
    database: Database,
    holder: String,
}

impl Leases {
    /// Opens them, as a process that has none.
    pub async fn open(home: &Home, crash: Crash) -> Result<Leases> {
        let database = Database::open(home, "leases", SCHEMA, [None; 2], crash).await?;
        let holder = Uuid::new_v4().to_string();
        Ok(Leases { database, holder })
    }

    // ANCHOR: hold
    /// Does the work whenever this process holds the lease of that name. Ends if the work ends.
    ///
    /// Cancel safety: dropping this drops the work; another takes the lease a term later.
    pub async fn hold<F: Future<Output = ()>>(&self, name: &str, mut work: impl FnMut() -> F) {
        loop {
            let until = self.take(name).await;
            info!(name, "this process does it");
            tokio::select! {
                () = self.keep(name, until) => warn!(name, "another may do it now"),
                () = work() => return,
            }
        }
    }

    /// Waits until the lease is this process's. Answers until when.
    async fn take(&self, name: &str) -> Instant {
        let (mut seen, mut since) = (None, Instant::now());
        loop {
            let asked = Instant::now();
            match self.look(name).await {
                Ok(found) => {
                    if seen.as_ref() != Some(&found) {
                        (seen, since) = (Some(found.clone()), asked);
                    }
                    let (holder, beat) = found;
                    let is_free =
                        holder.is_empty() || holder == self.holder || since.elapsed() > TERM;
                    if is_free && matches!(self.beat(name, &holder, beat).await, Ok(true)) {
                        return asked + TERM;
                    }
                }
                Err(error) => warn!(name, %error, "the lease can't be read"),
            }
            sleep(TERM / 5).await;
        }
    }

    /// Ends when the lease is lost, or may be.
    async fn keep(&self, name: &str, mut until: Instant) {
        loop {
            sleep_until(until.min(Instant::now() + TERM / 5)).await;
            let asked = Instant::now();
            if asked >= until {
                return;
            }
            let beat = async {
                let (_, beat) = self.look(name).await?;
                self.beat(name, &self.holder, beat).await
            };
            match timeout_at(until, beat).await {
                Ok(Ok(true)) => until = asked + TERM,
                Ok(Err(error)) => warn!(name, %error, "the lease can't be kept"),
                Ok(Ok(false)) | Err(_) => return,
            }
        }
    }
    // ANCHOR_END: hold

    async fn look(&self, name: &str) -> Result<(String, u64)> {
        let query = "SELECT holder, beat FROM leases WHERE name = ?1";
        let found = self.database.read(sql(query, name)).await?.pop();
        Ok(found.unwrap_or_default())
    }

    /// Writes this process's name and the next beat, if the row is as it was seen.
    async fn beat(&self, name: &str, holder: &str, beat: u64) -> Result<bool> {
        let insert = "INSERT INTO leases VALUES (?1, '', 0) ON CONFLICT DO NOTHING";
        let update = "UPDATE leases SET holder = ?2, beat = beat + 1 WHERE name = ?1 AND holder = ?3 AND beat = ?4";
        let update = sql(update, (name, &self.holder, holder, beat)).must();
        self.database.write(vec![sql(insert, name), update]).await
    }
}
