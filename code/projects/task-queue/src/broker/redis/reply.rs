//! Answers of the scripts, read into the broker's types.

use std::collections::HashMap;
use std::str::FromStr;
use std::time::Duration;

use redis::{FromRedisValue, Value};

use crate::broker::{
    Cursor, Enqueued, Extended, Finished, JobState, JobStatus, JobView, Lease, LeaseKey, Page,
    QueueStats, Stats, history,
};
use crate::error::BrokerError;
use crate::job::{JobId, NewJob, Priority, Timestamp};
use crate::name::{QueueName, cut};

use super::connection::typed;

pub(super) fn read<T: FromRedisValue>(value: Value) -> Result<T, BrokerError> {
    T::from_redis_value(value).map_err(|error| typed(error.into()))
}

pub(super) fn number<T: FromStr>(what: &str, text: &str) -> Result<T, BrokerError> {
    text.parse()
        .map_err(|_| BrokerError::damaged(format!("{what} is {text:?}")))
}

/// A record; see common.lua.
struct Record<'a> {
    line: [&'a str; 18],
    trace: &'a str,
    payload: &'a str,
    result: &'a str,
}

/// Where in its line a record says what.
mod place {
    pub const STATE: usize = 0;
    pub const MARK: usize = 1;
    pub const TOKEN: usize = 2;
    pub const WORKER: usize = 3;
    pub const CLAIMED_AT: usize = 4;
    pub const ENDED_AT: usize = 5;
    pub const KEEP_RESULT: usize = 6;
    pub const QUEUE: usize = 7;
    pub const STAMP: usize = 8;
    pub const FAILURES: usize = 9;
    pub const RECOVERIES: usize = 10;
    pub const TASK: usize = 11;
    pub const MAX_ATTEMPTS: usize = 12;
    pub const TIMEOUT: usize = 14;
    pub const ENQUEUED_AT: usize = 15;
    pub const TRACE: usize = 16;
    pub const PAYLOAD: usize = 17;
}

impl<'a> Record<'a> {
    fn parse(id: &str, text: &'a str) -> Result<Self, BrokerError> {
        Self::split(text)
            .ok_or_else(|| BrokerError::damaged(format!("job {id} has the record {:?}", cut(text))))
    }

    fn split(text: &'a str) -> Option<Self> {
        let (first, rest) = text.split_once('\n')?;
        let mut words = first.split(' ');
        let mut line = [""; 18];
        for word in &mut line {
            *word = words.next()?;
        }
        if words.next().is_some() {
            return None;
        }
        let (trace, rest) = rest.split_at_checked(line[place::TRACE].parse().ok()?)?;
        let (payload, result) = rest.split_at_checked(line[place::PAYLOAD].parse().ok()?)?;
        Some(Self {
            line,
            trace,
            payload,
            result,
        })
    }

    fn state(&self) -> Result<JobState, BrokerError> {
        Ok(match self.line[place::STATE] {
            "ready" => JobState::Ready,
            "delayed" => JobState::Delayed,
            "blocked" => JobState::Blocked,
            "running" => JobState::Running,
            "completed" => JobState::Completed,
            "dead" => JobState::Dead,
            "canceled" => JobState::Canceled,
            other => return Err(BrokerError::damaged(format!("a job's state is {other:?}"))),
        })
    }

    fn status(
        &self,
        error: Option<String>,
        progress: Option<String>,
    ) -> Result<JobStatus, BrokerError> {
        let state = self.state()?;
        let result = (state == JobState::Completed).then(|| self.result.to_owned());
        let progress = progress.and_then(|progress| serde_json::from_str(&progress).ok());
        Ok(JobStatus {
            state,
            result,
            error,
            progress,
        })
    }

    fn trace(&self) -> Option<String> {
        Some(self.trace.to_owned()).filter(|trace| !trace.is_empty())
    }

    fn field<T: FromStr>(&self, at: usize) -> Result<T, BrokerError> {
        number("a field of a job's record", self.line[at])
    }

    fn priority(&self) -> Result<Priority, BrokerError> {
        let mark = self.line[place::MARK];
        let level: u8 = number("a job's mark", mark.get(1..).unwrap_or_default())?;
        Ok(Priority::new(level)?)
    }
}

pub(super) fn enqueued(
    jobs: &[NewJob],
    answers: Vec<String>,
) -> Result<Vec<Enqueued>, BrokerError> {
    let each = jobs
        .iter()
        .zip(answers)
        .map(|(job, answer)| match answer.as_str() {
            "new" => Ok(Enqueued::New(job.id)),
            "known" => Ok(Enqueued::Known(job.id)),
            owner => Ok(Enqueued::Duplicate(owner.parse()?)),
        });
    each.collect()
}

pub(super) fn lease(id: &str, record: &str) -> Result<Lease, BrokerError> {
    let record = Record::parse(id, record)?;
    Ok(Lease {
        key: LeaseKey {
            job: id.parse()?,
            token: record.field(place::TOKEN)?,
        },
        queue: record.field(place::QUEUE)?,
        task: record.field(place::TASK)?,
        payload: record.payload.to_owned(),
        priority: record.priority()?,
        attempt: record.field::<u32>(place::FAILURES)? + 1,
        max_attempts: record.field(place::MAX_ATTEMPTS)?,
        recoveries: record.field(place::RECOVERIES)?,
        timeout: Duration::from_millis(record.field(place::TIMEOUT)?),
        enqueued_at: Timestamp(record.field(place::ENQUEUED_AT)?),
        ready_at: Timestamp(record.field::<i64>(place::STAMP)? / 1000),
        claimed_at: Timestamp(record.field(place::CLAIMED_AT)?),
        trace: record.trace(),
    })
}

pub(super) fn extended(answer: u8) -> Extended {
    match answer {
        1 => Extended::Held,
        2 => Extended::CancelRequested,
        _ => Extended::Lost,
    }
}

pub(super) fn finished(answer: &str) -> Finished {
    match answer {
        "completed" => Finished::Completed,
        "retrying" => Finished::Retrying,
        "dead" => Finished::Dead,
        "canceled" => Finished::Canceled,
        "released" => Finished::Released,
        _ => Finished::LeaseLost,
    }
}

/// A record, and the fields `error` and `progress` beside it.
pub(super) type StatusFields = (String, Option<String>, Option<String>);

pub(super) fn status(
    id: &str,
    (record, error, progress): StatusFields,
) -> Result<JobStatus, BrokerError> {
    Record::parse(id, &record)?.status(error, progress)
}

/// The lease that the beginning of a record tells of, if it is this worker's.
pub(super) fn held(id: &str, head: &[u8], worker: &str) -> Option<LeaseKey> {
    // The rest may have been cut off in the middle of a character.
    let head = String::from_utf8_lossy(head);
    let line: Vec<_> = head.split(' ').take(place::WORKER + 1).collect();
    let is_held = line.first() == Some(&"running") && line.get(place::WORKER) == Some(&worker);
    if !is_held {
        return None;
    }
    Some(LeaseKey {
        job: id.parse().ok()?,
        token: line[place::TOKEN].parse().ok()?,
    })
}

/// `until` is when a delayed job falls due, or a lease ends; `fields` are those beside the record.
pub(super) fn view(
    id: &str,
    until: &str,
    record: &str,
    mut fields: HashMap<String, String>,
) -> Result<JobView, BrokerError> {
    let mut take = |name: &str| fields.remove(name);
    let record = Record::parse(id, record)?;
    let status = record.status(take("error"), take("progress"))?;
    let (ended, keep): (i64, i64) = (
        record.field(place::ENDED_AT)?,
        record.field(place::KEEP_RESULT)?,
    );
    let state = status.state;
    let until = match state {
        JobState::Delayed | JobState::Running => until.parse().ok().map(Timestamp),
        JobState::Completed | JobState::Canceled => Some(Timestamp(ended + keep)),
        _ => None,
    };
    let worker = Some(record.field::<String>(place::WORKER)?);
    let last = match state {
        JobState::Running => history::last(worker, record.field(place::CLAIMED_AT).ok(), None),
        JobState::Completed => {
            history::last(worker, record.field(place::CLAIMED_AT).ok(), Some(ended))
        }
        _ => None,
    };
    let blockers = take("blockers").filter(|_| state == JobState::Blocked);
    Ok(JobView {
        id: id.parse()?,
        queue: record.field(place::QUEUE)?,
        task: record.field(place::TASK)?,
        payload: record.payload.to_owned(),
        priority: record.priority()?,
        status,
        failures: record.field(place::FAILURES)?,
        max_attempts: record.field(place::MAX_ATTEMPTS)?,
        recoveries: record.field(place::RECOVERIES)?,
        enqueued_at: Timestamp(record.field(place::ENQUEUED_AT)?),
        until,
        waits_for: blockers
            .and_then(|blockers| blockers.parse().ok())
            .unwrap_or(0),
        cancel_requested: take("cancel").is_some(),
        trace: record.trace(),
        attempts: history::read(&take("history").unwrap_or_default(), last),
    })
}

pub(super) fn page(
    found: Vec<(String, String, String, HashMap<String, String>)>,
    limit: usize,
) -> Result<Page, BrokerError> {
    let last = found.last().filter(|_| found.len() == limit);
    let next = last
        .map(|(stamp, ..)| number("a stamp", stamp))
        .transpose()?
        .map(Cursor);
    // A record that is gone is passed over: what is left of it is only its place in the list.
    let whole = found
        .into_iter()
        .filter(|(_, _, record, _)| !record.is_empty());
    let jobs = whole
        .map(|(_, id, record, fields)| view(&id, "", &record, fields))
        .collect::<Result<_, _>>()?;
    Ok(Page { jobs, next })
}

pub(super) fn stats(mut values: Vec<Value>) -> Result<Stats, BrokerError> {
    let queues = values.split_off(1.min(values.len()));
    let micros: i64 = read(values.pop().unwrap_or(Value::Nil))?;
    let mut all = Vec::with_capacity(queues.len());
    for value in queues {
        let (queue, head, counts): (String, String, HashMap<String, i64>) = read(value)?;
        let head: Option<i64> = head.parse().ok();
        let head_wait =
            head.map(|stamp| Duration::from_micros((micros - stamp).max(0).unsigned_abs()));
        let count = |name: &str| counts.get(name).copied().unwrap_or(0).max(0).unsigned_abs();
        all.push(QueueStats::of(QueueName::new(queue)?, head_wait, count));
    }
    all.sort_by(|a, b| a.queue.cmp(&b.queue));
    Ok(Stats {
        at: Timestamp(micros.div_euclid(1000)),
        queues: all,
    })
}

/// A batch that was refused: `full`, or a job that waits for one that is `unknown`.
pub(super) fn refusal(answer: &[Value], limit: u64) -> BrokerError {
    let texts: Vec<String> = answer
        .iter()
        .filter_map(|value| read(value.clone()).ok())
        .collect();
    let refused = match texts.as_slice() {
        [what, queue, depth, sent] if what == "full" => QueueName::new(queue.as_str())
            .map_err(BrokerError::from)
            .and_then(|queue| {
                let (depth, sent) = (number("a depth", depth)?, number("a number of jobs", sent)?);
                Ok(BrokerError::QueueFull {
                    queue,
                    depth,
                    sent,
                    limit,
                })
            }),
        [what, job, missing] if what == "unknown" => job
            .parse()
            .map_err(BrokerError::from)
            .and_then(|job: JobId| {
                Ok(BrokerError::UnknownDependency {
                    job,
                    missing: missing.parse()?,
                })
            }),
        other => Err(BrokerError::damaged(format!(
            "the script answered {other:?}"
        ))),
    };
    refused.unwrap_or_else(|error| error)
}
