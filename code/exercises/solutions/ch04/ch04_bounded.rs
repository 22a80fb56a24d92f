use std::sync::Arc;
use tokio::sync::Semaphore;

pub async fn run_all<F>(jobs: Vec<F>, limit: usize)
where
    F: Future<Output = ()> + Send + 'static,
{
    let permits = Arc::new(Semaphore::new(limit));
    let mut tasks = Vec::new();
    for job in jobs {
        let permit = Arc::clone(&permits).acquire_owned().await.unwrap();
        tasks.push(tokio::spawn(async move {
            let _permit = permit; // returned at the end, and in a panic
            job.await;
        }));
    }
    for task in tasks {
        let _ = task.await; // its panic has been printed
    }
}

fn main() {}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
    use std::time::Duration;
    use tokio::runtime::Handle;
    use tokio::time::{Instant, sleep, timeout};

    /// What the jobs have seen.
    #[derive(Default)]
    struct Seen {
        inside: AtomicUsize,
        peak: AtomicUsize,
        most_tasks: AtomicUsize,
        ended: AtomicUsize,
    }

    async fn job(seen: Arc<Seen>) {
        let tasks = Handle::current().metrics().num_alive_tasks();
        seen.most_tasks.fetch_max(tasks, Relaxed);
        let inside = seen.inside.fetch_add(1, Relaxed) + 1;
        seen.peak.fetch_max(inside, Relaxed);
        sleep(Duration::from_secs(1)).await;
        seen.inside.fetch_sub(1, Relaxed);
        seen.ended.fetch_add(1, Relaxed);
    }

    // `tokio::test` runs an async function as a #[test]
    #[tokio::test(start_paused = true)]
    async fn ten_jobs_in_twos_take_five_seconds() {
        let (start, seen) = (Instant::now(), Arc::new(Seen::default()));
        run_all((0..10).map(|_| job(Arc::clone(&seen))).collect(), 2).await;
        assert_eq!(seen.ended.load(Relaxed), 10);
        assert_eq!(seen.peak.load(Relaxed), 2);
        assert_eq!(start.elapsed(), Duration::from_secs(5));
    }

    #[tokio::test(start_paused = true)]
    async fn a_job_that_waits_for_its_turn_is_not_yet_a_task() {
        let seen = Arc::new(Seen::default());
        run_all((0..100).map(|_| job(Arc::clone(&seen))).collect(), 3).await;
        assert_eq!(seen.ended.load(Relaxed), 100);
        assert_eq!(seen.most_tasks.load(Relaxed), 3);
    }

    #[tokio::test(start_paused = true)]
    async fn a_panic_gives_its_place_back() {
        let jobs = (0..4).map(|number| async move {
            assert!(number > 1, "job {number} panics, as it should");
            sleep(Duration::from_secs(1)).await;
        });
        let hour = Duration::from_secs(3600);
        assert!(timeout(hour, run_all(jobs.collect(), 1)).await.is_ok());
    }
}
