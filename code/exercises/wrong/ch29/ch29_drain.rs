//! Wrong: aborts what runs: jobs that were about to end are lost, and the store thinks they run.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

/// Jobs that run at the same time.
const SLOTS: usize = 3;

#[derive(Clone, Debug)]
struct Job {
    name: &'static str,
    steps: u32,
}

#[derive(Debug, PartialEq, Eq)]
enum End {
    Completed,
    HandedBack,
}

/// A job is in one of these places.
#[derive(Default)]
struct Store {
    ready: Mutex<VecDeque<Job>>,
    running: Mutex<Vec<&'static str>>,
    completed: Mutex<Vec<&'static str>>,
}

impl Store {
    fn claim(&self) -> Option<Job> {
        let job = self.ready.lock().unwrap().pop_front()?;
        self.running.lock().unwrap().push(job.name);
        Some(job)
    }

    fn complete(&self, job: Job) {
        self.leave(&job);
        self.completed.lock().unwrap().push(job.name);
    }

    fn hand_back(&self, job: Job) {
        self.leave(&job);
        self.ready.lock().unwrap().push_front(job);
    }

    fn leave(&self, job: &Job) {
        let mut running = self.running.lock().unwrap();
        running.retain(|name| *name != job.name);
    }
}

/// The handler looked between two steps, and was told to stop.
struct Stopped;

async fn handle(job: &Job, stop: &CancellationToken) -> Result<(), Stopped> {
    for _step in 0..job.steps {
        if stop.is_cancelled() {
            return Err(Stopped);
        }
        sleep(Duration::from_secs(1)).await;
    }
    Ok(())
}

/// Runs `job` and tells `store` how it ended.
async fn attempt(store: Arc<Store>, job: Job, stop: CancellationToken) -> (&'static str, End) {
    let name = job.name;
    match handle(&job, &stop).await {
        Ok(()) => {
            store.complete(job);
            (name, End::Completed)
        }
        Err(Stopped) => {
            store.hand_back(job);
            (name, End::HandedBack)
        }
    }
}

/// Runs the jobs of `store` until `shutdown` fires, then drains. Returns what became of
/// each job that it claimed.
async fn work(
    store: Arc<Store>,
    shutdown: CancellationToken,
    _patience: Duration,
) -> BTreeMap<&'static str, End> {
    let stop = CancellationToken::new();
    let mut running = JoinSet::new();
    let mut ends = BTreeMap::new();
    loop {
        while running.len() < SLOTS
            && let Some(job) = store.claim()
        {
            running.spawn(attempt(Arc::clone(&store), job, stop.clone()));
        }
        tokio::select! {
            biased; // a slot that gets free at the shutdown stays free
            () = shutdown.cancelled() => break,
            Some(ended) = running.join_next() => {
                let (name, end) = ended.expect("handlers do not panic");
                ends.insert(name, end);
            }
        }
    }
    running.abort_all();
    while let Some(ended) = running.join_next().await {
        if let Ok((name, end)) = ended {
            ends.insert(name, end);
        }
    }
    ends
}

fn main() {}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::{Instant, timeout};

    const PATIENCE: Duration = Duration::from_secs(5);

    struct Seen {
        ends: BTreeMap<&'static str, End>,
        ready: Vec<&'static str>,
        running: Vec<&'static str>,
        completed: Vec<&'static str>,
        /// From the shutdown to the return of `work`.
        drained_in: Duration,
    }

    /// Works on jobs of these names and steps, and shuts down after so many seconds.
    async fn seen<const N: usize>(jobs: [(&'static str, u32); N], shutdown_at: f64) -> Seen {
        let ready = jobs.map(|(name, steps)| Job { name, steps });
        let store = Arc::new(Store {
            ready: Mutex::new(ready.into()),
            ..Store::default()
        });
        let shutdown = CancellationToken::new();
        let worker = tokio::spawn(work(Arc::clone(&store), shutdown.clone(), PATIENCE));
        sleep(Duration::from_secs_f64(shutdown_at)).await;
        shutdown.cancel();
        let start = Instant::now();
        let ended = timeout(Duration::from_secs(3600), worker).await;
        let ends = ended.expect("`work` still runs").expect("it panicked");
        let ready = store.ready.lock().unwrap();
        Seen {
            ends,
            ready: ready.iter().map(|job| job.name).collect(),
            running: store.running.lock().unwrap().clone(),
            completed: store.completed.lock().unwrap().clone(),
            drained_in: start.elapsed(),
        }
    }

    // `tokio::test` runs an async function, here on a virtual clock, as a #[test]
    #[tokio::test(start_paused = true)]
    async fn jobs_are_claimed_until_the_shutdown_as_slots_get_free() {
        let jobs = [("a", 1), ("b", 1), ("c", 1), ("d", 1), ("e", 1)];
        let seen = seen(jobs, 10.5).await;
        assert_eq!(seen.ends.len(), 5);
        assert!(seen.ends.values().all(|end| *end == End::Completed));
        assert_eq!(seen.completed, ["a", "b", "c", "d", "e"]);
        assert_eq!(seen.drained_in, Duration::ZERO, "nothing was running");
    }

    #[tokio::test(start_paused = true)]
    async fn a_job_that_ends_in_time_is_completed_and_nobody_waits_for_the_deadline() {
        let seen = seen([("two steps", 2), ("four steps", 4)], 0.5).await;
        assert_eq!(seen.completed, ["two steps", "four steps"]);
        assert_eq!(seen.ends["two steps"], End::Completed);
        assert_eq!(seen.ends["four steps"], End::Completed);
        assert_eq!(seen.drained_in, Duration::from_millis(3500));
    }

    #[tokio::test(start_paused = true)]
    async fn no_job_is_claimed_after_the_shutdown() {
        let jobs = [("a", 1), ("b", 1), ("c", 1), ("waits", 1)];
        let seen = seen(jobs, 0.5).await;
        assert_eq!(seen.ready, ["waits"]);
        assert_eq!(seen.completed, ["a", "b", "c"]);
        assert!(!seen.ends.contains_key("waits"));
    }

    #[tokio::test(start_paused = true)]
    async fn what_has_not_ended_at_the_deadline_goes_back_to_the_store() {
        let jobs = [("short", 2), ("long", 60), ("longer", 90), ("waits", 1)];
        let seen = seen(jobs, 0.5).await;
        assert_eq!(seen.ends["short"], End::Completed);
        assert_eq!(seen.ends["long"], End::HandedBack);
        assert_eq!(seen.ends["longer"], End::HandedBack);
        assert_eq!(seen.completed, ["short"]);
        assert_eq!(seen.running, [""; 0], "the store thinks that they run");
        assert_eq!(seen.ready.len(), 3, "{:?}", seen.ready);
        assert_eq!(seen.ready.last(), Some(&"waits"), "they stand first");
        // The deadline is at second 5.5, in the middle of a step.
        assert_eq!(seen.drained_in, Duration::from_millis(5500));
    }

    #[tokio::test(start_paused = true)]
    async fn a_job_in_its_last_step_at_the_deadline_ends_and_is_completed() {
        let seen = seen([("six steps", 6), ("seven steps", 7)], 0.5).await;
        assert_eq!(seen.ends["six steps"], End::Completed);
        assert_eq!(seen.ends["seven steps"], End::HandedBack);
        assert_eq!(seen.completed, ["six steps"]);
        assert_eq!(seen.ready, ["seven steps"]);
    }
}
