//! The moves of a job from one state to another. Each changes the row, the counts and the edges together.

use rusqlite::Row;

use crate::broker::lease::{LEASE_RANGE, cut_error};
use crate::broker::{Attempt, AttemptEnd, JobState, history};
use crate::error::Result;
use crate::job::{JobId, Priority, Timestamp};
use crate::name::{QueueName, WorkerId};

use super::transaction::{Transaction, millis};

/// What a move has to know of a job.
pub(super) struct Job {
    pub(super) seq: i64,
    pub(super) id: JobId,
    pub(super) queue: QueueName,
    pub(super) priority: Priority,
    pub(super) state: JobState,
    pub(super) stamp: i64,
    pub(super) token: i64,
    pub(super) failures: u32,
    pub(super) recoveries: u32,
    pub(super) max_attempts: u32,
    /// When it is too old to start, in milliseconds.
    pub(super) deadline: Option<i64>,
    pub(super) keep_result: i64,
    pub(super) due: i64,
    pub(super) cancel: bool,
    unique_key: Option<String>,
    worker: Option<WorkerId>,
    claimed_at: Option<i64>,
    history: String,
    /// Of the last attempt, unless it completed.
    pub(super) error: Option<String>,
    /// The result and when it came, once the job completes.
    pub(super) completed: Option<(String, i64)>,
}

const COLUMNS: &str =
    "seq, id, queue, priority, state, stamp, token, failures, recoveries, max_attempts,
    enqueued_at + max_age, keep_result, due, cancel, unique_key, worker, claimed_at, history, error";

fn read(row: &Row<'_>) -> rusqlite::Result<Job> {
    Ok(Job {
        seq: row.get(0)?,
        id: row.get(1)?,
        queue: row.get(2)?,
        priority: row.get(3)?,
        state: row.get(4)?,
        stamp: row.get(5)?,
        token: row.get(6)?,
        failures: row.get(7)?,
        recoveries: row.get(8)?,
        max_attempts: row.get(9)?,
        deadline: row.get(10)?,
        keep_result: row.get(11)?,
        due: row.get(12)?,
        cancel: row.get(13)?,
        unique_key: row.get(14)?,
        worker: row.get(15)?,
        claimed_at: row.get(16)?,
        history: row.get(17)?,
        error: row.get(18)?,
        completed: None,
    })
}

impl Transaction<'_> {
    pub(super) fn job(&self, id: JobId) -> Result<Option<Job>> {
        let sql = format!("SELECT {COLUMNS} FROM jobs WHERE id = ?1");
        self.one(&sql, [id], read)
    }

    /// The first `limit` jobs in a state whose time has come.
    pub(super) fn jobs_due(&self, state: JobState, limit: usize) -> Result<Vec<Job>> {
        // The index serves only a condition that stands in the text.
        let state = state as i64;
        let sql = format!(
            "SELECT {COLUMNS} FROM jobs WHERE state = {state} AND rank <= ?1 ORDER BY rank, seq LIMIT ?2"
        );
        self.all(&sql, (self.now, limit), read)
    }

    /// Jobs whose lease ends later than any lease can: the clock was ahead when they were claimed.
    pub(super) fn leases_beyond_belief(&self, limit: usize) -> Result<Vec<Job>> {
        let latest = self.now + millis(LEASE_RANGE.1);
        let sql = format!(
            "SELECT {COLUMNS} FROM jobs WHERE state = 3 AND rank > ?1 ORDER BY rank, seq LIMIT ?2"
        );
        self.all(&sql, (latest, limit), read)
    }

    /// The `limit` oldest dead letters of a queue.
    pub(super) fn oldest_dead(&self, queue: &QueueName, limit: usize) -> Result<Vec<Job>> {
        let sql = format!(
            "SELECT {COLUMNS} FROM jobs WHERE state = 5 AND queue = ?1 ORDER BY rank LIMIT ?2"
        );
        self.all(&sql, (queue.as_str(), limit), read)
    }

    /// To the end of the line.
    pub(super) fn make_ready(&mut self, job: &mut Job) -> Result<()> {
        job.stamp = self.next_stamp();
        self.put_back(job)
    }

    /// To its old place in line.
    pub(super) fn put_back(&mut self, job: &mut Job) -> Result<()> {
        self.rings.ready = true;
        let rank = self.rank(job.stamp, job.priority);
        self.move_to(job, JobState::Ready, rank)
    }

    /// Ready now or at `job.due`.
    pub(super) fn start_when_due(&mut self, job: &mut Job) -> Result<()> {
        if job.due <= self.now {
            return self.make_ready(job);
        }
        self.rings.due = true;
        self.move_to(job, JobState::Delayed, job.due)
    }

    /// To the dead letters. `counter` says why, beside `died`.
    pub(super) fn bury(
        &mut self,
        job: &mut Job,
        reason: &str,
        counter: Option<&'static str>,
    ) -> Result<()> {
        let stamp = self.next_stamp();
        job.error = Some(cut_error(reason).to_owned());
        self.move_to(job, JobState::Dead, stamp)?;
        self.rings.ended.push(job.id);
        for name in ["died"].into_iter().chain(counter) {
            self.count(&job.queue, name, 1);
        }
        Ok(())
    }

    /// Ended by request. Its unique key is free again if it never ran.
    pub(super) fn cancel_job(&mut self, job: &mut Job) -> Result<()> {
        if job.worker.is_none()
            && let Some(key) = &job.unique_key
        {
            let sql = "DELETE FROM unique_keys WHERE queue = ?1 AND key = ?2 AND job = ?3";
            self.execute(sql, (job.queue.as_str(), key, job.id))?;
        }
        self.conclude(job, JobState::Canceled)?;
        self.count(&job.queue, "canceled", 1);
        self.bury_followers(job.id, "was canceled")
    }

    /// Kept for as long as its result is, or deleted at once.
    pub(super) fn conclude(&mut self, job: &mut Job, state: JobState) -> Result<()> {
        self.rings.ended.push(job.id);
        if job.keep_result == 0 {
            return self.delete(job);
        }
        self.move_to(job, state, self.now + job.keep_result)
    }

    pub(super) fn delete(&mut self, job: &Job) -> Result<()> {
        self.count_move(&job.queue, job.priority, Some(job.state), None);
        self.execute("DELETE FROM jobs WHERE seq = ?1", [job.seq])
            .map(|_| ())
    }

    /// The jobs that wait for `parent` wait for one less.
    pub(super) fn release_followers(&mut self, parent: JobId) -> Result<()> {
        for mut child in self.followers(parent)? {
            let sql = "UPDATE jobs SET blockers = blockers - 1 WHERE seq = ?1 RETURNING blockers";
            let blockers = self.one(sql, [child.seq], |row| row.get::<_, i64>(0))?;
            if blockers == Some(0) {
                self.start_when_due(&mut child)?;
            }
        }
        self.execute("DELETE FROM edges WHERE parent = ?1", [parent])
            .map(|_| ())
    }

    /// The jobs that wait for `parent` will never start.
    pub(super) fn bury_followers(&mut self, parent: JobId, why: &str) -> Result<()> {
        for mut child in self.followers(parent)? {
            let reason = format!("job {parent}, which it waits for, {why}");
            self.bury(&mut child, &reason, None)?;
            self.execute("DELETE FROM edges WHERE child = ?1", [child.id])?;
        }
        Ok(())
    }

    fn followers(&self, parent: JobId) -> Result<Vec<Job>> {
        let sql = format!(
            "SELECT {COLUMNS} FROM jobs WHERE id IN (SELECT child FROM edges WHERE parent = ?1) ORDER BY seq"
        );
        self.all(&sql, [parent], read)
    }

    fn move_to(&mut self, job: &mut Job, state: JobState, rank: i64) -> Result<()> {
        self.count_move(&job.queue, job.priority, Some(job.state), Some(state));
        job.state = state;
        let sql = "UPDATE jobs SET state = ?1, rank = ?2, stamp = ?3, token = ?4, failures = ?5,
                   recoveries = ?6, due = ?7, history = ?8, error = ?9, result = ?10, ended_at = ?11
                   WHERE seq = ?12";
        let completed = job.completed.as_ref();
        let (result, ended_at) = completed.map(|(result, at)| (result, at)).unzip();
        let values = rusqlite::params![
            state,
            rank,
            job.stamp,
            job.token,
            job.failures,
            job.recoveries,
            job.due,
            job.history,
            job.error,
            result,
            ended_at,
            job.seq,
        ];
        self.execute(sql, values).map(|_| ())
    }
}

impl Job {
    /// Writes the present attempt into the history, on its way to the next move.
    pub(super) fn note(&mut self, now: i64, end: AttemptEnd, error: Option<&str>) {
        if let Some(worker) = self.worker.clone() {
            let attempt = Attempt {
                worker,
                started_at: Timestamp(self.claimed_at.unwrap_or(now)),
                ended_at: Some(Timestamp(now)),
                end,
                error: error.map(|error| cut_error(error).to_owned()),
            };
            self.history = history::append(&self.history, &attempt);
        }
    }
}
