//! Leases: who may run a job, until when, and how that ends.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::invalid::Invalid;
use crate::job::{JobId, Priority, check_length, check_span};
use crate::name::{QueueName, TaskName, WorkerId};

use super::BATCH_LIMIT;

/// The longest note of a progress, in bytes.
pub const NOTE_LIMIT: usize = 200;
/// The longest error kept in a job's history, in bytes; the rest is cut.
pub const ERROR_LIMIT: usize = 2000;
/// The shortest and the longest lease.
pub const LEASE_RANGE: (Duration, Duration) =
    (Duration::from_millis(10), Duration::from_secs(3600));

/// A wish for jobs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// Served in this order, each until it is empty: change the order from call to call for fairness.
    pub queues: Vec<QueueName>,
    /// The most jobs to lease, at most [`BATCH_LIMIT`].
    pub max: usize,
    /// The process that will run them.
    pub worker: WorkerId,
    /// How long it may hold them without a heartbeat.
    pub lease: Duration,
}

/// The right to run a job until the lease ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// Identifies this lease in heartbeats and at the end.
    pub key: LeaseKey,
    /// The queue it came from.
    pub queue: QueueName,
    /// The handler to run.
    pub task: TaskName,
    /// The handler's input.
    pub payload: String,
    /// Its priority.
    pub priority: Priority,
    /// 1 for the first attempt, one more after each failure.
    pub attempt: u32,
    /// The last attempt has this number.
    pub max_attempts: u32,
    /// How often a worker was lost with this job.
    pub recoveries: u32,
    /// How long this attempt may run.
    pub timeout: Duration,
    /// How long it had been ready, by the store's clock.
    pub waited: Duration,
    /// The sender's trace context.
    pub trace: Option<String>,
}

/// A job and the fencing token of one lease on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct LeaseKey {
    /// The job.
    pub job: JobId,
    /// Larger for each new lease of the same job, even if the store lost its memory in between:
    /// it follows the clock (in microseconds), and steps over where the clock does not advance.
    pub token: u64,
}

/// A sign of life for one lease.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heartbeat {
    /// The lease.
    pub key: LeaseKey,
    /// What to note of the job's progress, if it changed.
    pub progress: Option<Progress>,
}

/// How far a running job has come, as its handler tells.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// Steps done.
    pub done: u64,
    /// Steps in all; 0 if that is not known.
    pub total: u64,
    /// A word on the present step, at most 200 bytes.
    pub note: String,
}

/// How a lease stands after a heartbeat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extended {
    /// Held, and extended.
    Held,
    /// Held and extended; someone wants the job canceled. Stop it and finish with [`Outcome::Canceled`].
    CancelRequested,
    /// Lost: the job is or will be someone else's. Stop it; its result will not be taken.
    Lost,
}

/// The end of one lease.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finish {
    /// The lease.
    pub key: LeaseKey,
    /// How it ends.
    pub outcome: Outcome,
}

/// How a lease ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The handler succeeded, with this result (JSON by agreement).
    Completed(String),
    /// The handler failed: again after this delay, or, if that was the last attempt, to the dead letters.
    Retry {
        /// How long to wait, from now.
        after: Duration,
        /// What went wrong; cut at 2,000 bytes.
        error: String,
    },
    /// The handler failed for good: to the dead letters.
    Dead {
        /// What went wrong; cut at 2,000 bytes.
        error: String,
    },
    /// The handler stopped because it was asked to.
    Canceled,
    /// No one's fault (the worker shuts down): back to its place in line, no attempt is counted.
    Released,
}

/// What became of a job whose lease was to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Finished {
    /// Completed, for good.
    Completed,
    /// It will be tried again.
    Retrying,
    /// It is a dead letter.
    Dead,
    /// It is canceled. Also the answer to `Retry` and `Released` if someone had asked for that.
    Canceled,
    /// It waits in its place again.
    Released,
    /// The lease had been lost: nothing changed.
    LeaseLost,
}

impl Claim {
    pub(crate) fn check(&self) -> Result<(), Invalid> {
        check_batch("claim.max", self.max)?;
        check_batch("claim.queues", self.queues.len())?;
        check_lease(self.lease)
    }
}

impl Heartbeat {
    pub(crate) fn check(&self) -> Result<(), Invalid> {
        let progress = self.progress.as_ref();
        let note = progress.map_or(0, |progress| progress.note.len());
        check_length("progress.note", note, NOTE_LIMIT)
    }
}

impl Finish {
    pub(crate) fn check(&self, result_limit: usize) -> Result<(), Invalid> {
        match &self.outcome {
            Outcome::Completed(result) => check_length("result", result.len(), result_limit),
            Outcome::Retry { after, .. } => check_span("retry.after", *after),
            Outcome::Dead { .. } | Outcome::Canceled | Outcome::Released => Ok(()),
        }
    }
}

pub(crate) fn check_lease(lease: Duration) -> Result<(), Invalid> {
    let (shortest, longest) = LEASE_RANGE;
    if lease < shortest || lease > longest {
        let reason = format!("{lease:?} is not between {shortest:?} and {longest:?}");
        return Err(Invalid::new("lease", reason));
    }
    Ok(())
}

pub(crate) fn check_batch(what: &'static str, length: usize) -> Result<(), Invalid> {
    if length > BATCH_LIMIT {
        let reason = format!("{length} at once, the limit is {BATCH_LIMIT}");
        return Err(Invalid::new(what, reason));
    }
    Ok(())
}

/// A batch that is neither too long nor has an item that breaks a rule.
pub(crate) fn check_all<T>(
    what: &'static str,
    items: &[T],
    check: impl Fn(&T) -> Result<(), Invalid>,
) -> Result<(), Invalid> {
    check_batch(what, items.len())?;
    items.iter().try_for_each(check)
}

/// An error message, cut to what a history keeps of it.
pub(crate) fn cut_error(error: &str) -> &str {
    &error[..error.floor_char_boundary(ERROR_LIMIT)]
}

/// How long a job that has lost so many workers waits, in milliseconds: nothing the first time, then
/// a part of `longest` that depends on its id and that number. upkeep.lua says the same.
pub(crate) fn spread(job: JobId, recoveries: u32, longest: Duration) -> i64 {
    if recoveries < 2 {
        return 0;
    }
    let [.., high, low] = *job.as_bytes();
    let end = u64::from(u16::from_be_bytes([high, low]));
    // An odd factor leads ids that follow each other far apart, and never two to one place.
    let part = end * (40_503 + 2 * u64::from(recoveries)) % 65_536;
    let longest = u64::try_from(longest.as_millis()).unwrap_or(u64::MAX);
    i64::try_from(longest.saturating_mul(part) / 65_536).unwrap_or(i64::MAX)
}
