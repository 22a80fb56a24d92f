//! What can be seen of jobs, queues and workers.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::de::{self, value::MapDeserializer};
use serde::{Deserialize, Serialize};

use crate::job::{JobId, Priority, Timestamp};
use crate::name::{QueueName, TaskName, WorkerId};

use super::Progress;

/// Where a job is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JobState {
    /// In line for a worker.
    Ready,
    /// Waits for its time: for the first start, or after a failure.
    Delayed,
    /// Waits for other jobs.
    Blocked,
    /// Leased to a worker.
    Running,
    /// Ended well.
    Completed,
    /// A dead letter: failed, expired or poisoned.
    Dead,
    /// Ended by request.
    Canceled,
}

impl JobState {
    /// Whether the job will not change by itself anymore.
    pub fn has_ended(self) -> bool {
        matches!(self, Self::Completed | Self::Dead | Self::Canceled)
    }
}

/// How a job stands, for the one who waits for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobStatus {
    /// Where it is.
    pub state: JobState,
    /// What a completed job returned.
    pub result: Option<String>,
    /// The last error, or why it is dead.
    pub error: Option<String>,
    /// What its handler last reported.
    pub progress: Option<Progress>,
}

/// Everything that is known of a job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobView {
    /// Its id.
    pub id: JobId,
    /// Its queue.
    pub queue: QueueName,
    /// Its handler.
    pub task: TaskName,
    /// Its input.
    pub payload: String,
    /// Its priority.
    pub priority: Priority,
    /// State, result, error, progress.
    #[serde(flatten)]
    pub status: JobStatus,
    /// How often it failed.
    pub failures: u32,
    /// After this many failures it is dead.
    pub max_attempts: u32,
    /// How often its worker was lost.
    pub recoveries: u32,
    /// When it was enqueued.
    pub enqueued_at: Timestamp,
    /// When it ends in its present state by itself: falls due (delayed), loses its lease (running),
    /// is forgotten (completed, canceled).
    pub until: Option<Timestamp>,
    /// Jobs it still waits for, while it is blocked.
    pub waits_for: u64,
    /// Whether someone asked for it to be canceled.
    pub cancel_requested: bool,
    /// The sender's trace context.
    pub trace: Option<String>,
    /// Its attempts, the oldest first; of many, the last 20.
    pub attempts: Vec<Attempt>,
}

/// One lease in the life of a job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// Who ran it.
    pub worker: WorkerId,
    /// When it was claimed.
    pub started_at: Timestamp,
    /// When it ended; `None` while it runs.
    pub ended_at: Option<Timestamp>,
    /// How it ended.
    pub end: AttemptEnd,
    /// What went wrong.
    pub error: Option<String>,
}

/// How an attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AttemptEnd {
    /// It runs.
    Running,
    /// Well.
    Completed,
    /// The handler failed.
    Failed,
    /// The lease ran out.
    Lost,
    /// The worker handed it back.
    Released,
    /// By request.
    Canceled,
}

/// Part of a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page {
    /// The jobs.
    pub jobs: Vec<JobView>,
    /// The `cursor` of the next page; `None` at the end.
    pub next: Option<i64>,
}

/// Numbers of all queues at one moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stats {
    /// The moment, by the store's clock.
    pub at: Timestamp,
    /// The queues, in alphabetical order.
    pub queues: Vec<QueueStats>,
}

/// Numbers of one queue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueueStats {
    /// Its name.
    pub queue: QueueName,
    /// Whether it is paused.
    pub paused: bool,
    /// Ready jobs by priority, 0 to 9.
    pub ready: [u64; 10],
    /// How long the job at the head of the line has been ready. With one priority it is the
    /// oldest; otherwise a job may be older by at most nine times the aging.
    pub head_wait: Option<Duration>,
    /// Jobs that wait for their time.
    pub delayed: u64,
    /// Jobs that wait for other jobs.
    pub blocked: u64,
    /// Jobs that are leased.
    pub running: u64,
    /// Dead letters.
    pub dead: u64,
    /// Since the store was made.
    pub counters: Counters,
}

impl QueueStats {
    /// Reads the numbers by their names in the store. `head` is when the first in line became ready,
    /// in microseconds as `now`.
    pub(crate) fn of(
        queue: QueueName,
        now: i64,
        head: Option<i64>,
        counts: &BTreeMap<String, i64>,
    ) -> Self {
        let count = |name: &str| counts.get(name).map_or(0, |n| n.max(&0).unsigned_abs());
        let waited = |stamp: i64| Duration::from_micros((now - stamp).max(0).unsigned_abs());
        let counters = counts.keys().map(|name| (name.as_str(), count(name)));
        let counters = Counters::deserialize(MapDeserializer::<_, de::value::Error>::new(counters));
        Self {
            queue,
            paused: count("paused") > 0,
            ready: std::array::from_fn(|level| count(&format!("ready{level}"))),
            head_wait: head.map(waited),
            delayed: count("delayed"),
            blocked: count("blocked"),
            running: count("running"),
            dead: count("dead"),
            counters: counters.unwrap_or_default(),
        }
    }

    /// All ready jobs.
    pub fn depth(&self) -> u64 {
        self.ready.iter().sum()
    }
}

/// How many jobs ever went which way; they only grow. The fields have their names in the store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Counters {
    /// Stored by `enqueue` or a schedule.
    pub enqueued: u64,
    /// Ended well.
    pub completed: u64,
    /// Failed and will be tried again.
    pub retried: u64,
    /// Became dead letters, for whatever reason.
    pub died: u64,
    /// Of those: their maximum age had passed before they started.
    pub expired: u64,
    /// Of those: they lost one worker too many.
    pub poisoned: u64,
    /// Lost their worker and went back in line.
    pub recovered: u64,
    /// Handed back by a worker that shut down.
    pub released: u64,
    /// Ended by request.
    pub canceled: u64,
    /// Dead letters made ready again.
    pub requeued: u64,
}

/// What a worker process tells about itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkerReport {
    /// The process.
    pub id: WorkerId,
    /// The id that its machine knows the process by.
    #[serde(default)]
    pub process: u32,
    /// The tasks it has handlers for, in alphabetical order.
    #[serde(default)]
    pub tasks: Vec<TaskName>,
    /// The queues it serves.
    pub queues: Vec<QueueName>,
    /// How many jobs it can run at once, at present.
    pub concurrency: u32,
    /// How many it runs.
    pub running: u32,
    /// Whether it shuts down.
    pub draining: bool,
    /// When it started, by its own clock: for people, nothing is computed from it.
    pub started_at: Timestamp,
}
