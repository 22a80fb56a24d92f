//! What time asks for, and what people ask for: recovery, promotion, expiry, schedules; cancel, requeue, purge.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::broker::lease::spread;
use crate::broker::{AttemptEnd, Cancel, JobState, NewSchedule, Select, Upkeep};
use crate::error::{BrokerError, Result};
use crate::job::{JobId, Timestamp};

use super::moves::Job;
use super::transaction::{Json, Transaction};

/// The longest time between two rounds: what no one announced is noticed after that.
const ROUND: Duration = Duration::from_secs(1);

impl Transaction<'_> {
    pub(super) fn upkeep(&mut self, limit: usize) -> Result<Upkeep> {
        let mut done = Upkeep::default();
        let mut lost = self.jobs_due(JobState::Running, limit)?;
        lost.extend(self.leases_beyond_belief(limit)?);
        let due = self.jobs_due(JobState::Delayed, limit)?;
        let cut_short = lost.len() >= limit || due.len() == limit;
        for mut job in lost {
            if self.recover(&mut job)? {
                done.recovered += 1;
            } else {
                done.poisoned += 1;
            }
        }
        for mut job in due {
            self.make_ready(&mut job)?;
            done.promoted += 1;
        }
        self.set_ticks_right()?;
        let ticks = self.tick(limit)?;
        done.scheduled = ticks.0;
        done.expired = self.forget(limit)?;
        let cut_short = cut_short || ticks.1 || done.expired >= limit as u64;
        done.next = if cut_short {
            Duration::ZERO
        } else {
            self.next_round()?
        };
        Ok(done)
    }

    /// Puts a job back whose lease ran out; false if that happened once too often.
    fn recover(&mut self, job: &mut Job) -> Result<bool> {
        let error = "its worker was lost: no heartbeat before the lease ended";
        job.token += 1;
        job.recoveries += 1;
        job.note(self.now, AttemptEnd::Lost, None);
        if job.cancel {
            self.cancel_job(job)?;
        } else if job.recoveries > self.options.max_recoveries {
            let reason = format!("{error}, {} times", job.recoveries);
            self.bury(job, &reason, Some("poisoned"))?;
            return Ok(false);
        } else {
            match spread(job.id, job.recoveries, self.options.recovery_spread) {
                0 => self.put_back(job)?,
                wait => {
                    job.due = self.now + wait;
                    self.start_when_due(job)?;
                }
            }
        }
        self.count(&job.queue, "recovered", 1);
        Ok(true)
    }

    /// A tick that was computed while the clock was ahead is computed again once it was set back.
    fn set_ticks_right(&self) -> Result<()> {
        if !self.is_set_back() {
            return Ok(());
        }
        let ahead = "SELECT schedule FROM schedules WHERE next > ?1";
        for Json(schedule) in self.all(ahead, [self.now], |row| row.get(0))? {
            let schedule: NewSchedule = schedule;
            if let Ok(next) = schedule.next_after(Timestamp(self.now)) {
                let sql = "UPDATE schedules SET next = ?1 WHERE name = ?2 AND next > ?1";
                self.execute(sql, (next.0, schedule.name.as_str()))?;
            }
        }
        Ok(())
    }

    /// Enqueues the jobs of schedules that are due; answers how many, and whether there may be more.
    fn tick(&mut self, limit: usize) -> Result<(u64, bool)> {
        let sql = "SELECT schedule, next FROM schedules WHERE next <= ?1 ORDER BY next LIMIT ?2";
        let due = self.all(sql, (self.now, limit), |row| Ok((row.get(0)?, row.get(1)?)))?;
        let (mut scheduled, cut_short) = (0, due.len() == limit);
        for (Json(schedule), tick) in due {
            let schedule: NewSchedule = schedule;
            let next = schedule.next_after(Timestamp(self.now));
            match self.enqueue(&[schedule.job_at(Timestamp(tick))]) {
                Ok(_) => scheduled += 1,
                // The tick is kept: it comes when there is room.
                Err(BrokerError::QueueFull { .. }) => continue,
                Err(error) => return Err(error),
            }
            // A schedule without another tick (a fixed date, say) stays, and is never due.
            let next = next.map_or(i64::MAX, |next| next.0);
            let sql = "UPDATE schedules SET next = ?1 WHERE name = ?2";
            self.execute(sql, (next, schedule.name.as_str()))?;
        }
        Ok((scheduled, cut_short))
    }

    /// Deletes what has expired, and the oldest of too many dead letters.
    fn forget(&mut self, limit: usize) -> Result<u64> {
        let mut forgotten = 0;
        for sql in [
            "DELETE FROM unique_keys WHERE (queue, key) IN
                 (SELECT queue, key FROM unique_keys WHERE expires <= ?1 LIMIT ?2)",
            "DELETE FROM workers WHERE id IN (SELECT id FROM workers WHERE expires <= ?1 LIMIT ?2)",
        ] {
            forgotten += self.execute(sql, (self.now, limit))? as u64;
        }
        for state in [JobState::Completed, JobState::Canceled] {
            for job in self.jobs_due(state, limit)? {
                self.delete(&job)?;
                forgotten += 1;
            }
        }
        let sql = "SELECT queue, n - ?1 FROM counts WHERE name = 'dead' AND n > ?1";
        let values = [i64::try_from(self.options.max_dead).unwrap_or(i64::MAX)];
        for (queue, above) in self.all(sql, values, |row| Ok((row.get(0)?, row.get(1)?)))? {
            let above: usize = above;
            forgotten += self.purge_all(self.oldest_dead(&queue, above.min(limit))?)?;
        }
        Ok(forgotten)
    }

    fn next_round(&self) -> Result<Duration> {
        let sql = "SELECT min(next) FROM (
                       SELECT min(rank) AS next FROM jobs WHERE state = 1
                       UNION ALL SELECT min(rank) FROM jobs WHERE state = 3
                       UNION ALL SELECT min(next) FROM schedules WHERE next > ?1)";
        let next: Option<i64> = self.one(sql, [self.now], |row| row.get(0))?.flatten();
        let span = next.map_or(i64::MAX, |next| next.saturating_sub(self.now));
        Ok(Duration::from_millis(span.max(0).unsigned_abs()).min(ROUND))
    }

    pub(super) fn cancel(&mut self, id: JobId) -> Result<Cancel> {
        let Some(mut job) = self.job(id)? else {
            return Ok(Cancel::Unknown);
        };
        if job.state.has_ended() {
            return Ok(Cancel::TooLate);
        }
        if job.state == JobState::Running {
            self.rings.cancel = true;
            self.execute("UPDATE jobs SET cancel = 1 WHERE seq = ?1", [job.seq])?;
            return Ok(Cancel::Requested);
        }
        self.execute("DELETE FROM edges WHERE child = ?1", [id])?;
        self.cancel_job(&mut job)?;
        Ok(Cancel::Canceled)
    }

    pub(super) fn requeue(&mut self, which: &Select) -> Result<u64> {
        let jobs = self.select(which)?;
        let mut sent = BTreeMap::new();
        for mut job in jobs {
            (job.failures, job.recoveries, job.token, job.due) = (0, 0, job.token + 1, self.now);
            job.error = None;
            self.make_ready(&mut job)?;
            let sql = "UPDATE jobs SET enqueued_at = ?1, cancel = 0, blockers = 0 WHERE seq = ?2";
            self.execute(sql, (self.now, job.seq))?;
            self.count(&job.queue, "requeued", 1);
            *sent.entry(job.queue).or_insert(0) += 1;
        }
        self.check_depth(&sent)?;
        Ok(sent.values().sum())
    }

    pub(super) fn purge(&mut self, which: &Select) -> Result<u64> {
        let jobs = self.select(which)?;
        self.purge_all(jobs)
    }

    fn purge_all(&mut self, jobs: Vec<Job>) -> Result<u64> {
        for job in &jobs {
            self.delete(job)?;
            self.bury_followers(job.id, "failed and was purged")?;
        }
        Ok(jobs.len() as u64)
    }

    fn select(&self, which: &Select) -> Result<Vec<Job>> {
        match which {
            Select::Oldest { queue, oldest } => self.oldest_dead(queue, *oldest),
            Select::Jobs { jobs } => {
                let jobs = jobs.iter().filter_map(|id| self.job(*id).transpose());
                jobs.filter(|job| job.as_ref().map_or(true, |job| job.state == JobState::Dead))
                    .collect()
            }
        }
    }
}
