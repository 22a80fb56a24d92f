//! Wrong: a semaphore bounds how many run at a time, and still there is one task for each item.

use std::sync::Arc;
use tokio::sync::Semaphore;

/// Applies `work` to all items on at most `most` tasks, and returns the results in order.
async fn map_parts<T, R>(
    items: Vec<T>,
    most: usize,
    work: impl Fn(T) -> R + Send + Sync + 'static,
) -> Vec<R>
where
    T: Send + 'static,
    R: Send + 'static,
{
    let work = Arc::new(work);
    let slots = Arc::new(Semaphore::new(most));
    let mut tasks = Vec::new();
    for item in items {
        let work = Arc::clone(&work);
        let slot = Arc::clone(&slots).acquire_owned().await.expect("open");
        tasks.push(tokio::spawn(async move {
            let result = work(item);
            drop(slot);
            result
        }));
    }
    let mut results = Vec::new();
    for task in tasks {
        results.push(task.await.expect("no panic"));
    }
    results
}

fn main() {}
