//! What a store of jobs promises: the traits [`Leases`] and [`Broker`].
//!
//! Two stores keep these promises, and one conformance suite holds both to them
//! (`tests/conformance.rs`): [`sqlite`], a file beside the program, and [`redis`], for many machines.
//!
//! - **At least once.** A job whose `enqueue` has answered runs until it is completed, dead or
//!   canceled. A job may run twice (its worker stalled, a reply was lost), never zero times.
//! - **Once acknowledged, never again.** A job that `finish` has called completed is not handed out again.
//! - **Fenced.** Each lease has a token, larger than every earlier one of the same job.
//!   After the job was leased again, the old token can neither extend nor finish it.
//! - **The store's clock.** No worker's clock decides anything.
//! - **In order.** Within a queue and a priority, jobs are claimed in the order in which they
//!   became ready; [`Options::aging`] bounds what a higher priority may do to a lower one.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::invalid::Invalid;
use crate::job::{JobId, NewJob};
use crate::name::{QueueName, ScheduleName, WorkerId};
use crate::sync::watch;

mod bells;
mod history;
mod lease;
mod options;
pub mod redis;
mod schedule;
pub mod sqlite;
mod store_url;
mod view;

pub use lease::{
    Claim, Extended, Finish, Finished, Heartbeat, Lease, LeaseKey, NOTE_LIMIT, Outcome, Progress,
};
pub use options::Options;
pub use schedule::{NewSchedule, ScheduleView};
pub use store_url::StoreUrl;
pub use view::{
    Attempt, AttemptEnd, Counters, JobState, JobStatus, JobView, Page, QueueStats, Stats,
    WorkerReport,
};

/// Most jobs or leases in one call; what is longer is refused, so that one caller cannot hold up all others.
pub const BATCH_LIMIT: usize = 1000;

/// What senders and workers ask of a store of jobs. Handles are cheap to clone and share one store.
///
/// Every call is a batch, because that is where the speed is: a commit or a round trip costs the
/// same for one job as for a hundred. A batch is done as a whole or not at all, unless the answer
/// speaks of each item.
///
/// **Cancel safety.** A call that was started may take effect although its future was dropped, or
/// although it answered [`BrokerError::Unavailable`]. Each can be sent again: `enqueue` knows the
/// job's id, `finish` the lease's token. A `claim` whose answer is lost leaves leases behind that
/// no one holds; they run out like those of a crashed worker.
pub trait Leases: Clone + Send + Sync + 'static {
    // ANCHOR: calls
    /// Stores jobs, in order, and answers once they are as durable as the store makes them.
    ///
    /// All or none: one job that is invalid or does not fit keeps the whole batch out.
    fn enqueue(&self, jobs: Vec<NewJob>) -> impl Future<Output = Result<Vec<Enqueued>>> + Send;

    /// Leases ready jobs, first in line first. Empty if there is none; it does not wait
    /// (see [`signals`](Leases::signals)). Jobs above their maximum age become dead letters on the way.
    fn claim(&self, claim: Claim) -> impl Future<Output = Result<Vec<Lease>>> + Send;

    /// Heartbeats: each lease that is still held ends `lease` from now, and its progress is noted.
    /// Answers in the order asked.
    fn extend(
        &self,
        heartbeats: Vec<Heartbeat>,
        lease: Duration,
    ) -> impl Future<Output = Result<Vec<Extended>>> + Send;

    /// Ends leases. Answers in the order asked; a lease that was lost changes nothing
    /// ([`Finished::LeaseLost`]). The same call again answers the same, as long as the store keeps the job.
    fn finish(&self, finishes: Vec<Finish>) -> impl Future<Output = Result<Vec<Finished>>> + Send;
    // ANCHOR_END: calls

    /// What a process holds by the store's books, of the [`BATCH_LIMIT`] leases that end last. A worker that
    /// missed the answer of a claim asks for it, and hands back what it does not know of.
    fn held(&self, worker: WorkerId) -> impl Future<Output = Result<Vec<LeaseKey>>> + Send;

    /// Does what time asks for, at most `limit` jobs of each kind: jobs whose lease ran out go back to
    /// their queue (at once, later or not at all, see [`Options::recovery_spread`] and
    /// [`Options::max_recoveries`]), delayed jobs that fell
    /// due become ready, schedules that fell due enqueue their job, results and worker reports that
    /// expired are deleted.
    ///
    /// Every server calls it again after [`Upkeep::next`], or when [`Signals::due`] changes;
    /// that several do so at once is harmless.
    fn upkeep(&self, limit: usize) -> impl Future<Output = Result<Upkeep>> + Send;

    /// Numbers of every queue that ever had a job, in alphabetical order. Cheap at any depth.
    fn stats(&self) -> impl Future<Output = Result<Stats>> + Send;

    /// Tells the others that a worker process lives; it is forgotten after `ttl` without another report.
    fn report_worker(
        &self,
        report: WorkerReport,
        ttl: Duration,
    ) -> impl Future<Output = Result<()>> + Send;

    /// Wake-up signals, so that at rest hardly anything has to be asked.
    fn signals(&self) -> Signals;
}

/// What people ask of a store besides, through the HTTP API. Cancel safety is that of [`Leases`].
pub trait Broker: Leases {
    /// Cancels a job: at once if it waits, otherwise by asking its worker
    /// ([`Extended::CancelRequested`]). Jobs that wait for it become dead letters.
    fn cancel(&self, job: JobId) -> impl Future<Output = Result<Cancel>> + Send;

    /// Everything that is known of a job, with the history of its attempts.
    fn inspect(&self, job: JobId) -> impl Future<Output = Result<Option<JobView>>> + Send;

    /// How a job stands, once it has ended or `patience` is over; with `Duration::ZERO`, now.
    /// `None` if the job is not known (anymore). Cancel-safe. Waiting costs the store nothing:
    /// the end of the job is signaled.
    fn wait(
        &self,
        job: JobId,
        patience: Duration,
    ) -> impl Future<Output = Result<Option<JobStatus>>> + Send;

    /// Dead letters of a queue, the newest first, `limit` (at most [`BATCH_LIMIT`]) from `cursor` on.
    fn dead_letters(
        &self,
        queue: QueueName,
        cursor: Option<i64>,
        limit: usize,
    ) -> impl Future<Output = Result<Page>> + Send;

    /// Makes dead letters ready again, with fresh attempts, recoveries and age. Answers how many.
    /// A queue that is full takes none: [`BrokerError::QueueFull`].
    fn requeue(&self, which: Select) -> impl Future<Output = Result<u64>> + Send;

    /// Deletes dead letters; jobs that waited for one of them become dead letters. Answers how many.
    fn purge(&self, which: Select) -> impl Future<Output = Result<u64>> + Send;

    /// Stops handing out jobs of a queue, or goes on. Jobs that run are not touched.
    fn pause(&self, queue: QueueName, paused: bool) -> impl Future<Output = Result<()>> + Send;

    /// Adds a schedule, or replaces the one of that name.
    fn put_schedule(&self, schedule: NewSchedule) -> impl Future<Output = Result<()>> + Send;

    /// Forgets a queue that holds no job, with its numbers and whether it is paused; answers whether
    /// it was known. One that holds jobs is [`BrokerError::Invalid`]. Its next job makes it anew.
    fn forget(&self, queue: QueueName) -> impl Future<Output = Result<bool>> + Send;

    /// All schedules, in alphabetical order.
    fn schedules(&self) -> impl Future<Output = Result<Vec<ScheduleView>>> + Send;

    /// Removes a schedule; answers whether there was one. Jobs it has enqueued stay.
    fn remove_schedule(&self, name: ScheduleName) -> impl Future<Output = Result<bool>> + Send;

    /// The worker processes that have reported, in the order of their ids.
    fn workers(&self) -> impl Future<Output = Result<Vec<WorkerReport>>> + Send;

    /// Asks the store for a sign of life. The error says why a server is not ready.
    fn ping(&self) -> impl Future<Output = Result<()>> + Send;

    /// Ends the work of this process on the store: what was answered is in its place, and every
    /// later call of any handle may answer [`BrokerError::Closed`].
    fn close(&self) -> impl Future<Output = Result<()>> + Send;
}

/// Counters that change when there is something to do. A change that happens between a look and
/// a wait is not lost. They are hints: a signal may come for nothing, and one may be lost when the
/// connection to the store breaks, so look every [`look_every`](Self::look_every) all the same.
#[derive(Clone, Debug)]
pub struct Signals {
    /// Jobs became ready after a `claim` had found none, in whichever queue.
    pub ready: watch::Receiver<u64>,
    /// Something falls due earlier than was known: call `upkeep`.
    pub due: watch::Receiver<u64>,
    /// Someone asked for a running job to be canceled: send the heartbeats now.
    pub cancel: watch::Receiver<u64>,
    /// A first lease began, so that something can run out: call `upkeep` within a second.
    pub leased: watch::Receiver<u64>,
    /// How long a lost signal may go unnoticed.
    pub look_every: Duration,
}

/// What became of one job that was enqueued.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Enqueued {
    /// It is stored.
    New(JobId),
    /// Its id was enqueued before: nothing changed.
    Known(JobId),
    /// Its unique key belongs to this other job: nothing changed.
    Duplicate(JobId),
}

/// What canceling did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cancel {
    /// It waited, and will not run.
    Canceled,
    /// It runs; its worker will hear of it with the next heartbeat.
    Requested,
    /// It had ended before: completed, dead or canceled.
    TooLate,
    /// There is no such job (anymore).
    Unknown,
}

/// What `upkeep` did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Upkeep {
    /// Jobs whose lease ran out, back in their queue.
    pub recovered: u64,
    /// Jobs that lost one worker too many, now dead letters.
    pub poisoned: u64,
    /// Delayed jobs that became ready.
    pub promoted: u64,
    /// Jobs enqueued by schedules.
    pub scheduled: u64,
    /// Results, dead letters above the limit and worker reports deleted.
    pub expired: u64,
    /// When to call again: zero if a limit cut it short.
    pub next: Duration,
}

/// Which dead letters: some by their ids, or the oldest of a queue. At most [`BATCH_LIMIT`] a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged, deny_unknown_fields)]
pub enum Select {
    /// These; ids of other jobs are passed over.
    Jobs {
        /// Their ids.
        jobs: Vec<JobId>,
    },
    /// The oldest of a queue.
    Oldest {
        /// The queue.
        queue: QueueName,
        /// At most so many.
        oldest: usize,
    },
}

impl Select {
    /// Within the limit: too many ids are refused, too large a number is what one call does.
    pub(crate) fn checked(mut self) -> Result<Self, Invalid> {
        match &mut self {
            Self::Jobs { jobs } => lease::check_batch("jobs", jobs.len())?,
            Self::Oldest { oldest, .. } => *oldest = (*oldest).min(BATCH_LIMIT),
        }
        Ok(self)
    }
}
