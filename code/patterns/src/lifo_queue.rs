//! A queue for tasks whose newest item leaves first: a stack that can be waited for.
//!
//! You want it under overload: the newest request is the one whose asker is still waiting, and
//! the oldest is the one that has been given up. The oldest items wait longest, or forever.
//!
//! A semaphore counts the items: a permit is the right to take one. Tasks that wait get their
//! permits in the order in which they came.
//!
//! It has no bound. The interface follows [`asyncio.LifoQueue`].
//!
//! [`asyncio.LifoQueue`]: https://docs.python.org/3.11/library/asyncio-queue.html#lifo-queue

use std::sync::{Mutex, MutexGuard};

use tokio::sync::Semaphore;

// ANCHOR: state
/// A stack that any number of tasks share.
#[derive(Debug)]
pub struct LifoQueue<T> {
    /// A std mutex: sections are short and never cross an `.await`.
    items: Mutex<Vec<T>>,
    /// A permit for each item that no task has claimed.
    available: Semaphore,
}
// ANCHOR_END: state

impl<T> LifoQueue<T> {
    /// A queue with nothing in it.
    pub fn new() -> LifoQueue<T> {
        LifoQueue {
            items: Mutex::new(Vec::new()),
            available: Semaphore::new(0),
        }
    }

    // ANCHOR: pop
    /// Adds an item, and wakes a task that waits for one.
    ///
    /// # Errors
    ///
    /// Gives the item back if the queue is closed.
    pub fn push(&self, item: T) -> Result<(), T> {
        let mut items = self.items();
        if self.available.is_closed() {
            return Err(item);
        }
        items.push(item);
        self.available.add_permits(1);
        Ok(())
    }

    /// Waits for an item and takes the newest, or `None` once the queue is closed and empty.
    ///
    /// Cancel safe: it takes an item in the poll that returns it, and a permit that it received
    /// and no longer needs goes to another task.
    pub async fn pop(&self) -> Option<T> {
        if let Ok(permit) = self.available.acquire().await {
            permit.forget(); // the item that it stands for leaves with us
        }
        self.items().pop()
    }
    // ANCHOR_END: pop

    /// Refuses what is pushed from now on. What is in the queue can still be popped.
    pub fn close(&self) {
        let _items = self.items(); // no push is between its check and its permit
        self.available.close();
    }

    /// How many items wait.
    pub fn len(&self) -> usize {
        self.items().len()
    }

    /// Whether no item waits.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn items(&self) -> MutexGuard<'_, Vec<T>> {
        self.items.lock().expect("moving an item does not panic")
    }
}

impl<T> Default for LifoQueue<T> {
    fn default() -> LifoQueue<T> {
        LifoQueue::new()
    }
}

#[cfg(test)]
mod tests;
