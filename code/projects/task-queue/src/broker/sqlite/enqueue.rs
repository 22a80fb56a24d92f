//! Jobs come in.

use std::collections::BTreeMap;

use crate::broker::{Enqueued, JobState};
use crate::error::{BrokerError, Result};
use crate::job::{JobId, NewJob, Start, Unique};
use crate::name::QueueName;

use super::transaction::{Transaction, millis};

/// State, rank and stamp; see schema.sql.
type Place = (JobState, i64, i64);

impl Transaction<'_> {
    pub(super) fn enqueue(&mut self, jobs: &[NewJob]) -> Result<Vec<Enqueued>> {
        let mut sent = BTreeMap::new();
        let mut answers = Vec::with_capacity(jobs.len());
        for job in jobs {
            let answer = self.enqueue_one(job)?;
            if let Enqueued::New(_) = answer {
                *sent.entry(job.queue.clone()).or_insert(0) += 1;
            }
            answers.push(answer);
        }
        self.check_depth(&sent)?;
        Ok(answers)
    }

    /// Refuses what was sent to a queue that now holds too many.
    pub(super) fn check_depth(&mut self, sent: &BTreeMap<QueueName, u64>) -> Result<()> {
        for (queue, &sent) in sent {
            let (depth, limit) = (self.depth(queue)?, self.options.max_depth);
            if depth > limit {
                return Err(BrokerError::QueueFull {
                    queue: queue.clone(),
                    depth: depth - sent,
                    sent,
                    limit,
                });
            }
        }
        Ok(())
    }

    fn enqueue_one(&mut self, job: &NewJob) -> Result<Enqueued> {
        let known = "SELECT 1 FROM jobs WHERE id = ?1";
        if self.one(known, [job.id], |_| Ok(()))?.is_some() {
            return Ok(Enqueued::Known(job.id));
        }
        if let Some(unique) = &job.unique
            && let Some(owner) = self.take_key(job, unique)?
        {
            return Ok(Enqueued::Duplicate(owner));
        }
        let blockers = self.wait_for(job)?;
        let due = match job.start {
            Start::Now => self.now,
            Start::In(delay) => self.now + millis(delay),
            Start::At(moment) => moment.0,
        };
        let place = self.first_place(job, blockers, due);
        self.insert(job, place, blockers, due)?;
        self.count_move(&job.queue, job.priority, None, Some(place.0));
        self.count(&job.queue, "enqueued", 1);
        Ok(Enqueued::New(job.id))
    }

    fn first_place(&mut self, job: &NewJob, blockers: i64, due: i64) -> Place {
        if blockers > 0 {
            return (JobState::Blocked, 0, 0);
        }
        if due > self.now {
            self.rings.due = true;
            return (JobState::Delayed, due, 0);
        }
        self.rings.ready = true;
        let stamp = self.next_stamp();
        (JobState::Ready, self.rank(stamp, job.priority), stamp)
    }

    fn insert(&self, job: &NewJob, place: Place, blockers: i64, due: i64) -> Result<()> {
        let (state, rank, stamp) = place;
        let sql = "INSERT INTO jobs (id, queue, task, payload, priority, state, rank, stamp, blockers, due,
                       max_attempts, max_age, timeout, keep_result, unique_key, trace, enqueued_at)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)";
        let values = rusqlite::params![
            job.id,
            job.queue.as_str(),
            job.task.as_str(),
            job.payload,
            job.priority,
            state,
            rank,
            stamp,
            blockers,
            due,
            job.max_attempts,
            job.max_age.map(millis),
            millis(job.timeout),
            millis(job.keep_result),
            job.unique.as_ref().map(|unique| &unique.key),
            job.trace.as_deref().filter(|trace| !trace.is_empty()),
            self.now,
        ];
        self.execute(sql, values).map(|_| ())
    }

    /// Takes the key for `job`, or says whose it is.
    fn take_key(&self, job: &NewJob, unique: &Unique) -> Result<Option<JobId>> {
        let queue = job.queue.as_str();
        let sql = "SELECT job FROM unique_keys WHERE queue = ?1 AND key = ?2 AND expires > ?3";
        let owner = self.one(sql, (queue, &unique.key, self.now), |row| row.get(0))?;
        if owner.is_none() {
            let sql = "INSERT OR REPLACE INTO unique_keys VALUES (?1, ?2, ?3, ?4)";
            let expires = self.now + millis(unique.ttl);
            self.execute(sql, (queue, &unique.key, job.id, expires))?;
        }
        Ok(owner)
    }

    /// Notes which jobs `job` waits for, and answers how many there are.
    fn wait_for(&self, job: &NewJob) -> Result<i64> {
        let mut blockers = 0;
        for &parent in &job.after {
            let sql = "SELECT state FROM jobs WHERE id = ?1";
            match self.one(sql, [parent], |row| row.get(0))? {
                None | Some(JobState::Canceled) => {
                    return Err(BrokerError::UnknownDependency {
                        job: job.id,
                        missing: parent,
                    });
                }
                Some(JobState::Completed) => {}
                Some(_) => {
                    self.execute("INSERT INTO edges VALUES (?1, ?2)", (parent, job.id))?;
                    blockers += 1;
                }
            }
        }
        Ok(blockers)
    }
}
