//! Wrong: the priority first, and waiting only among equals, so that a low job can starve.

use std::collections::BTreeMap;
use std::time::Duration;

#[derive(Debug)]
struct Job {
    name: &'static str,
    /// 0 (can wait) to 9 (first).
    priority: u8,
    /// Since the store was opened.
    ready_at: Duration,
}

/// In microseconds. It lies before the opening of the store for an urgent job that came early.
type Rank = i128;

/// Where `job` stands in line, if a level of priority is worth `aging`.
fn rank(job: &Job, _aging: Duration) -> Rank {
    let longer_than_anybody_waits = Rank::from(u64::MAX);
    job.ready_at.as_micros() as Rank - Rank::from(job.priority) * longer_than_anybody_waits
}

/// The jobs that are ready.
struct Line {
    aging: Duration,
    /// By rank, and by arrival where ranks are equal.
    jobs: BTreeMap<(Rank, u64), Job>,
    /// How many jobs were ever pushed.
    arrivals: u64,
}

impl Line {
    fn new(aging: Duration) -> Self {
        Self {
            aging,
            jobs: BTreeMap::new(),
            arrivals: 0,
        }
    }

    fn push(&mut self, job: Job) {
        self.arrivals += 1;
        let key = (rank(&job, self.aging), self.arrivals);
        self.jobs.insert(key, job);
    }

    /// Takes out the job that is next.
    fn pop(&mut self) -> Option<Job> {
        self.jobs.pop_first().map(|(_, job)| job)
    }
}

fn main() {}
