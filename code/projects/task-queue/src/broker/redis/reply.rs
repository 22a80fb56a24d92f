//! Answers of the scripts, read into the broker's types.

use std::collections::{BTreeMap, HashMap};
use std::str::{FromStr, Split};
use std::time::Duration;

use redis::{FromRedisValue, Value};
use serde::Deserialize;
use serde::de::value::StrDeserializer;
use serde::de::{self, IntoDeserializer};

use crate::broker::{
    Enqueued, JobState, JobStatus, JobView, Lease, LeaseKey, Page, QueueStats, Stats, history,
};
use crate::error::{BrokerError, Result};
use crate::job::{JobId, NewJob, Priority, Timestamp};
use crate::name::{QueueName, TaskName, WorkerId, cut};

pub(super) fn read<T: FromRedisValue>(value: Value) -> Result<T> {
    Ok(T::from_redis_value(value).map_err(redis::RedisError::from)?)
}

fn number<T: FromStr>(what: &str, text: &str) -> Result<T> {
    text.parse()
        .map_err(|_| BrokerError::damaged(format!("{what} is {text:?}")))
}

/// One of an enum's names, as serde writes it.
pub(super) fn word<'a, T: Deserialize<'a>>(word: &'a str) -> Result<T> {
    let word: StrDeserializer<'_, de::value::Error> = word.into_deserializer();
    T::deserialize(word).map_err(BrokerError::damaged)
}

/// A record; see common.lua.
struct Record<'a> {
    state: JobState,
    priority: Priority,
    token: u64,
    worker: Option<WorkerId>,
    claimed_at: i64,
    ended_at: i64,
    keep_result: i64,
    queue: QueueName,
    stamp: i64,
    failures: u32,
    recoveries: u32,
    task: TaskName,
    max_attempts: u32,
    timeout: u64,
    enqueued_at: i64,
    trace: Option<String>,
    payload: &'a str,
    result: &'a str,
}

impl<'a> Record<'a> {
    fn parse(id: &str, text: &'a str) -> Result<Self> {
        Self::split(text)
            .ok_or_else(|| BrokerError::damaged(format!("job {id} has the record {:?}", cut(text))))
    }

    fn split(text: &'a str) -> Option<Self> {
        let (line, rest) = text.split_once('\n')?;
        let (line, payload) = line.rsplit_once(' ')?;
        let (line, trace) = line.rsplit_once(' ')?;
        let (trace, rest) = rest.split_at_checked(trace.parse().ok()?)?;
        let (payload, result) = rest.split_at_checked(payload.parse().ok()?)?;
        let words = &mut line.split(' ');
        let record = Self {
            state: word(words.next()?).ok()?,
            // Behind the mark of a plain job.
            priority: Priority::new(words.next()?.get(1..)?.parse().ok()?).ok()?,
            token: field(words)?,
            worker: WorkerId::new(words.next()?).ok(),
            claimed_at: field(words)?,
            ended_at: field(words)?,
            keep_result: field(words)?,
            queue: field(words)?,
            stamp: field(words)?,
            failures: field(words)?,
            recoveries: field(words)?,
            task: field(words)?,
            max_attempts: field(words)?,
            // Behind the maximum age, which only the scripts look at.
            timeout: words.nth(1)?.parse().ok()?,
            enqueued_at: field(words)?,
            trace: Some(trace.to_owned()).filter(|trace| !trace.is_empty()),
            payload,
            result,
        };
        words.next().is_none().then_some(record)
    }

    fn status(&self, error: Option<String>, progress: Option<String>) -> JobStatus {
        let completed = self.state == JobState::Completed;
        JobStatus {
            state: self.state,
            result: completed.then(|| self.result.to_owned()),
            error,
            progress: progress.and_then(|progress| serde_json::from_str(&progress).ok()),
        }
    }
}

fn field<T: FromStr>(words: &mut Split<'_, char>) -> Option<T> {
    words.next()?.parse().ok()
}

pub(super) fn enqueued(jobs: &[NewJob], answers: Vec<String>) -> Result<Vec<Enqueued>> {
    let each = jobs.iter().zip(answers);
    let each = each.map(|(job, answer)| match answer.as_str() {
        "new" => Ok(Enqueued::New(job.id)),
        "known" => Ok(Enqueued::Known(job.id)),
        owner => Ok(Enqueued::Duplicate(owner.parse()?)),
    });
    each.collect()
}

pub(super) fn lease(id: &str, record: &str) -> Result<Lease> {
    let record = Record::parse(id, record)?;
    let waited = record.claimed_at - record.stamp / 1000;
    Ok(Lease {
        key: LeaseKey {
            job: id.parse()?,
            token: record.token,
        },
        queue: record.queue,
        task: record.task,
        payload: record.payload.to_owned(),
        priority: record.priority,
        attempt: record.failures + 1,
        max_attempts: record.max_attempts,
        recoveries: record.recoveries,
        timeout: Duration::from_millis(record.timeout),
        waited: Duration::from_millis(waited.max(0).unsigned_abs()),
        trace: record.trace,
    })
}

/// A record, and the fields `error` and `progress` beside it.
pub(super) type StatusFields = (String, Option<String>, Option<String>);

pub(super) fn status(id: &str, (record, error, progress): StatusFields) -> Result<JobStatus> {
    Ok(Record::parse(id, &record)?.status(error, progress))
}

/// The lease that the beginning of a record tells of, if it is this worker's.
pub(super) fn held(id: &str, head: &[u8], worker: &str) -> Option<LeaseKey> {
    // The rest may have been cut off in the middle of a character.
    let head = String::from_utf8_lossy(head);
    let line: Vec<_> = head.split(' ').take(4).collect();
    let ["running", _, token, holder] = line[..] else {
        return None;
    };
    let (job, token) = (id.parse().ok()?, token.parse().ok()?);
    (holder == worker).then_some(LeaseKey { job, token })
}

/// `until` is when a delayed job falls due, or a lease ends; `fields` are those beside the record.
pub(super) fn view(
    id: &str,
    until: &str,
    record: &str,
    mut fields: HashMap<String, String>,
) -> Result<JobView> {
    let mut take = |name: &str| fields.remove(name);
    let record = Record::parse(id, record)?;
    let status = record.status(take("error"), take("progress"));
    let until = match record.state {
        JobState::Delayed | JobState::Running => until.parse().ok(),
        JobState::Completed | JobState::Canceled => Some(record.ended_at + record.keep_result),
        _ => None,
    };
    let blockers = take("blockers").filter(|_| record.state == JobState::Blocked);
    let (claimed, ended) = (Some(record.claimed_at), Some(record.ended_at));
    let last = history::last(record.state, record.worker, claimed, ended);
    Ok(JobView {
        id: id.parse()?,
        queue: record.queue,
        task: record.task,
        payload: record.payload.to_owned(),
        priority: record.priority,
        status,
        failures: record.failures,
        max_attempts: record.max_attempts,
        recoveries: record.recoveries,
        enqueued_at: Timestamp(record.enqueued_at),
        until: until.map(Timestamp),
        waits_for: blockers.map_or(Ok(0), |number| number.parse()).unwrap_or(0),
        cancel_requested: take("cancel").is_some(),
        trace: record.trace,
        attempts: history::read(&take("history").unwrap_or_default(), last),
    })
}

pub(super) fn page(
    found: Vec<(i64, String, String, HashMap<String, String>)>,
    limit: usize,
) -> Result<Page> {
    let last = found.last().filter(|_| found.len() == limit);
    let next = last.map(|&(stamp, ..)| stamp);
    // A record that is gone is passed over: what is left of it is only its place in the list.
    let whole = found
        .into_iter()
        .filter(|(_, _, record, _)| !record.is_empty());
    let jobs = whole.map(|(_, id, record, fields)| view(&id, "", &record, fields));
    let jobs = jobs.collect::<Result<_>>()?;
    Ok(Page { jobs, next })
}

pub(super) fn stats(mut values: Vec<Value>) -> Result<Stats> {
    let queues = values.split_off(1.min(values.len()));
    let micros: i64 = read(values.pop().unwrap_or(Value::Nil))?;
    let mut all = Vec::with_capacity(queues.len());
    for value in queues {
        let (queue, head, counts): (String, String, BTreeMap<String, i64>) = read(value)?;
        let queue = QueueName::new(queue)?;
        all.push(QueueStats::of(queue, micros, head.parse().ok(), &counts));
    }
    all.sort_by(|a, b| a.queue.cmp(&b.queue));
    Ok(Stats {
        at: Timestamp(micros.div_euclid(1000)),
        queues: all,
    })
}

/// A batch that was refused: `full`, or a job that waits for one that is `unknown`.
pub(super) fn refusal(answer: &[Value], limit: u64) -> BrokerError {
    let texts = answer.iter().map(|value| read(value.clone()));
    let texts: Vec<String> = texts.filter_map(Result::ok).collect();
    let refusal = match texts.as_slice() {
        [what, queue, depth, sent] if what == "full" => full(queue, depth, sent, limit),
        [what, job, missing] if what == "unknown" => unknown(job, missing),
        other => Err(BrokerError::damaged(format!(
            "the script answered {other:?}"
        ))),
    };
    refusal.unwrap_or_else(|error| error)
}

fn full(queue: &str, depth: &str, sent: &str, limit: u64) -> Result<BrokerError> {
    Ok(BrokerError::QueueFull {
        queue: QueueName::new(queue)?,
        depth: number("a depth", depth)?,
        sent: number("a number of jobs", sent)?,
        limit,
    })
}

fn unknown(job: &str, missing: &str) -> Result<BrokerError> {
    let (job, missing): (JobId, JobId) = (job.parse()?, missing.parse()?);
    Ok(BrokerError::UnknownDependency { job, missing })
}
