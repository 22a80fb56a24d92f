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
