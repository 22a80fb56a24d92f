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
