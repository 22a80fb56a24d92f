//! Jobs are leased, kept and finished.

use std::time::Duration;

use rusqlite::Row;

use crate::broker::lease::cut_error;
use crate::broker::{
    AttemptEnd, Claim, Extended, Finish, Finished, Heartbeat, JobState, Lease, LeaseKey, Outcome,
};
use crate::error::BrokerError;
use crate::job::{JobId, Timestamp};
use crate::name::{Kind, Name};

use super::moves::Job;
use super::transaction::{Transaction, millis};

impl Transaction<'_> {
    pub(super) fn claim(&mut self, claim: &Claim) -> Result<Vec<Lease>, BrokerError> {
        let mut leases = Vec::new();
        for queue in &claim.queues {
            while leases.len() < claim.max && !self.is_paused(queue.as_str())? {
                let room = claim.max - leases.len();
                let (found, claimed) = self.claim_from(queue.as_str(), room, claim, &mut leases)?;
                if found < room || claimed == found {
                    break;
                }
            }
        }
        Ok(leases)
    }

    /// Takes up to `room` jobs, and answers how many there were and how many of them are leased:
    /// the others were too old.
    fn claim_from(
        &mut self,
        queue: &str,
        room: usize,
        claim: &Claim,
        leases: &mut Vec<Lease>,
    ) -> Result<(usize, usize), BrokerError> {
        let sql = "SELECT id, token, stamp, queue, task, payload, priority, failures, max_attempts,
                       recoveries, timeout, enqueued_at, trace, seq, enqueued_at + max_age
                   FROM jobs WHERE state = 0 AND queue = ?1 ORDER BY rank LIMIT ?2";
        let found = self.all(sql, (queue, room), |row| {
            Ok((
                read_lease(row)?,
                row.get(13)?,
                row.get::<_, Option<i64>>(14)?,
            ))
        })?;
        let before = leases.len();
        for (lease, seq, deadline) in &found {
            if deadline.is_some_and(|deadline| deadline < self.now) {
                self.expire(lease.key.job)?;
                continue;
            }
            leases.push(self.lease(lease, *seq, claim)?);
        }
        Ok((found.len(), leases.len() - before))
    }

    fn lease(&mut self, ready: &Lease, seq: i64, claim: &Claim) -> Result<Lease, BrokerError> {
        let token = self.next_token(to_i64(ready.key.token));
        let sql = "UPDATE jobs SET state = 3, rank = ?1, token = ?2, worker = ?3, claimed_at = ?4, progress = NULL
                   WHERE seq = ?5";
        let until = self.now + millis(claim.lease);
        self.execute(sql, (until, token, claim.worker.as_str(), self.now, seq))?;
        let (queue, running) = (ready.queue.as_str(), JobState::Running);
        self.count_move(queue, ready.priority, Some(JobState::Ready), Some(running));
        let key = LeaseKey {
            token: token.unsigned_abs(),
            ..ready.key
        };
        Ok(Lease {
            key,
            claimed_at: Timestamp(self.now),
            ..ready.clone()
        })
    }

    /// A job that is too old to start goes to the dead letters.
    pub(super) fn expire(&mut self, id: JobId) -> Result<(), BrokerError> {
        match self.job(id)? {
            Some(mut job) => self.bury(
                &mut job,
                "its maximum age passed before it could start",
                Some("expired"),
            ),
            None => Ok(()),
        }
    }

    // ANCHOR: extend
    pub(super) fn extend(
        &mut self,
        heartbeats: &[Heartbeat],
        lease: Duration,
    ) -> Result<Vec<Extended>, BrokerError> {
        let until = self.now + millis(lease);
        let mut answers = Vec::with_capacity(heartbeats.len());
        for Heartbeat { key, progress } in heartbeats {
            let progress = progress
                .as_ref()
                .map(|progress| serde_json::to_string(progress).unwrap_or_default());
            let sql = "UPDATE jobs SET rank = ?1, progress = coalesce(?2, progress)
                       WHERE id = ?3 AND state = 3 AND token = ?4 RETURNING cancel";
            let values = (until, progress, key.job, to_i64(key.token));
            answers.push(match self.one(sql, values, |row| row.get(0))? {
                None => Extended::Lost,
                Some(false) => Extended::Held,
                Some(true) => Extended::CancelRequested,
            });
        }
        Ok(answers)
    }
    // ANCHOR_END: extend

    pub(super) fn finish(&mut self, finishes: &[Finish]) -> Result<Vec<Finished>, BrokerError> {
        finishes
            .iter()
            .map(|finish| self.finish_one(finish))
            .collect()
    }

    fn finish_one(&mut self, Finish { key, outcome }: &Finish) -> Result<Finished, BrokerError> {
        let Some(mut job) = self
            .job(key.job)?
            .filter(|job| job.token == to_i64(key.token))
        else {
            return Ok(Finished::LeaseLost);
        };
        if job.state != JobState::Running {
            return Ok(answer_again(job.state, outcome));
        }
        match outcome {
            Outcome::Completed(result) => self.complete(&mut job, result),
            Outcome::Retry { after, error } => self.retry(&mut job, *after, error),
            Outcome::Dead { error } => {
                job.failures += 1;
                job.note(self.now, AttemptEnd::Failed, Some(error));
                self.bury(&mut job, error, None)?;
                Ok(Finished::Dead)
            }
            Outcome::Canceled => self.finish_canceled(&mut job),
            Outcome::Released if job.cancel => self.finish_canceled(&mut job),
            Outcome::Released => {
                job.note(self.now, AttemptEnd::Released, None);
                self.put_back(&mut job)?;
                self.count(&job.queue, "released", 1);
                Ok(Finished::Released)
            }
        }
    }

    fn complete(&mut self, job: &mut Job, result: &str) -> Result<Finished, BrokerError> {
        job.error = None;
        job.completed = Some((result.to_owned(), self.now));
        self.conclude(job, JobState::Completed)?;
        self.count(&job.queue, "completed", 1);
        self.release_followers(job.id)?;
        Ok(Finished::Completed)
    }

    fn retry(
        &mut self,
        job: &mut Job,
        after: Duration,
        error: &str,
    ) -> Result<Finished, BrokerError> {
        job.failures += 1;
        job.note(self.now, AttemptEnd::Failed, Some(error));
        if job.cancel {
            self.cancel_job(job)?;
            return Ok(Finished::Canceled);
        }
        job.due = self.now + millis(after);
        if job.failures >= job.max_attempts {
            self.bury(job, error, None)?;
            return Ok(Finished::Dead);
        }
        if job.deadline.is_some_and(|deadline| deadline < job.due) {
            self.bury(
                job,
                &format!("its maximum age passes before the next attempt; {error}"),
                Some("expired"),
            )?;
            return Ok(Finished::Dead);
        }
        job.error = Some(cut_error(error).to_owned());
        self.start_when_due(job)?;
        self.count(&job.queue, "retried", 1);
        Ok(Finished::Retrying)
    }

    fn finish_canceled(&mut self, job: &mut Job) -> Result<Finished, BrokerError> {
        job.note(self.now, AttemptEnd::Canceled, None);
        self.cancel_job(job)?;
        Ok(Finished::Canceled)
    }
}

/// What became of a job whose lease ended before: the token says that it was this one.
fn answer_again(state: JobState, outcome: &Outcome) -> Finished {
    match (state, outcome) {
        (JobState::Completed, _) => Finished::Completed,
        (JobState::Dead, _) => Finished::Dead,
        (JobState::Canceled, _) => Finished::Canceled,
        (_, Outcome::Released) => Finished::Released,
        _ => Finished::Retrying,
    }
}

fn read_lease(row: &Row<'_>) -> rusqlite::Result<Lease> {
    let stamp: i64 = row.get(2)?;
    let failures: u32 = row.get(7)?;
    Ok(Lease {
        key: LeaseKey {
            job: row.get(0)?,
            token: row.get::<_, i64>(1)?.unsigned_abs(),
        },
        queue: read_name(row, 3)?,
        task: read_name(row, 4)?,
        payload: row.get(5)?,
        priority: row.get(6)?,
        attempt: failures + 1,
        max_attempts: row.get(8)?,
        recoveries: row.get(9)?,
        timeout: Duration::from_millis(row.get::<_, i64>(10)?.unsigned_abs()),
        enqueued_at: Timestamp(row.get(11)?),
        ready_at: Timestamp(stamp / 1000),
        claimed_at: Timestamp(0),
        trace: row.get(12)?,
    })
}

/// A name out of the file, which only ever held checked ones.
pub(super) fn read_name<K: Kind>(row: &Row<'_>, column: usize) -> rusqlite::Result<Name<K>> {
    Name::new(row.get::<_, String>(column)?).map_err(|error| {
        rusqlite::Error::FromSqlConversionFailure(
            column,
            rusqlite::types::Type::Text,
            Box::new(error),
        )
    })
}

/// Tokens are microseconds since 1970: they fit both ways for 290,000 years.
fn to_i64(token: u64) -> i64 {
    i64::try_from(token).unwrap_or(i64::MAX)
}
