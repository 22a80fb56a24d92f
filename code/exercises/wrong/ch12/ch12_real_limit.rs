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
