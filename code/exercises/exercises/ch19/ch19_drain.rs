//! A pool is stopped: no new jobs, a limit for those that run, and the rest handed back.
//!
//! Complete `drain`. The queue is an `async-channel`'s receiver in real life; here it's a deque
//! behind a lock, and `stop` tells the workers to take no more.

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
    let deadline = Instant::now() + limit;
    // TODO: wait for the workers until the deadline, stop those that are left, hand back the rest.
    let _ = (timeout_at(deadline, workers.join_next()).await, queue);
    todo!()
}

fn main() {
    // You can experiment here; the tests decide.
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn left(jobs: &[u64], limit: u64) -> (Vec<u64>, u64) {
        let queue = Arc::new(Queue::default());
        queue.jobs.lock().unwrap().extend(jobs);
        let mut workers = JoinSet::new();
        for _ in 0..2 {
            workers.spawn(work(Arc::clone(&queue)));
        }
        let start = Instant::now();
        let left = drain(workers, &queue, Duration::from_secs(limit)).await;
        (left, start.elapsed().as_secs())
    }

    // `tokio::test` runs an async function, here on a virtual clock, as a #[test]
    #[tokio::test(start_paused = true)]
    async fn a_pool_that_is_done_in_time_leaves_nothing() {
        assert_eq!(left(&[1, 1, 1, 1], 60).await, (vec![], 2));
    }

    #[tokio::test(start_paused = true)]
    async fn what_had_no_turn_comes_back() {
        assert_eq!(left(&[9, 9, 1, 2, 3], 5).await, (vec![1, 2, 3], 5));
    }

    #[tokio::test(start_paused = true)]
    async fn the_limit_is_one_for_all() {
        assert_eq!(left(&[4, 99], 5).await, (vec![], 5));
    }
}
