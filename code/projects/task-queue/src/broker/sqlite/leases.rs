//! Jobs are leased, kept and finished.

use std::time::Duration;

use rusqlite::Row;

use crate::broker::lease::cut_error;
use crate::broker::{
    AttemptEnd, Claim, Extended, Finish, Finished, Heartbeat, JobState, Lease, LeaseKey, Outcome,
};
use crate::error::Result;
use crate::job::JobId;

use super::moves::Job;
use super::transaction::{Transaction, millis};

impl Transaction<'_> {
    pub(super) fn claim(&mut self, claim: &Claim) -> Result<Vec<Lease>> {
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

    fn is_paused(&self, queue: &str) -> Result<bool> {
        let sql = "SELECT 1 FROM counts WHERE queue = ?1 AND name = 'paused' AND n > 0";
        Ok(self.one(sql, [queue], |_| Ok(()))?.is_some())
    }

    /// Takes up to `room` jobs, and answers how many there were and how many of them are leased:
    /// the others were too old.
    fn claim_from(
        &mut self,
        queue: &str,
        room: usize,
        claim: &Claim,
        leases: &mut Vec<Lease>,
    ) -> Result<(usize, usize)> {
        let sql = "SELECT id, token, stamp, queue, task, payload, priority, failures, max_attempts,
                       recoveries, timeout, trace, seq, enqueued_at + max_age
                   FROM jobs WHERE state = 0 AND queue = ?1 ORDER BY rank LIMIT ?2";
        let now = self.now;
        let found = self.all(sql, (queue, room), |row| {
            Ok((
                read_lease(row, now)?,
                row.get(12)?,
                row.get::<_, Option<i64>>(13)?,
            ))
        })?;
        let (found_jobs, before) = (found.len(), leases.len());
        for (mut lease, seq, deadline) in found {
            if deadline.is_some_and(|deadline| deadline < self.now) {
                self.expire(lease.key.job)?;
            } else {
                self.hand_out(&mut lease, seq, claim)?;
                leases.push(lease);
            }
        }
        Ok((found_jobs, leases.len() - before))
    }

    fn hand_out(&mut self, lease: &mut Lease, seq: i64, claim: &Claim) -> Result<()> {
        let token = self.next_token(to_i64(lease.key.token));
        let sql = "UPDATE jobs SET state = 3, rank = ?1, token = ?2, worker = ?3, claimed_at = ?4, progress = NULL
                   WHERE seq = ?5";
        let until = self.now + millis(claim.lease);
        self.execute(sql, (until, token, claim.worker.as_str(), self.now, seq))?;
        let (ready, running) = (Some(JobState::Ready), Some(JobState::Running));
        self.count_move(&lease.queue, lease.priority, ready, running);
        lease.key.token = token.unsigned_abs();
        Ok(())
    }

    /// A job that is too old to start goes to the dead letters.
    fn expire(&mut self, id: JobId) -> Result<()> {
        let reason = "its maximum age passed before it could start";
        match self.job(id)? {
            Some(mut job) => self.bury(&mut job, reason, Some("expired")),
            None => Ok(()),
        }
    }

    pub(super) fn extend(
        &mut self,
        heartbeats: &[Heartbeat],
        lease: Duration,
    ) -> Result<Vec<Extended>> {
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

    pub(super) fn finish(&mut self, finishes: &[Finish]) -> Result<Vec<Finished>> {
        finishes
            .iter()
            .map(|finish| self.finish_one(finish))
            .collect()
    }

    fn finish_one(&mut self, Finish { key, outcome }: &Finish) -> Result<Finished> {
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
            Outcome::Released if !job.cancel => {
                job.note(self.now, AttemptEnd::Released, None);
                self.put_back(&mut job)?;
                self.count(&job.queue, "released", 1);
                Ok(Finished::Released)
            }
            Outcome::Canceled | Outcome::Released => {
                job.note(self.now, AttemptEnd::Canceled, None);
                self.cancel_job(&mut job)?;
                Ok(Finished::Canceled)
            }
        }
    }

    fn complete(&mut self, job: &mut Job, result: &str) -> Result<Finished> {
        job.error = None;
        job.completed = Some((result.to_owned(), self.now));
        self.conclude(job, JobState::Completed)?;
        self.count(&job.queue, "completed", 1);
        self.release_followers(job.id)?;
        Ok(Finished::Completed)
    }

    fn retry(&mut self, job: &mut Job, after: Duration, error: &str) -> Result<Finished> {
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
            let reason = format!("its maximum age passes before the next attempt; {error}");
            self.bury(job, &reason, Some("expired"))?;
            return Ok(Finished::Dead);
        }
        job.error = Some(cut_error(error).to_owned());
        self.start_when_due(job)?;
        self.count(&job.queue, "retried", 1);
        Ok(Finished::Retrying)
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

fn read_lease(row: &Row<'_>, now: i64) -> rusqlite::Result<Lease> {
    let stamp: i64 = row.get(2)?;
    let failures: u32 = row.get(7)?;
    Ok(Lease {
        key: LeaseKey {
            job: row.get(0)?,
            token: row.get::<_, i64>(1)?.unsigned_abs(),
        },
        queue: row.get(3)?,
        task: row.get(4)?,
        payload: row.get(5)?,
        priority: row.get(6)?,
        attempt: failures + 1,
        max_attempts: row.get(8)?,
        recoveries: row.get(9)?,
        timeout: Duration::from_millis(row.get::<_, i64>(10)?.unsigned_abs()),
        waited: Duration::from_millis((now - stamp / 1000).max(0).unsigned_abs()),
        trace: row.get(11)?,
    })
}

/// Tokens are microseconds since 1970: they fit both ways for 290,000 years.
fn to_i64(token: u64) -> i64 {
    i64::try_from(token).unwrap_or(i64::MAX)
}
