//! Wrong: two pushes leave one permit, so the second item lies beside a task that waits for it.

#![allow(unused_imports)]

use std::collections::VecDeque;
use std::pin::pin;
use std::sync::Mutex;
use tokio::sync::Notify;

/// A queue that any number of tasks share, and that forgets its oldest item when it is full.
struct Newest<T> {
    places: usize,
    items: Mutex<VecDeque<T>>,
    pushed: Notify,
}

impl<T> Newest<T> {
    fn new(places: usize) -> Newest<T> {
        Newest {
            places,
            items: Mutex::new(VecDeque::new()),
            pushed: Notify::new(),
        }
    }

    /// Adds an item. Returns the oldest, if it had to go.
    fn push(&self, item: T) -> Option<T> {
        let mut items = self.items.lock().unwrap();
        let is_full = items.len() == self.places;
        let oldest = if is_full { items.pop_front() } else { None };
        items.push_back(item);
        drop(items);
        self.pushed.notify_one();
        oldest
    }

    /// Waits for an item and takes the oldest that is still there.
    async fn pop(&self) -> T {
        loop {
            self.pushed.notified().await;
            if let Some(item) = self.items.lock().unwrap().pop_front() {
                return item;
            }
        }
    }
}

fn main() {}

#[cfg(test)]
mod tests {
    use super::*;

    use std::sync::Arc;
    use std::time::Duration;
    use tokio::time::{sleep, timeout};

    const HOUR: Duration = Duration::from_secs(3600);

    async fn pop(queue: &Newest<u32>) -> Option<u32> {
        timeout(HOUR, queue.pop()).await.ok()
    }

    // `tokio::test` runs an async function, here on a virtual clock, as a #[test]
    #[tokio::test(start_paused = true)]
    async fn a_full_queue_gives_its_oldest_back() {
        let queue = Newest::new(2);
        assert_eq!(queue.push(1), None);
        assert_eq!(queue.push(2), None);
        assert_eq!(queue.push(3), Some(1));
        assert_eq!(pop(&queue).await, Some(2));
    }

    #[tokio::test(start_paused = true)]
    async fn all_that_was_pushed_can_be_popped() {
        let queue = Newest::new(2);
        queue.push(1);
        queue.push(2);
        assert_eq!(pop(&queue).await, Some(1));
        assert_eq!(pop(&queue).await, Some(2));
        assert_eq!(pop(&queue).await, None);
    }

    #[tokio::test(start_paused = true)]
    async fn two_tasks_that_wait_get_an_item_each() {
        let queue = Arc::new(Newest::new(2));
        let tasks = [Arc::clone(&queue), Arc::clone(&queue)];
        let tasks = tasks.map(|queue| tokio::spawn(async move { pop(&queue).await }));
        sleep(Duration::from_secs(1)).await;
        queue.push(1);
        queue.push(2);
        for task in tasks {
            assert!(task.await.unwrap().is_some());
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_pop_that_was_given_up_takes_nothing() {
        let queue = Newest::new(2);
        let second = Duration::from_secs(1);
        assert!(timeout(second, queue.pop()).await.is_err());
        queue.push(1);
        assert_eq!(pop(&queue).await, Some(1));
    }
}
