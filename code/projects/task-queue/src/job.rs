//! A job as its sender describes it, and the names and numbers it is described with.
//!
//! Plain data: the sender fills in the fields, [`NewJob::check`] holds them to the limits.

use std::collections::HashSet;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::invalid::Invalid;
use crate::name::{QueueName, TaskName, cut};

/// The longest unique key, in bytes.
pub const KEY_LIMIT: usize = 200;
/// The most jobs one job can wait for.
pub const AFTER_LIMIT: usize = 100;
/// The longest span of time a job may state: 10 years, so that every sum of times fits its number.
pub const SPAN_LIMIT: Duration = Duration::from_secs(10 * 366 * 24 * 60 * 60);
/// The latest moment a job may name, the end of the year 9999: what lies beyond is a mistake, and
/// beyond 2^53 a store that counts in floating point has no moments of its own.
pub const LATEST: Timestamp = Timestamp(253_402_300_799_999);
/// The longest trace context, in bytes; the header `traceparent` of W3C has 55.
const TRACE_LIMIT: usize = 128;

/// Names a job forever. The sender makes it, so that sending the same job twice enqueues it once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct JobId(Uuid);

impl JobId {
    /// A new id; ids made later sort later.
    #[expect(clippy::new_without_default, reason = "two calls give two ids")]
    pub fn new() -> Self {
        Self(Uuid::now_v7())
    }

    /// The id that belongs to `name` within `space`, the same on every machine.
    pub(crate) fn derived(space: &str, name: &str) -> Self {
        let space = Uuid::new_v5(&Uuid::NAMESPACE_OID, space.as_bytes());
        Self(Uuid::new_v5(&space, name.as_bytes()))
    }

    /// The id of these 16 bytes.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(Uuid::from_bytes(bytes))
    }

    /// The 16 bytes of this id.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        self.0.as_bytes()
    }
}

impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl FromStr for JobId {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let wrong = |_| Invalid::new("job id", format!("{:?} is not a UUID", cut(text)));
        Uuid::try_parse(text).map(Self).map_err(wrong)
    }
}

/// How urgent a job is: 0 (can wait) to 9 (first). The law of [`Options::aging`] says what that buys.
///
/// [`Options::aging`]: crate::broker::Options::aging
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "u8")]
pub struct Priority(u8);

impl Priority {
    /// The priority of a job that states none: 5.
    pub const NORMAL: Self = Self(5);
    /// The highest priority: 9.
    pub const HIGHEST: Self = Self(9);

    /// Checks that `level` is 0 to 9.
    pub fn new(level: u8) -> Result<Self, Invalid> {
        if level > Self::HIGHEST.0 {
            let reason = format!("{level} is not one of 0 to 9");
            return Err(Invalid::new("priority", reason));
        }
        Ok(Self(level))
    }

    /// The number, 0 to 9.
    pub const fn level(self) -> u8 {
        self.0
    }
}

impl TryFrom<u8> for Priority {
    type Error = Invalid;

    fn try_from(level: u8) -> Result<Self, Invalid> {
        Self::new(level)
    }
}

/// A moment of the store's clock: milliseconds since 1970 (UTC).
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
pub struct Timestamp(pub i64);

/// When a job may start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Start {
    /// As soon as a worker is free.
    Now,
    /// This long after the store took it in.
    In(Duration),
    /// At this moment of the store's clock; a moment that has passed means now.
    At(Timestamp),
}

/// Keeps a second job with the same key out of the queue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unique {
    /// 1 to 200 bytes; counts within its queue.
    pub key: String,
    /// How long the key holds, from the moment the job is enqueued, whatever becomes of the job.
    /// Canceling the job before it runs gives the key back.
    pub ttl: Duration,
}

/// A job to enqueue. [`NewJob::new`] fills in what most jobs want; change the fields that differ.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewJob {
    /// Made by the sender: enqueuing the same id again answers with the job that is there.
    pub id: JobId,
    /// The queue it waits in.
    pub queue: QueueName,
    /// The handler that runs it.
    pub task: TaskName,
    /// The handler's input, JSON by agreement; the broker does not look inside.
    pub payload: String,
    /// How urgent it is.
    pub priority: Priority,
    /// When it may start.
    pub start: Start,
    /// How often it may fail: after that many failures it is a dead letter. At least 1.
    pub max_attempts: u32,
    /// How long after enqueuing it is still worth starting; later it becomes a dead letter.
    pub max_age: Option<Duration>,
    /// How long one attempt may run. The worker enforces it.
    pub timeout: Duration,
    /// How long the result can be asked for; zero keeps no trace of a completed job.
    pub keep_result: Duration,
    /// At most one job with this key.
    pub unique: Option<Unique>,
    /// Starts after all of these have completed. Each must be known to the store, or stand earlier
    /// in the same batch: so no circle can be built. A job that became a dead letter holds its
    /// followers until it is requeued; when it is purged or canceled, they become dead letters.
    pub after: Vec<JobId>,
    /// The sender's trace context (`traceparent`), handed to the handler.
    pub trace: Option<String>,
}

impl NewJob {
    /// A job for now: normal priority, 5 attempts, 60 s each, its result kept for an hour.
    pub fn new(queue: QueueName, task: TaskName, payload: impl Into<String>) -> Self {
        Self {
            id: JobId::new(),
            queue,
            task,
            payload: payload.into(),
            priority: Priority::NORMAL,
            start: Start::Now,
            max_attempts: 5,
            max_age: None,
            timeout: Duration::from_secs(60),
            keep_result: Duration::from_secs(60 * 60),
            unique: None,
            after: Vec::new(),
            trace: None,
        }
    }

    /// Checks every field that its type leaves open, against `payload_limit` bytes and the
    /// constants of this file. A broker calls it before it touches its store.
    pub fn check(&self, payload_limit: usize) -> Result<(), Invalid> {
        check_length("payload", self.payload.len(), payload_limit)?;
        let trace = self.trace.as_ref().map_or(0, String::len);
        check_length("trace", trace, TRACE_LIMIT)?;
        if self.max_attempts == 0 {
            return Err(Invalid::new("max_attempts", "0 attempts is no job"));
        }
        if self.timeout < Duration::from_millis(1) {
            return Err(Invalid::new("timeout", "it is below 1 ms"));
        }
        let start = match self.start {
            Start::In(delay) => delay,
            Start::At(moment) if moment > LATEST => {
                let reason = format!("{} ms is after the year 9999", moment.0);
                return Err(Invalid::new("run_at", reason));
            }
            Start::Now | Start::At(_) => Duration::ZERO,
        };
        let unique = self.unique.as_ref();
        let ttl = unique.map_or(Duration::ZERO, |unique| unique.ttl);
        let max_age = self.max_age.unwrap_or_default();
        for (field, span) in [
            ("start", start),
            ("max_age", max_age),
            ("timeout", self.timeout),
            ("keep_result", self.keep_result),
            ("unique.ttl", ttl),
        ] {
            check_span(field, span)?;
        }
        self.check_after()?;
        unique.map_or(Ok(()), |unique| check_key(&unique.key))
    }

    fn check_after(&self) -> Result<(), Invalid> {
        let mut seen = HashSet::new();
        if self.after.len() > AFTER_LIMIT {
            let reason = format!("{} jobs, the limit is {AFTER_LIMIT}", self.after.len());
            return Err(Invalid::new("after", reason));
        }
        for id in &self.after {
            if *id == self.id || !seen.insert(id) {
                let reason = format!("{id} is this job itself, or stands there twice");
                return Err(Invalid::new("after", reason));
            }
        }
        Ok(())
    }
}

pub(crate) fn check_length(what: &'static str, length: usize, limit: usize) -> Result<(), Invalid> {
    if length > limit {
        let reason = format!("it has {length} bytes, the limit is {limit}");
        return Err(Invalid::new(what, reason));
    }
    Ok(())
}

pub(crate) fn check_span(what: &'static str, span: Duration) -> Result<(), Invalid> {
    if span > SPAN_LIMIT {
        let reason = format!("{span:?} is more than 10 years");
        return Err(Invalid::new(what, reason));
    }
    Ok(())
}

fn check_key(key: &str) -> Result<(), Invalid> {
    if key.is_empty() {
        return Err(Invalid::new("unique.key", "it is empty"));
    }
    check_length("unique.key", key.len(), KEY_LIMIT)
}
