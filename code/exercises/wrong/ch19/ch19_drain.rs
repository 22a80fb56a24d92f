//! Wrong: a limit for each worker instead of one for all: two workers may take twice as long.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout_at};

#[derive(Default)]
struct Queue {
    jobs: Mutex<VecDeque<u64>>,
}

/// Works until the queue is empty. Each job takes as many seconds as it says.
async fn work(queue: Arc<Queue>) {
    while let Some(seconds) = { queue.jobs.lock().unwrap().pop_front() } {
        sleep(Duration::from_secs(seconds)).await;
    }
}

/// Lets the workers go on until `limit` is over, and returns the jobs that had no turn.
async fn drain(mut workers: JoinSet<()>, queue: &Queue, limit: Duration) -> Vec<u64> {
    while let Ok(Some(_)) = timeout_at(Instant::now() + limit, workers.join_next()).await {}
    workers.shutdown().await;
    queue.jobs.lock().unwrap().drain(..).collect()
}

fn main() {}
