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

#[cfg(test)]
mod tests {
    use super::*;

    use std::collections::HashSet;
    use tokio::task;

    // `tokio::test` runs an async function, here on a virtual clock, as a #[test]
    #[tokio::test(start_paused = true)]
    async fn a_few_tasks_do_all_the_work() {
        let work = |number: u32| (number * 2, task::id());
        let (numbers, ids): (Vec<_>, HashSet<_>) = map_parts((0..1_000).collect(), 4, work)
            .await
            .into_iter()
            .unzip();
        assert!(ids.len() <= 4, "{} tasks", ids.len());
        assert_eq!(numbers, (0..1_000).map(|n| n * 2).collect::<Vec<_>>());
    }

    #[tokio::test(start_paused = true)]
    async fn several_tasks_share_it() {
        let ids: HashSet<_> = map_parts(vec![(); 1_000], 4, |()| task::id())
            .await
            .into_iter()
            .collect();
        assert!(ids.len() > 1);
    }

    #[tokio::test(start_paused = true)]
    async fn few_or_no_items_are_fine() {
        assert_eq!(map_parts(vec![1, 2], 8, |n| n + 1).await, [2, 3]);
        assert!(map_parts(Vec::<u8>::new(), 8, |n| n).await.is_empty());
    }
}
