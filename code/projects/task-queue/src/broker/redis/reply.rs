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
use crate::job::{JobId, NewJob, Timestamp};
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
    run: Vec<&'a str>,
    spec: Vec<&'a str>,
    trace: &'a str,
    payload: &'a str,
    result: &'a str,
}

impl<'a> Record<'a> {
    fn parse(id: &str, text: &'a str) -> Result<Self, BrokerError> {
        let damaged = || BrokerError::damaged(format!("job {id} has the record {:?}", cut(text)));
        let mut parts = text.splitn(3, '\n');
        let mut words = || parts.next().map(|line| line.split(' ').collect::<Vec<_>>());
        let (run, spec) = (words().unwrap_or_default(), words().unwrap_or_default());
        let ([.., trace, payload], 9, 10) = (spec.as_slice(), run.len(), spec.len()) else {
            return Err(damaged());
        };
        let lengths = (trace.parse().ok(), payload.parse().ok());
        let rest = parts.next().unwrap_or_default();
        let texts = lengths.0.zip(lengths.1).and_then(|(trace, payload)| {
            let (trace, rest) = rest.split_at_checked(trace)?;
            let (payload, result) = rest.split_at_checked(payload)?;
            Some((trace, payload, result))
        });
        let (trace, payload, result) = texts.ok_or_else(damaged)?;
        Ok(Self {
            run,
            spec,
            trace,
            payload,
            result,
        })
    }

    fn state(&self) -> Result<JobState, BrokerError> {
        Ok(match self.run[0] {
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

    fn spec<T: FromStr>(&self, at: usize) -> Result<T, BrokerError> {
        number("a field of a job's spec", self.spec[at])
    }

    fn run<T: FromStr>(&self, at: usize) -> Result<T, BrokerError> {
        number("a field of a job's run", self.run[at])
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
            owner => owner.parse().map(Enqueued::Duplicate),
        });
    each.collect()
}

pub(super) fn lease(id: &str, record: &str) -> Result<Lease, BrokerError> {
    let record = Record::parse(id, record)?;
    Ok(Lease {
        key: LeaseKey {
            job: id.parse()?,
            token: record.run(2)?,
        },
        queue: record.spec(0)?,
        task: record.spec(1)?,
        payload: record.payload.to_owned(),
        priority: record.spec::<u8>(2)?.try_into()?,
        attempt: record.run::<u32>(3)? + 1,
        max_attempts: record.spec(3)?,
        recoveries: record.run(4)?,
        timeout: Duration::from_millis(record.spec(5)?),
        enqueued_at: Timestamp(record.spec(7)?),
        ready_at: Timestamp(record.run::<i64>(1)? / 1000),
        claimed_at: Timestamp(record.run(6)?),
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
    let words: Vec<_> = head.split(' ').take(6).collect();
    match words.as_slice() {
        ["running", _, token, _, _, holder] if *holder == worker => Some(LeaseKey {
            job: id.parse().ok()?,
            token: token.parse().ok()?,
        }),
        _ => None,
    }
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
    let (ended, keep): (i64, i64) = (record.run(7)?, record.spec(6)?);
    let state = status.state;
    let until = match state {
        JobState::Delayed | JobState::Running => until.parse().ok().map(Timestamp),
        JobState::Completed | JobState::Canceled => Some(Timestamp(ended + keep)),
        _ => None,
    };
    let worker = Some(record.run::<String>(5)?);
    let last = match state {
        JobState::Running => history::last(worker, record.run(6).ok(), None),
        JobState::Completed => history::last(worker, record.run(6).ok(), Some(ended)),
        _ => None,
    };
    let blockers = take("blockers").filter(|_| state == JobState::Blocked);
    Ok(JobView {
        id: id.parse()?,
        queue: record.spec(0)?,
        task: record.spec(1)?,
        payload: record.payload.to_owned(),
        priority: record.spec::<u8>(2)?.try_into()?,
        status,
        failures: record.run(3)?,
        max_attempts: record.spec(3)?,
        recoveries: record.run(4)?,
        enqueued_at: Timestamp(record.spec(7)?),
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
        [what, queue, depth, sent] if what == "full" => {
            QueueName::new(queue.as_str()).and_then(|queue| {
                let (depth, sent) = (number("a depth", depth)?, number("a number of jobs", sent)?);
                Ok(BrokerError::QueueFull {
                    queue,
                    depth,
                    sent,
                    limit,
                })
            })
        }
        [what, job, missing] if what == "unknown" => job.parse().and_then(|job: JobId| {
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
