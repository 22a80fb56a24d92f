//! A small `xargs -P`: so many jobs run at a time, a job starts as soon as another has ended,
//! and the results come in the order of the jobs. A slow first job must not keep the others
//! from starting.
//!
//! Complete `run_all`.

use std::sync::Arc;
use tokio::sync::Semaphore;
use tokio_util::task::JoinQueue;

/// Runs `jobs`, `at_once` at a time. The jobs do not panic.
async fn run_all<J>(jobs: Vec<J>, at_once: usize) -> Vec<J::Output>
where
    J: Future<Output: Send + 'static> + Send + 'static,
{
    let (permits, mut tasks) = (Arc::new(Semaphore::new(at_once)), JoinQueue::new());
    for job in jobs {
        let permits = Arc::clone(&permits);
        let permit = permits.acquire_owned().await.expect("never closed");
        tasks.spawn(async move {
            let _permit = permit;
            job.await
        });
    }
    tasks.join_all().await
}

fn main() {}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
    use std::time::Duration;
    use tokio::time::{Instant, sleep};

    const SECOND: Duration = Duration::from_secs(1);

    async fn job(seconds: u32) -> u32 {
        sleep(seconds * SECOND).await;
        seconds
    }

    // `tokio::test` runs an async function, here on a virtual clock, as a #[test]
    #[tokio::test(start_paused = true)]
    async fn results_are_in_the_order_of_the_jobs() {
        let jobs = [3, 1, 2].map(job).into();
        assert_eq!(run_all(jobs, 3).await, [3, 1, 2]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_first_job_does_not_keep_the_others_from_starting() {
        let start = Instant::now();
        let jobs = [4, 1, 1, 1, 1].map(job).into();
        assert_eq!(run_all(jobs, 2).await, [4, 1, 1, 1, 1]);
        assert_eq!(start.elapsed(), 4 * SECOND);
    }

    #[tokio::test(start_paused = true)]
    async fn no_more_than_so_many_run() {
        static RUN: AtomicUsize = AtomicUsize::new(0);
        let jobs = (0..20).map(|_| async {
            let others = RUN.fetch_add(1, SeqCst);
            sleep(SECOND).await;
            RUN.fetch_sub(1, SeqCst);
            others + 1
        });
        let counts = run_all(jobs.collect(), 3).await;
        assert_eq!(counts.iter().max(), Some(&3));
    }

    #[tokio::test(start_paused = true)]
    async fn there_may_be_nothing_to_do() {
        let jobs = [0; 0].map(job).into();
        assert!(run_all(jobs, 3).await.is_empty());
    }
}
