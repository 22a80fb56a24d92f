//! The jobs of the scripted broker.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use task_queue::broker::{
    Claim, Counters, Extended, Finish, Finished, Heartbeat, JobState, JobStatus, Lease, LeaseKey,
    Outcome, Progress, QueueStats, Stats, Upkeep,
};
use task_queue::error::BrokerError;
use task_queue::invalid::Invalid;
use task_queue::job::{JobId, NewJob, Timestamp};
use task_queue::name::QueueName;
use tokio::time::Instant;

pub struct Store {
    pub jobs: BTreeMap<JobId, Job>,
    pub line: VecDeque<JobId>,
    pub token: u64,
    pub result_limit: usize,
    start: Instant,
}

pub struct Job {
    pub new: NewJob,
    pub place: Place,
    pub cancel_requested: bool,
    pub progress: Option<Progress>,
    pub completions: u32,
    failures: u32,
    error: Option<String>,
    last: Option<(u64, Finished)>,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Place {
    Ready(Timestamp),
    Delayed(Instant),
    Running { token: u64, until: Instant },
    Ended(JobState, Option<String>),
}

impl Job {
    pub fn new(new: NewJob, place: Place) -> Self {
        Self {
            new,
            place,
            cancel_requested: false,
            progress: None,
            completions: 0,
            failures: 0,
            error: None,
            last: None,
        }
    }

    pub fn status(&self) -> JobStatus {
        let (state, result) = match &self.place {
            Place::Ready(_) => (JobState::Ready, None),
            Place::Delayed(_) => (JobState::Delayed, None),
            Place::Running { .. } => (JobState::Running, None),
            Place::Ended(state, result) => (*state, result.clone()),
        };
        JobStatus {
            state,
            result,
            error: self.error.clone(),
            progress: self.progress.clone(),
        }
    }

    /// Whether the lease with this token is the one that holds.
    fn is_held(&self, token: u64) -> bool {
        matches!(self.place, Place::Running { token: held, .. } if held == token)
    }
}

impl Store {
    pub fn new() -> Self {
        Self {
            jobs: BTreeMap::new(),
            line: VecDeque::new(),
            token: 0,
            result_limit: usize::MAX,
            start: Instant::now(),
        }
    }

    pub fn now(&self) -> Timestamp {
        Timestamp(self.start.elapsed().as_millis().try_into().unwrap())
    }

    pub fn place(&mut self, job: JobId, change: impl FnOnce(&Place) -> Place) {
        let job = self.jobs.get_mut(&job).unwrap();
        job.place = change(&job.place);
    }

    pub fn claim(&mut self, claim: &Claim) -> Vec<Lease> {
        let mut leases = Vec::new();
        for queue in &claim.queues {
            for id in self.line.clone() {
                if leases.len() < claim.max && self.jobs[&id].new.queue == *queue {
                    leases.extend(self.lease(id, claim.lease));
                }
            }
        }
        leases
    }

    fn lease(&mut self, id: JobId, lease: Duration) -> Option<Lease> {
        let now = self.now();
        let job = self.jobs.get_mut(&id)?;
        let Place::Ready(ready_at) = job.place else {
            return None;
        };
        self.token += 1;
        let token = self.token;
        let until = Instant::now() + lease;
        job.place = Place::Running { token, until };
        Some(Lease {
            key: LeaseKey { job: id, token },
            queue: job.new.queue.clone(),
            task: job.new.task.clone(),
            payload: job.new.payload.clone(),
            priority: job.new.priority,
            attempt: job.failures + 1,
            max_attempts: job.new.max_attempts,
            recoveries: 0,
            timeout: job.new.timeout,
            waited: Duration::from_millis((now.0 - ready_at.0).max(0).unsigned_abs()),
            trace: job.new.trace.clone(),
        })
    }

    /// All leases: there is one worker.
    pub fn held(&self) -> Vec<LeaseKey> {
        let held = self
            .jobs
            .iter()
            .filter_map(|(&job, held)| match held.place {
                Place::Running { token, .. } => Some(LeaseKey { job, token }),
                _ => None,
            });
        held.collect()
    }

    pub fn extend(&mut self, beat: Heartbeat, lease: Duration) -> Extended {
        let job = self.jobs.get_mut(&beat.key.job).unwrap();
        if !job.is_held(beat.key.token) {
            return Extended::Lost;
        }
        let (token, until) = (beat.key.token, Instant::now() + lease);
        job.place = Place::Running { token, until };
        job.progress = beat.progress.or(job.progress.take());
        match job.cancel_requested {
            true => Extended::CancelRequested,
            false => Extended::Held,
        }
    }

    pub fn check_results(&self, finishes: &[Finish]) -> Result<(), BrokerError> {
        for finish in finishes {
            if let Outcome::Completed(result) = &finish.outcome
                && result.len() > self.result_limit
            {
                let reason = format!("the limit is {}", self.result_limit);
                return Err(Invalid::new("result", reason).into());
            }
        }
        Ok(())
    }

    pub fn finish(&mut self, finish: Finish) -> Finished {
        let (now, token) = (self.now(), finish.key.token);
        let job = self.jobs.get_mut(&finish.key.job).unwrap();
        if let Some((last, answer)) = job.last
            && last == token
        {
            return answer;
        }
        if !job.is_held(token) {
            return Finished::LeaseLost;
        }
        let (place, answer) = match finish.outcome {
            Outcome::Completed(result) => {
                job.completions += 1;
                let place = Place::Ended(JobState::Completed, Some(result));
                (place, Finished::Completed)
            }
            Outcome::Retry { after, error } => {
                job.failures += 1;
                job.error = Some(error);
                if job.failures >= job.new.max_attempts {
                    (Place::Ended(JobState::Dead, None), Finished::Dead)
                } else {
                    (Place::Delayed(Instant::now() + after), Finished::Retrying)
                }
            }
            Outcome::Dead { error } => {
                job.error = Some(error);
                (Place::Ended(JobState::Dead, None), Finished::Dead)
            }
            Outcome::Canceled => (Place::Ended(JobState::Canceled, None), Finished::Canceled),
            Outcome::Released => (Place::Ready(now), Finished::Released),
        };
        job.place = place;
        job.last = Some((token, answer));
        answer
    }

    pub fn upkeep(&mut self) -> Upkeep {
        let (now, at) = (Instant::now(), self.now());
        let mut done = Upkeep {
            next: Duration::from_secs(1),
            ..Upkeep::default()
        };
        for job in self.jobs.values_mut() {
            match job.place {
                Place::Delayed(due) | Place::Running { until: due, .. } if due <= now => {
                    match job.place {
                        Place::Delayed(_) => done.promoted += 1,
                        _ => done.recovered += 1,
                    }
                    job.place = Place::Ready(at);
                }
                Place::Delayed(due) => done.next = done.next.min(due - now),
                _ => {}
            }
        }
        done
    }

    pub fn stats(&self) -> Stats {
        let mut queues: BTreeMap<QueueName, QueueStats> = BTreeMap::new();
        for job in self.jobs.values() {
            let name = &job.new.queue;
            let queue = queues.entry(name.clone()).or_insert_with(|| empty(name));
            if let Place::Ready(since) = job.place {
                queue.ready[usize::from(job.new.priority.level())] += 1;
                let waited = (self.now().0 - since.0).try_into().unwrap();
                let wait = Duration::from_millis(waited);
                queue.head_wait = queue.head_wait.max(Some(wait));
            }
        }
        Stats {
            at: self.now(),
            queues: queues.into_values().collect(),
        }
    }
}

fn empty(queue: &QueueName) -> QueueStats {
    QueueStats {
        queue: queue.clone(),
        paused: false,
        ready: [0; 10],
        head_wait: None,
        delayed: 0,
        blocked: 0,
        running: 0,
        dead: 0,
        counters: Counters::default(),
    }
}
