//! What senders and workers ask of the store: see [`Leases`].

use std::time::Duration;

use redis::{ScriptInvocation, Value};

use crate::broker::lease::{LEASE_RANGE, check_all, check_lease, cut_error};
use crate::broker::{
    BATCH_LIMIT, Claim, Enqueued, Extended, Finish, Finished, Heartbeat, Lease, LeaseKey, Leases,
    Outcome, Signals, Stats, Upkeep, WorkerReport,
};
use crate::error::{BrokerError, Result};
use crate::job::{JobId, NewJob, Start, Timestamp};
use crate::name::WorkerId;

use super::{RedisBroker, millis, reply, scripts};

/// The state, token and worker of a job are within so many bytes of its record; see common.lua.
const HEAD: isize = 255;

impl Leases for RedisBroker {
    async fn enqueue(&self, jobs: Vec<NewJob>) -> Result<Vec<Enqueued>> {
        let limit = self.shared.options.max_payload;
        check_all("jobs", &jobs, |job| job.check(limit))?;
        self.send(&jobs, "").await
    }

    async fn claim(&self, claim: Claim) -> Result<Vec<Lease>> {
        claim.check()?;
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
            let [more, leases @ ..] = answer.as_slice() else {
                return Ok(Vec::new());
            };
            if more != "1" || !leases.is_empty() {
                let leases = leases.chunks_exact(2);
                return leases
                    .map(|lease| reply::lease(&lease[0], &lease[1]))
                    .collect();
            }
        }
    }

    async fn extend(&self, heartbeats: Vec<Heartbeat>, lease: Duration) -> Result<Vec<Extended>> {
        check_lease(lease)?;
        check_all("heartbeats", &heartbeats, Heartbeat::check)?;
        let answers = self.call(&scripts::EXTEND, |call| {
            call.arg(millis(lease));
            for Heartbeat { key, progress } in &heartbeats {
                let progress = progress.as_ref().map(serde_json::to_string);
                let progress = progress.and_then(Result::ok).unwrap_or_default();
                call.arg(key.job.to_string()).arg(key.token).arg(progress);
            }
        });
        let answers: Vec<u8> = answers.await?;
        let answers = answers.into_iter().map(|answer| match answer {
            1 => Extended::Held,
            2 => Extended::CancelRequested,
            _ => Extended::Lost,
        });
        Ok(answers.collect())
    }

    async fn finish(&self, finishes: Vec<Finish>) -> Result<Vec<Finished>> {
        let limit = self.shared.options.max_payload;
        check_all("finishes", &finishes, |finish| finish.check(limit))?;
        let answers = self.call(&scripts::FINISH, |call| {
            for Finish { key, outcome } in &finishes {
                let (name, text, delay) = match outcome {
                    Outcome::Completed(result) => ("completed", result.as_str(), Duration::ZERO),
                    Outcome::Retry { after, error } => ("retry", cut_error(error), *after),
                    Outcome::Dead { error } => ("dead", cut_error(error), Duration::ZERO),
                    Outcome::Canceled => ("canceled", "", Duration::ZERO),
                    Outcome::Released => ("released", "", Duration::ZERO),
                };
                call.arg(key.job.to_string()).arg(key.token).arg(name);
                call.arg(text).arg(millis(delay));
            }
        });
        let answers: Vec<String> = answers.await?;
        answers.iter().map(|answer| reply::word(answer)).collect()
    }

    /// Two looks, between which a lease may end: who ends it after that is refused by its token.
    async fn held(&self, worker: WorkerId) -> Result<Vec<LeaseKey>> {
        let (leases, last) = (self.key("leases"), BATCH_LIMIT - 1);
        let mut newest = redis::cmd("ZRANGE");
        newest.arg(leases).arg(0).arg(last).arg("REV");
        let ask = async |mut line| newest.query_async(&mut line).await;
        let ids: Vec<String> = self.shared.line.call(ask).await?;
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let mut heads = redis::pipe();
        for id in &ids {
            heads.getrange(self.key(&format!("job:{id}")), 0, HEAD);
        }
        let ask = async |mut line| heads.query_async(&mut line).await;
        let heads: Vec<Vec<u8>> = self.shared.line.call(ask).await?;
        let held = ids.iter().zip(&heads);
        let held = held.filter_map(|(id, head)| reply::held(id, head, worker.as_str()));
        Ok(held.collect())
    }

    async fn upkeep(&self, limit: usize) -> Result<Upkeep> {
        let (limit, options) = (limit.clamp(1, BATCH_LIMIT), &self.shared.options);
        let answer = self.call(&scripts::UPKEEP, |call| {
            call.arg(limit).arg(options.max_recoveries);
            call.arg(options.max_dead)
                .arg(millis(options.recovery_spread));
            call.arg(millis(LEASE_RANGE.1));
        });
        type Answer = (u64, u64, u64, u64, u64, i64, bool, Vec<(String, i64)>);
        let answer: Answer = answer.await?;
        let (recovered, poisoned, promoted, expired, wait, now, behind, ticks) = answer;
        let now = Timestamp(now);
        if behind {
            self.set_ticks_right(now).await?;
        }
        let mut scheduled = 0;
        for (schedule, tick) in &ticks {
            scheduled += self.tick(schedule, *tick, now).await?;
        }
        let wait = if ticks.len() < limit { wait } else { 0 };
        Ok(Upkeep {
            recovered,
            poisoned,
            promoted,
            scheduled,
            expired,
            next: Duration::from_millis(wait),
        })
    }

    async fn stats(&self) -> Result<Stats> {
        let values = self.call(&scripts::LOOK, |call| _ = call.arg("stats"));
        reply::stats(values.await?)
    }

    async fn report_worker(&self, report: WorkerReport, ttl: Duration) -> Result<()> {
        let text = serde_json::to_string(&report).map_err(BrokerError::damaged)?;
        let values = [text, millis(ttl).to_string()];
        self.note("worker", report.id.as_str(), &values)
            .await
            .map(drop)
    }

    fn signals(&self) -> Signals {
        self.shared.bells.signals()
    }
}

impl RedisBroker {
    /// Enqueues; with a `guard`, only if a schedule still stands where the guard says.
    pub(super) async fn send(&self, jobs: &[NewJob], guard: &str) -> Result<Vec<Enqueued>> {
        let limit = self.shared.options.max_depth;
        let answer = self.call(&scripts::ENQUEUE, |call| {
            call.arg(limit).arg(guard);
            jobs.iter().for_each(|job| add_job(call, job));
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
}

/// The nine arguments of a job; see enqueue.lua.
fn add_job(call: &mut ScriptInvocation<'_>, job: &NewJob) {
    let max_age = job
        .max_age
        .map_or("-1".to_owned(), |age| millis(age).to_string());
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
    let unique = job.unique.as_ref();
    let unique = unique.map(|unique| format!("{} {}", millis(unique.ttl), unique.key));
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
