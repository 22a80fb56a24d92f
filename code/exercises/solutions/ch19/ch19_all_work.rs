use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Mutex, mpsc};
use tokio::time::sleep;

type Queue = Arc<Mutex<mpsc::Receiver<Duration>>>;

/// Takes jobs and works on each for as long as it says, until there are no more.
async fn work(queue: Queue) {
    loop {
        let job = queue.lock().await.recv().await;
        let Some(takes) = job else { return };
        sleep(takes).await;
    }
}

fn main() {}

#[cfg(test)]
mod tests {
    use super::*;

    use tokio::time::Instant;

    // `tokio::test` runs an async function, here on a virtual clock, as a #[test]
    #[tokio::test(start_paused = true)]
    async fn three_workers_do_three_jobs_in_the_time_of_one() {
        let (start, (jobs, queue)) = (Instant::now(), mpsc::channel(8));
        let queue = Arc::new(Mutex::new(queue));
        let pool: Vec<_> = (0..3)
            .map(|_| tokio::spawn(work(Arc::clone(&queue))))
            .collect();
        for _ in 0..6 {
            jobs.send(Duration::from_secs(1)).await.unwrap();
        }
        drop(jobs);
        for worker in pool {
            worker.await.unwrap();
        }
        assert_eq!(start.elapsed(), Duration::from_secs(2));
    }
}
