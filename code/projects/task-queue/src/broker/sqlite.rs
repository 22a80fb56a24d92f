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
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::error::BrokerError;
use crate::job::{JobId, NewJob, Timestamp};
use crate::name::{QueueName, ScheduleName, WorkerId};

use super::bells::Bells;
use super::lease::{check_batch, check_lease};
use super::{
    BATCH_LIMIT, Broker, Cancel, Claim, Cursor, Enqueued, Extended, Finish, Finished, Heartbeat,
    JobStatus, JobView, Lease, LeaseKey, Leases, NewSchedule, Options, Page, ScheduleView, Select,
    Signals, Stats, Upkeep, WorkerReport,
};

mod connection;
mod enqueue;
mod leases;
mod moves;
mod notes;
mod reader;
mod transaction;
mod upkeep;
mod writer;

pub use connection::Sync;
use reader::Reader;
use transaction::millis;
use writer::Writer;

/// What another process does to the file rings no bell here.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Microseconds since 1970.
pub type Clock = Arc<dyn Fn() -> i64 + Send + std::marker::Sync>;

/// A task queue in a SQLite file.
#[derive(Clone)]
pub struct SqliteBroker {
    writer: Writer,
    reader: Reader,
    bells: Arc<Bells>,
    options: Options,
    clock: Clock,
}

impl SqliteBroker {
    /// Opens the file, and makes it if it is not there.
    pub async fn open(path: &Path, sync: Sync, options: Options) -> Result<Self, BrokerError> {
        Self::open_with_clock(path, sync, options, Arc::new(system_clock)).await
    }

    /// As [`open`](Self::open), with a clock of the caller's, for tests.
    pub async fn open_with_clock(
        path: &Path,
        sync: Sync,
        options: Options,
        clock: Clock,
    ) -> Result<Self, BrokerError> {
        let path = path.to_owned();
        let opening = tokio::task::spawn_blocking(move || {
            let connection = connection::open_writer(&path, sync)?;
            let reader = Reader::open(&path)?;
            let bells = Arc::new(Bells::new(LOOK_EVERY));
            let writer = Writer::spawn(connection, options.clone(), clock.clone(), bells.clone())?;
            Ok(Self {
                writer,
                reader,
                bells,
                options,
                clock,
            })
        });
        opening.await.map_err(|_| BrokerError::Closed)?
    }

    fn now(&self) -> i64 {
        (self.clock)().div_euclid(1000)
    }
}

impl Leases for SqliteBroker {
    async fn enqueue(&self, jobs: Vec<NewJob>) -> Result<Vec<Enqueued>, BrokerError> {
        check_batch("jobs", jobs.len())?;
        jobs.iter()
            .try_for_each(|job| job.check(self.options.max_payload))?;
        self.writer
            .run(move |transaction| transaction.enqueue(&jobs))
            .await
    }

    async fn claim(&self, claim: Claim) -> Result<Vec<Lease>, BrokerError> {
        claim.check()?;
        self.writer
            .run(move |transaction| transaction.claim(&claim))
            .await
    }

    async fn extend(
        &self,
        heartbeats: Vec<Heartbeat>,
        lease: Duration,
    ) -> Result<Vec<Extended>, BrokerError> {
        check_lease(lease)?;
        check_batch("heartbeats", heartbeats.len())?;
        heartbeats.iter().try_for_each(Heartbeat::check)?;
        self.writer
            .run(move |transaction| transaction.extend(&heartbeats, lease))
            .await
    }

    async fn finish(&self, finishes: Vec<Finish>) -> Result<Vec<Finished>, BrokerError> {
        check_batch("finishes", finishes.len())?;
        finishes
            .iter()
            .try_for_each(|finish| finish.check(self.options.max_payload))?;
        self.writer
            .run(move |transaction| transaction.finish(&finishes))
            .await
    }

    async fn held(&self, worker: WorkerId) -> Result<Vec<LeaseKey>, BrokerError> {
        self.reader
            .look(move |connection| reader::held(connection, worker.as_str()))
            .await
    }

    async fn upkeep(&self, limit: usize) -> Result<Upkeep, BrokerError> {
        let limit = limit.clamp(1, BATCH_LIMIT);
        self.writer
            .run(move |transaction| transaction.upkeep(limit))
            .await
    }

    async fn stats(&self) -> Result<Stats, BrokerError> {
        let micros = (self.clock)();
        self.reader
            .look(move |connection| reader::stats(connection, micros))
            .await
    }

    async fn report_worker(&self, report: WorkerReport, ttl: Duration) -> Result<(), BrokerError> {
        let ttl = millis(ttl);
        self.writer
            .run(move |transaction| transaction.report_worker(&report, ttl))
            .await
    }

    fn signals(&self) -> Signals {
        self.bells.signals()
    }
}

impl Broker for SqliteBroker {
    async fn cancel(&self, job: JobId) -> Result<Cancel, BrokerError> {
        self.writer
            .run(move |transaction| transaction.cancel(job))
            .await
    }

    async fn inspect(&self, job: JobId) -> Result<Option<JobView>, BrokerError> {
        let now = self.now();
        self.reader
            .look(move |connection| reader::view(connection, job, now))
            .await
    }

    async fn wait(&self, job: JobId, patience: Duration) -> Result<Option<JobStatus>, BrokerError> {
        let look = || {
            let now = self.now();
            self.reader
                .look(move |connection| reader::status(connection, job, now))
        };
        self.bells.wait(job, patience, look).await
    }

    async fn dead_letters(
        &self,
        queue: QueueName,
        cursor: Option<Cursor>,
        limit: usize,
    ) -> Result<Page, BrokerError> {
        let limit = limit.clamp(1, BATCH_LIMIT);
        let look =
            move |connection: &_| reader::dead_letters(connection, queue.as_str(), cursor, limit);
        self.reader.look(look).await
    }

    async fn requeue(&self, which: Select) -> Result<u64, BrokerError> {
        let which = which.checked()?;
        self.writer
            .run(move |transaction| transaction.requeue(&which))
            .await
    }

    async fn purge(&self, which: Select) -> Result<u64, BrokerError> {
        let which = which.checked()?;
        self.writer
            .run(move |transaction| transaction.purge(&which))
            .await
    }

    async fn pause(&self, queue: QueueName, paused: bool) -> Result<(), BrokerError> {
        self.writer
            .run(move |transaction| transaction.pause(queue.as_str(), paused))
            .await
    }

    async fn put_schedule(&self, schedule: NewSchedule) -> Result<(), BrokerError> {
        schedule.check(self.options.max_payload)?;
        let next = schedule.next_after(Timestamp(self.now()))?;
        self.writer
            .run(move |transaction| transaction.put_schedule(&schedule, next))
            .await
    }

    async fn schedules(&self) -> Result<Vec<ScheduleView>, BrokerError> {
        self.reader.look(reader::schedules).await
    }

    async fn remove_schedule(&self, name: ScheduleName) -> Result<bool, BrokerError> {
        self.writer
            .run(move |transaction| transaction.remove_schedule(name.as_str()))
            .await
    }

    async fn workers(&self) -> Result<Vec<WorkerReport>, BrokerError> {
        let now = self.now();
        self.reader
            .look(move |connection| reader::workers(connection, now))
            .await
    }

    async fn ping(&self) -> Result<(), BrokerError> {
        self.writer.run(|_| Ok(())).await
    }

    async fn forget(&self, queue: QueueName) -> Result<bool, BrokerError> {
        self.writer
            .run(move |transaction| transaction.forget_queue(queue.as_str()))
            .await
    }

    /// The file then holds everything, and nothing stands beside it, unless another process has it open.
    async fn close(&self) -> Result<(), BrokerError> {
        self.reader.close().await?;
        self.writer.close().await
    }
}

fn system_clock() -> i64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}
