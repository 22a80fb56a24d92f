//! The broker for one machine: a file, with nothing to install.
//!
//! Losing nothing is SQLite's business: each change is a transaction, and with [`Sync::Full`] its
//! commit is on the disk before the caller hears of it. Being fast is the [`writer`]'s: changes that
//! are asked for at the same time share one commit. The store's clock is the clock of this machine.
//!
//! Several processes may open one file (a server, and the command line beside it). Signals stay
//! within a process; across processes, work is found by the look that everyone takes once a second.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use chrono::{DateTime, Utc};
use patterns::group_commit::GroupCommit;

use crate::error::{BrokerError, Result};
use crate::job::NewJob;
use crate::name::WorkerId;

use super::bells::Bells;
use super::lease::{check_all, check_lease};
use super::{
    BATCH_LIMIT, Claim, Enqueued, Extended, Finish, Finished, Heartbeat, Lease, LeaseKey, Leases,
    Options, Signals, Stats, Upkeep, WorkerReport,
};

mod connection;
mod enqueue;
mod leases;
mod moves;
mod people;
mod reader;
mod transaction;
mod upkeep;
mod writer;

use connection::File;
pub use connection::Sync;
use reader::Reader;
use transaction::{Transaction, millis};
use writer::Writer;

/// What another process does to the file rings no bell here.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Microseconds since 1970.
pub type Clock = Arc<dyn Fn() -> i64 + Send + std::marker::Sync>;

/// A task queue in a SQLite file.
#[derive(Clone)]
pub struct SqliteBroker {
    writer: GroupCommit<Writer>,
    reader: Reader,
    bells: Arc<Bells>,
    options: Options,
    clock: Clock,
}

impl SqliteBroker {
    /// Opens the file, and makes it if it is not there.
    pub async fn open(path: &Path, sync: Sync, options: Options) -> Result<Self> {
        let clock = || DateTime::<Utc>::from(SystemTime::now()).timestamp_micros();
        Self::open_with_clock(path, sync, options, Arc::new(clock)).await
    }

    /// As [`open`](Self::open), with a clock of the caller's, for tests.
    pub async fn open_with_clock(
        path: &Path,
        sync: Sync,
        options: Options,
        clock: Clock,
    ) -> Result<Self> {
        let path = path.to_owned();
        let opening = tokio::task::spawn_blocking(move || {
            let file = connection::open_writer(&path, sync)?;
            let reader = Reader::open(&path)?;
            let bells = Arc::new(Bells::new(LOOK_EVERY));
            let writer = Writer {
                file,
                options: options.clone(),
                clock: clock.clone(),
                bells: bells.clone(),
            };
            Ok(Self {
                writer: writer.spawn()?,
                reader,
                bells,
                options,
                clock,
            })
        });
        opening.await.map_err(|_| BrokerError::Closed)?
    }

    /// In milliseconds since 1970.
    fn now(&self) -> i64 {
        (self.clock)().div_euclid(1000)
    }

    /// Runs `work` within the next transaction, and answers once that is committed.
    /// What `work` did is undone if it returns an error.
    async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Transaction<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let done = self.writer.run(|all| all.attempt(work)).await;
        done.map_err(|error| error.or(BrokerError::Closed))?
    }

    async fn look<T: Send + 'static>(
        &self,
        look: impl FnOnce(&File) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.reader.look(look).await
    }
}

impl Leases for SqliteBroker {
    async fn enqueue(&self, jobs: Vec<NewJob>) -> Result<Vec<Enqueued>> {
        let limit = self.options.max_payload;
        check_all("jobs", &jobs, |job| job.check(limit))?;
        self.write(move |all| all.enqueue(&jobs)).await
    }

    async fn claim(&self, claim: Claim) -> Result<Vec<Lease>> {
        claim.check()?;
        self.write(move |all| all.claim(&claim)).await
    }

    async fn extend(&self, heartbeats: Vec<Heartbeat>, lease: Duration) -> Result<Vec<Extended>> {
        check_lease(lease)?;
        check_all("heartbeats", &heartbeats, Heartbeat::check)?;
        self.write(move |all| all.extend(&heartbeats, lease)).await
    }

    async fn finish(&self, finishes: Vec<Finish>) -> Result<Vec<Finished>> {
        let limit = self.options.max_payload;
        check_all("finishes", &finishes, |finish| finish.check(limit))?;
        self.write(move |all| all.finish(&finishes)).await
    }

    async fn held(&self, worker: WorkerId) -> Result<Vec<LeaseKey>> {
        let sql = "SELECT id, token FROM (SELECT id, token, worker FROM jobs WHERE state = 3
                       ORDER BY rank DESC LIMIT ?1) WHERE worker = ?2";
        self.look(move |file| {
            file.all(sql, (BATCH_LIMIT, worker.as_str()), |row| {
                let (job, token) = (row.get(0)?, row.get::<_, i64>(1)?.unsigned_abs());
                Ok(LeaseKey { job, token })
            })
        })
        .await
    }

    async fn upkeep(&self, limit: usize) -> Result<Upkeep> {
        let limit = limit.clamp(1, BATCH_LIMIT);
        self.write(move |all| all.upkeep(limit)).await
    }

    async fn stats(&self) -> Result<Stats> {
        let micros = (self.clock)();
        self.look(move |file| reader::stats(file, micros)).await
    }

    async fn report_worker(&self, report: WorkerReport, ttl: Duration) -> Result<()> {
        let text = serde_json::to_string(&report).map_err(BrokerError::damaged)?;
        self.write(move |all| {
            let sql = "INSERT OR REPLACE INTO workers VALUES (?1, ?2, ?3)";
            let values = (report.id.as_str(), text, all.now + millis(ttl));
            all.execute(sql, values).map(drop)
        })
        .await
    }

    fn signals(&self) -> Signals {
        self.bells.signals()
    }
}
