//! The model: a list of jobs, and what each step does to it.

use std::collections::BTreeMap;

use task_queue::broker::{Broker, Cancel, Finished, JobState, LeaseKey, Outcome};
use task_queue::job::JobId;

use super::{ATTEMPTS, LIMITS};
use crate::support::{LEASE, queue};

#[derive(Clone, Debug)]
struct Job {
    priority: u8,
    state: JobState,
    /// Jobs of one priority are claimed in this order; equal numbers may come either way.
    order: u64,
    /// When it became ready: seconds of a clock that is never set back.
    ready_at: i64,
    /// When it falls due, or its lease ends.
    until: i64,
    lease: Option<LeaseKey>,
    /// The last lease, while nobody but its holder has touched the job since.
    last: Option<LeaseKey>,
    failures: u32,
    recoveries: u32,
    cancel: bool,
}

/// What the store should hold.
#[derive(Default)]
pub struct Model {
    pub now: i64,
    pub paused: bool,
    latest: i64,
    orders: u64,
    jobs: BTreeMap<JobId, Job>,
}

impl Model {
    pub fn enqueue(&mut self, id: JobId, priority: u8, delay: i64) {
        // One that has to wait takes its place in line when it becomes ready.
        let (state, (order, ready_at)) = if delay == 0 {
            (JobState::Ready, self.stamp())
        } else {
            (JobState::Delayed, (0, 0))
        };
        let until = self.now + delay;
        let (lease, last) = (None, None);
        let job = Job {
            priority,
            state,
            order,
            ready_at,
            until,
            lease,
            last,
            failures: 0,
            recoveries: 0,
            cancel: false,
        };
        assert!(self.jobs.insert(id, job).is_none());
    }

    /// Checks who was handed out, and notes it.
    pub fn claim(&mut self, max: usize, keys: &[LeaseKey]) {
        let ready = self
            .jobs
            .values()
            .filter(|job| job.state == JobState::Ready)
            .count();
        assert_eq!(keys.len(), if self.paused { 0 } else { max.min(ready) });
        for &key in keys {
            let chosen = self.jobs[&key.job].clone();
            assert_eq!(chosen.state, JobState::Ready);
            for other in self
                .jobs
                .values()
                .filter(|job| job.state == JobState::Ready)
            {
                if other.priority == chosen.priority {
                    assert!(
                        chosen.order <= other.order,
                        "{chosen:?} went before {other:?}"
                    );
                } else if other.priority < chosen.priority {
                    let levels = i64::from(chosen.priority - other.priority);
                    let later = chosen.ready_at - other.ready_at;
                    // One second for the real time that the test itself takes.
                    let bound = levels * i64::try_from(LIMITS.aging.as_secs()).unwrap() + 1;
                    assert!(later <= bound, "{chosen:?} overtook {other:?}");
                }
            }
            self.claim_out_of_order(key);
        }
    }

    pub fn claim_out_of_order(&mut self, key: LeaseKey) {
        let until = self.now + i64::try_from(LEASE.as_secs()).unwrap();
        let job = self.job(key.job);
        assert_eq!(job.state, JobState::Ready);
        assert!(
            job.last.is_none_or(|last| last.token < key.token),
            "tokens only grow"
        );
        (job.state, job.until) = (JobState::Running, until);
        (job.lease, job.last) = (Some(key), Some(key));
    }

    /// Whether the job is to be canceled, if the lease is held.
    pub fn beat(&mut self, key: LeaseKey) -> Option<bool> {
        let until = self.now + i64::try_from(LEASE.as_secs()).unwrap();
        let job = self.job(key.job);
        (job.lease == Some(key)).then(|| {
            job.until = until;
            job.cancel
        })
    }

    pub fn finish(&mut self, key: LeaseKey, outcome: &Outcome) -> Option<Finished> {
        let now = self.now;
        let job = self.job(key.job);
        job.lease.take_if(|lease| *lease == key)?;
        let mut end = |state, answer| {
            job.state = state;
            Some(answer)
        };
        match outcome {
            Outcome::Completed(_) => end(JobState::Completed, Finished::Completed),
            Outcome::Dead { .. } => self.bury(key.job, Finished::Dead),
            Outcome::Canceled => end(JobState::Canceled, Finished::Canceled),
            _ if job.cancel => end(JobState::Canceled, Finished::Canceled),
            Outcome::Released => end(JobState::Ready, Finished::Released),
            Outcome::Retry { after, .. } => {
                job.failures += 1;
                if job.failures == ATTEMPTS {
                    return self.bury(key.job, Finished::Dead);
                }
                job.until = now + i64::try_from(after.as_secs()).unwrap();
                job.state = JobState::Delayed;
                if after.is_zero() {
                    let stamp = self.stamp();
                    let job = self.job(key.job);
                    (job.state, (job.order, job.ready_at)) = (JobState::Ready, stamp);
                }
                Some(Finished::Retrying)
            }
        }
    }

    /// Whether the job has not moved since this lease but by its own end, so that the store may
    /// answer again what it answered then.
    pub fn is_last_lease(&self, key: LeaseKey) -> bool {
        self.jobs[&key.job].last == Some(key)
    }

    /// Recovered, poisoned, promoted.
    pub fn upkeep(&mut self) -> (u64, u64, u64) {
        let (mut recovered, mut poisoned, mut promoted) = (0, 0, 0);
        let mut died_before = None;
        for id in self.due(JobState::Running) {
            let job = self.job(id);
            let until = job.until;
            job.recoveries += 1;
            (job.lease, job.last) = (None, None);
            recovered += 1;
            if job.cancel {
                job.state = JobState::Canceled;
            } else if job.recoveries > LIMITS.max_recoveries {
                (recovered, poisoned) = (recovered - 1, poisoned + 1);
                if died_before.replace(until) != Some(until) {
                    self.stamp();
                }
                let order = self.orders;
                let job = self.job(id);
                (job.state, job.order) = (JobState::Dead, order);
            } else {
                job.state = JobState::Ready;
            }
        }
        let mut due_before = None;
        for id in self.due(JobState::Delayed) {
            let until = self.jobs[&id].until;
            if due_before.replace(until) != Some(until) {
                self.stamp();
            }
            let (order, ready_at) = (self.orders, self.latest);
            let job = self.job(id);
            (job.state, job.order, job.ready_at) = (JobState::Ready, order, ready_at);
            promoted += 1;
        }
        (recovered, poisoned, promoted)
    }

    pub fn cancel(&mut self, id: JobId) -> Cancel {
        let job = self.job(id);
        if job.state == JobState::Running {
            job.cancel = true;
            return Cancel::Requested;
        }
        if job.state.has_ended() {
            return Cancel::TooLate;
        }
        job.state = JobState::Canceled;
        Cancel::Canceled
    }

    /// The dead letters, with the order in which they died.
    pub fn dead(&self) -> Vec<(u64, JobId)> {
        let dead = self
            .jobs
            .iter()
            .filter(|(_, job)| job.state == JobState::Dead);
        let mut dead: Vec<_> = dead.map(|(&id, job)| (job.order, id)).collect();
        dead.sort_unstable();
        dead
    }

    /// Checks that these are the letters that died first, and notes that they are ready. Leases end
    /// in the store to the millisecond, so of letters that died in one second any may be the first.
    pub fn requeue(&mut self, letters: usize, requeued: &[JobId]) {
        let dead = self.dead();
        assert_eq!(requeued.len(), letters.min(dead.len()));
        let (chosen, left): (Vec<_>, Vec<_>) =
            dead.into_iter().partition(|(_, id)| requeued.contains(id));
        if let (Some(&(last, _)), Some(&(next, _))) = (chosen.last(), left.first()) {
            assert!(last <= next, "{chosen:?} went before {left:?}");
        }
        let mut died_before = None;
        for (died, id) in chosen {
            if died_before.replace(died) != Some(died) {
                self.stamp();
            }
            let (order, ready_at) = (self.orders, self.latest);
            let job = self.job(id);
            (job.state, job.order, job.ready_at) = (JobState::Ready, order, ready_at);
            (job.failures, job.recoveries, job.cancel, job.last) = (0, 0, false, None);
        }
    }

    pub fn ended(&self, id: JobId) -> JobState {
        let state = self.jobs[&id].state;
        assert!(state.has_ended(), "{:?}", self.jobs[&id]);
        state
    }

    pub async fn check_numbers(&self, broker: &impl Broker) {
        let stats = broker.stats().await.unwrap();
        let Some(stats) = stats.queues.iter().find(|stats| stats.queue == queue("q")) else {
            return assert!(self.jobs.is_empty());
        };
        let count = |state| self.jobs.values().filter(|job| job.state == state).count() as u64;
        let ready = std::array::from_fn(|level| {
            let ready = self
                .jobs
                .values()
                .filter(|job| job.state == JobState::Ready);
            ready
                .filter(|job| usize::from(job.priority) == level)
                .count() as u64
        });
        assert_eq!(stats.ready, ready);
        let others = [JobState::Delayed, JobState::Running, JobState::Dead].map(count);
        assert_eq!([stats.delayed, stats.running, stats.dead], others);
    }

    fn bury(&mut self, id: JobId, answer: Finished) -> Option<Finished> {
        let (order, _) = self.stamp();
        let job = self.job(id);
        (job.state, job.order) = (JobState::Dead, order);
        Some(answer)
    }

    /// The jobs in a state whose time has come, the earliest first.
    fn due(&self, state: JobState) -> Vec<JobId> {
        let due = self
            .jobs
            .iter()
            .filter(|(_, job)| job.state == state && job.until <= self.now);
        let mut due: Vec<_> = due.map(|(&id, job)| (job.until, id)).collect();
        due.sort_unstable();
        due.into_iter().map(|(_, id)| id).collect()
    }

    fn stamp(&mut self) -> (u64, i64) {
        self.orders += 1;
        self.latest = self.latest.max(self.now);
        (self.orders, self.latest)
    }

    fn job(&mut self, id: JobId) -> &mut Job {
        self.jobs.get_mut(&id).unwrap()
    }
}
