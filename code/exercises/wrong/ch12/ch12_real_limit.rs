//! Wrong: a permit with a name, which lives until the end of the loop's body and not of the download.

use std::sync::Arc;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

/// Runs all downloads, at most `limit` of them at a time.
async fn download_all<F>(limit: usize, downloads: Vec<F>)
where
    F: Future<Output = ()> + Send + 'static,
{
    let permits = Arc::new(Semaphore::new(limit));
    let mut tasks = JoinSet::new();
    for download in downloads {
        let _permit = permits.acquire().await;
        tasks.spawn(download);
    }
    tasks.join_all().await;
}

fn main() {}

#[cfg(test)]
mod tests {
    use super::*;

    use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
    use std::time::Duration;
    use tokio::time::{Instant, sleep};

    // `tokio::test` runs an async function, here on a virtual clock, as a #[test]
    #[tokio::test(start_paused = true)]
    async fn no_more_than_the_limit_run_at_once_and_no_fewer() {
        let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let download = || {
            let (now, most) = (Arc::clone(&now), Arc::clone(&most));
            async move {
                most.fetch_max(now.fetch_add(1, SeqCst) + 1, SeqCst);
                sleep(Duration::from_secs(1)).await;
                now.fetch_sub(1, SeqCst);
            }
        };
        let start = Instant::now();
        download_all(3, (0..9).map(|_| download()).collect()).await;
        assert_eq!(most.load(SeqCst), 3);
        assert_eq!(start.elapsed(), Duration::from_secs(3));
    }
}
