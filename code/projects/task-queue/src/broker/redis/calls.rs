//! Calls of the scripts whose arguments or answers take more than a line.

use std::time::Duration;

use redis::{ScriptInvocation, Value};

use crate::broker::lease::{LEASE_RANGE, cut_error};
use crate::broker::{
    BATCH_LIMIT, Claim, Enqueued, Extended, Finish, Finished, Heartbeat, Lease, LeaseKey, Outcome,
    Select, Upkeep,
};
use crate::error::BrokerError;
use crate::job::{JobId, NewJob, Start, Timestamp};
use crate::name::WorkerId;

use super::connection::typed;
use super::{RedisBroker, reply, scripts};

/// The state, token and worker of a job are within so many bytes of its record; see common.lua.
const HEAD: isize = 255;

impl RedisBroker {
    /// Enqueues; with a `guard`, only if a schedule still stands where the guard says.
    pub(super) async fn send(
        &self,
        jobs: &[NewJob],
        guard: &str,
    ) -> Result<Vec<Enqueued>, BrokerError> {
        let limit = self.shared.options.max_depth;
        let answer = self.call(&scripts::ENQUEUE, |call| {
            call.arg(limit).arg(guard);
            for job in jobs {
                add_job(call, job);
            }
        });
        let mut answer: Vec<Value> = answer.await?;
        match answer.first() {
            Some(Value::BulkString(ok)) if ok == b"ok" => {
                reply::enqueued(jobs, reply::read(answer.pop().unwrap_or(Value::Nil))?)
            }
            Some(Value::BulkString(stale)) if stale == b"stale" => Ok(Vec::new()),
            _ => Err(reply::refusal(&answer, limit)),
        }
    }

    pub(super) async fn lease(&self, claim: &Claim) -> Result<Vec<Lease>, BrokerError> {
        if claim.queues.is_empty() || claim.max == 0 {
            return Ok(Vec::new());
        }
        loop {
            let answer = self.call(&scripts::CLAIM, |call| {
                call.arg(claim.worker.as_str())
                    .arg(claim.max)
                    .arg(millis(claim.lease));
                for queue in &claim.queues {
                    call.arg(queue.as_str());
                }
            });
            let answer: Vec<String> = answer.await?;
            let (more, leases) = answer
                .split_first()
                .map_or((false, &[][..]), |(more, leases)| (more == "1", leases));
            if more && leases.is_empty() {
                continue;
            }
            return leases
                .chunks_exact(2)
                .map(|lease| reply::lease(&lease[0], &lease[1]))
                .collect();
        }
    }

    pub(super) async fn beat(
        &self,
        heartbeats: &[Heartbeat],
        lease: Duration,
    ) -> Result<Vec<Extended>, BrokerError> {
        let answers = self.call(&scripts::EXTEND, |call| {
            call.arg(millis(lease));
            for Heartbeat { key, progress } in heartbeats {
                let progress = progress.as_ref().map(serde_json::to_string);
                let progress = progress.and_then(Result::ok).unwrap_or_default();
                call.arg(key.job.to_string()).arg(key.token).arg(progress);
            }
        });
        let answers: Vec<u8> = answers.await?;
        Ok(answers.into_iter().map(reply::extended).collect())
    }

    pub(super) async fn end(&self, finishes: &[Finish]) -> Result<Vec<Finished>, BrokerError> {
        let answers = self.call(&scripts::FINISH, |call| {
            for Finish { key, outcome } in finishes {
                let (name, text, delay) = match outcome {
                    Outcome::Completed(result) => ("completed", result.as_str(), Duration::ZERO),
                    Outcome::Retry { after, error } => ("retry", cut_error(error), *after),
                    Outcome::Dead { error } => ("dead", cut_error(error), Duration::ZERO),
                    Outcome::Canceled => ("canceled", "", Duration::ZERO),
                    Outcome::Released => ("released", "", Duration::ZERO),
                };
                call.arg(key.job.to_string())
                    .arg(key.token)
                    .arg(name)
                    .arg(text)
                    .arg(millis(delay));
            }
        });
        let answers: Vec<String> = answers.await?;
        Ok(answers
            .iter()
            .map(|answer| reply::finished(answer))
            .collect())
    }

    pub(super) async fn keep_up(&self, limit: usize) -> Result<Upkeep, BrokerError> {
        let options = &self.shared.options;
        let answer = self.call(&scripts::UPKEEP, |call| {
            call.arg(limit)
                .arg(options.max_recoveries)
                .arg(options.max_dead)
                .arg(millis(options.recovery_spread))
                .arg(millis(LEASE_RANGE.1));
        });
        let answer: Vec<String> = answer.await?;
        let [
            recovered,
            poisoned,
            promoted,
            expired,
            wait,
            now,
            behind,
            ticks @ ..,
        ] = answer.as_slice()
        else {
            return Err(BrokerError::damaged(format!("upkeep answered {answer:?}")));
        };
        let number = |text: &str| reply::number("a count", text);
        let mut done = Upkeep {
            recovered: number(recovered)?,
            poisoned: number(poisoned)?,
            promoted: number(promoted)?,
            expired: number(expired)?,
            scheduled: 0,
            next: Duration::from_millis(number(wait)?),
        };
        let now = Timestamp(reply::number("the time", now)?);
        if behind == "1" {
            self.set_ticks_right(now).await?;
        }
        for tick in ticks.chunks_exact(2) {
            done.scheduled += self
                .tick(&tick[0], reply::number("a tick", &tick[1])?, now)
                .await?;
        }
        if ticks.len() >= 2 * limit {
            done.next = Duration::ZERO;
        }
        Ok(done)
    }

    pub(super) async fn select(&self, what: &str, which: Select) -> Result<u64, BrokerError> {
        let limit = self.shared.options.max_depth;
        let answer = self.call(&scripts::SELECT, |call| {
            call.arg(what).arg(limit);
            match &which {
                Select::Oldest(queue, limit) => call.arg("oldest").arg(queue.as_str()).arg(*limit),
                Select::Jobs(ids) => call
                    .arg("jobs")
                    .arg(ids.iter().map(JobId::to_string).collect::<Vec<_>>()),
            };
        });
        let answer: Vec<Value> = answer.await?;
        match answer.as_slice() {
            [Value::BulkString(ok), count] if ok == b"ok" => reply::read(count.clone()),
            _ => Err(reply::refusal(&answer, limit)),
        }
    }

    pub(super) async fn note(
        &self,
        arguments: impl FnOnce(&mut ScriptInvocation<'_>),
    ) -> Result<u64, BrokerError> {
        self.call(&scripts::NOTE, arguments).await
    }

    /// Now, by the clock of Redis, in milliseconds.
    pub(super) async fn now(&self) -> Result<i64, BrokerError> {
        let values: Vec<Value> = self
            .call(&scripts::LOOK, |call| _ = call.arg("stats"))
            .await?;
        Ok(reply::stats(values)?.at.0)
    }

    /// Two looks, between which a lease may end: who ends it after that is refused by its token.
    pub(super) async fn list_held(&self, worker: &WorkerId) -> Result<Vec<LeaseKey>, BrokerError> {
        let (mut connection, number) = self.shared.line.connection();
        let answer = redis::cmd("ZRANGE")
            .arg(self.key("leases"))
            .arg(0)
            .arg(BATCH_LIMIT - 1)
            .arg("REV")
            .query_async(&mut connection)
            .await;
        let ids: Vec<String> = self.shared.line.heard(number, answer).map_err(typed)?;
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let mut heads = redis::pipe();
        for id in &ids {
            heads.getrange(self.key(&format!("job:{id}")), 0, HEAD);
        }
        let answer = heads.query_async(&mut connection).await;
        let heads: Vec<Vec<u8>> = self.shared.line.heard(number, answer).map_err(typed)?;
        let held = ids.iter().zip(&heads);
        let held = held.filter_map(|(id, head)| reply::held(id, head, worker.as_str()));
        Ok(held.collect())
    }

    pub(super) fn key(&self, name: &str) -> String {
        format!("{}{name}", self.shared.prefix)
    }
}

/// The nine arguments of a job; see enqueue.lua.
fn add_job(call: &mut ScriptInvocation<'_>, job: &NewJob) {
    let max_age = job
        .max_age
        .map_or(-1, |age| age.as_millis().try_into().unwrap_or(i64::MAX));
    // What sets a job apart from a plain one, in claims and ends.
    let plain = job.max_age.is_none() && job.unique.is_none() && job.after.is_empty();
    let mark = format!("{}{}", if plain { '-' } else { '+' }, job.priority.level());
    let (task, attempts, timeout) = (&job.task, job.max_attempts, millis(job.timeout));
    let trace = job.trace.as_deref().unwrap_or_default();
    let (length, payload) = (job.payload.len(), &job.payload);
    let start = match job.start {
        Start::Now => "in:0".to_owned(),
        Start::In(delay) => format!("in:{}", millis(delay)),
        // A moment before 1970 has passed like any other.
        Start::At(moment) => format!("at:{}", moment.0.max(0)),
    };
    let unique = job
        .unique
        .as_ref()
        .map(|unique| format!("{} {}", millis(unique.ttl), unique.key));
    let after: Vec<String> = job.after.iter().map(JobId::to_string).collect();
    call.arg(job.id.to_string())
        .arg(job.queue.as_str())
        .arg(mark)
        .arg(millis(job.keep_result))
        .arg(format!("{task} {attempts} {max_age} {timeout}"))
        .arg(format!("{} {length}\n{trace}{payload}", trace.len()))
        .arg(start)
        .arg(unique.unwrap_or_default())
        .arg(after.join(" "));
}

fn millis(span: Duration) -> u64 {
    span.as_millis().try_into().unwrap_or(u64::MAX)
}
