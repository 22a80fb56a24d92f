//! Run several jobs as tasks. The first error ends them all.
//! When `all_or_nothing` returns, none of its tasks may be left: not running, not waiting, and
//! not about to be dropped.

use tokio::task::JoinSet;

/// Runs each job as a task. Returns their values in the order in which they end, or the
/// first error; by then no job is left.
async fn all_or_nothing<T, E, F>(jobs: Vec<F>) -> Result<Vec<T>, E>
where
    T: Send + 'static,
    E: Send + 'static,
    F: Future<Output = Result<T, E>> + Send + 'static,
{
    let mut tasks = JoinSet::new();
    for job in jobs {
        tasks.spawn(job);
    }
    // TODO: take the ends. At an error, stop the others and wait until they are gone.
    todo!()
}

fn main() {}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::time::Duration;
    use tokio::time::{Instant, sleep};

    /// Ends after so many seconds; `alive` is dropped with it.
    async fn job(seconds: u64, fails: bool, alive: Arc<()>) -> Result<u64, u64> {
        sleep(Duration::from_secs(seconds)).await;
        drop(alive);
        if fails { Err(seconds) } else { Ok(seconds) }
    }

    // `tokio::test` runs an async function, here on a virtual clock, as a #[test]
    #[tokio::test(start_paused = true)]
    async fn values_come_in_the_order_of_the_ends() {
        let (start, alive) = (Instant::now(), Arc::new(()));
        let jobs = [3, 1, 2].map(|seconds| job(seconds, false, Arc::clone(&alive)));
        assert_eq!(all_or_nothing(jobs.into()).await, Ok(vec![1, 2, 3]));
        assert_eq!(
            start.elapsed(),
            Duration::from_secs(3),
            "one after the other?"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn the_first_error_ends_the_wait() {
        let (start, alive) = (Instant::now(), Arc::new(()));
        let jobs = [3, 1, 2].map(|seconds| job(seconds, seconds < 3, Arc::clone(&alive)));
        assert_eq!(all_or_nothing(jobs.into()).await, Err(1));
        assert_eq!(start.elapsed(), Duration::from_secs(1));
    }

    #[tokio::test(start_paused = true)]
    async fn after_an_error_no_task_is_left() {
        let alive = Arc::new(());
        let jobs = [3, 1, 2].map(|seconds| job(seconds, seconds == 1, Arc::clone(&alive)));
        assert_eq!(all_or_nothing(jobs.into()).await, Err(1));
        let left = Arc::strong_count(&alive) - 1;
        assert_eq!(left, 0, "{left} tasks are still there");
    }
}
