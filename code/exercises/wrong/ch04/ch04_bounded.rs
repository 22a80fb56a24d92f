//! Wrong: bounds the work, but a task for each job stands in memory.

use std::sync::Arc;
use tokio::sync::Semaphore;

pub async fn run_all<F>(jobs: Vec<F>, limit: usize)
where
    F: Future<Output = ()> + Send + 'static,
{
    let permits = Arc::new(Semaphore::new(limit));
    let mut tasks = Vec::new();
    for job in jobs {
        let permits = Arc::clone(&permits);
        tasks.push(tokio::spawn(async move {
            let _permit = permits.acquire().await.unwrap();
            job.await;
        }));
    }
    for task in tasks {
        let _ = task.await;
    }
}

fn main() {}
