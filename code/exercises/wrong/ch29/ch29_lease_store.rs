//! Wrong: asks who reports, and not on which lease. A worker's past has the same name.

use std::time::Duration;
use tokio::time::Instant;

/// The right to run a job.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Lease {
    job: u32,
    /// Larger than that of every earlier lease of the job.
    token: u64,
    /// Who holds it, for people who look at the store.
    worker: &'static str,
}

/// The job is or will be somebody else's, or it is done.
#[derive(Debug, PartialEq, Eq)]
struct LeaseLost;

enum State {
    Ready,
    Running { until: Instant },
    Done,
}

struct Job {
    id: u32,
    state: State,
    worker: &'static str,
    /// Of its newest lease; 0 if there was none.
    token: u64,
}

struct Store {
    /// How long a lease holds.
    length: Duration,
    /// In the order in which they are claimed.
    jobs: Vec<Job>,
}

impl Store {
    /// A store with jobs of these ids.
    fn new(length: Duration, ids: impl IntoIterator<Item = u32>) -> Self {
        let job = |id| Job {
            id,
            state: State::Ready,
            worker: "",
            token: 0,
        };
        Self {
            length,
            jobs: ids.into_iter().map(job).collect(),
        }
    }

    /// Lends the first job that is ready, or whose lease has run out.
    fn claim(&mut self, worker: &'static str) -> Option<Lease> {
        let now = Instant::now();
        let job = self.jobs.iter_mut().find(|job| match job.state {
            State::Ready => true,
            State::Running { until } => until <= now,
            State::Done => false,
        })?;
        job.token += 1;
        job.worker = worker;
        job.state = State::Running {
            until: now + self.length,
        };
        Some(Lease {
            job: job.id,
            token: job.token,
            worker,
        })
    }

    /// A heartbeat: the lease holds for its whole length from now on.
    fn extend(&mut self, lease: &Lease) -> Result<(), LeaseLost> {
        let until = Instant::now() + self.length;
        let job = self.own(lease)?;
        if matches!(job.state, State::Done) {
            return Err(LeaseLost);
        }
        job.state = State::Running { until };
        Ok(())
    }

    /// The job is done. Said twice, it is answered as the first time.
    fn finish(&mut self, lease: &Lease) -> Result<(), LeaseLost> {
        self.own(lease)?.state = State::Done;
        Ok(())
    }

    /// The job of `lease`, if it is its worker's.
    fn own(&mut self, lease: &Lease) -> Result<&mut Job, LeaseLost> {
        let mut jobs = self.jobs.iter_mut();
        jobs.find(|job| (job.id, job.worker) == (lease.job, lease.worker))
            .ok_or(LeaseLost)
    }
}

fn main() {}
