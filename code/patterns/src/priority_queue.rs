//! A queue for tasks whose most urgent item leaves first.
//!
//! Tokio's channels are first in, first out. This one orders items by a priority: the greatest
//! leaves first, and among equals the one that came first. Several tasks may push, and several
//! may pop; each item goes to one of them.
//!
//! It has no bound, so bound what feeds it, for instance with a semaphore whose permit is part of
//! the item. Without an end to urgent items, the others wait without an end.
//!
//! The interface follows [`asyncio.PriorityQueue`], which takes the *smallest* entry first; use
//! [`std::cmp::Reverse`] for that.
//!
//! [`asyncio.PriorityQueue`]: https://docs.python.org/3.11/library/asyncio-queue.html#priority-queue

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;
use std::pin::pin;

use crate::sync::{Mutex, MutexGuard, Notify};

// ANCHOR: state
/// A queue that any number of tasks share, ordered by the priority `P`.
#[derive(Debug)]
pub struct PriorityQueue<P, T> {
    /// A std mutex: sections are short and never cross an `.await`.
    state: Mutex<State<P, T>>,
    pushed: Notify,
}

#[derive(Debug)]
struct State<P, T> {
    entries: BinaryHeap<Entry<P, T>>,
    /// How many have been pushed: it orders entries of the same priority.
    count: u64,
    closed: bool,
}
// ANCHOR_END: state

impl<P: Ord, T> PriorityQueue<P, T> {
    /// A queue with nothing in it.
    pub fn new() -> PriorityQueue<P, T> {
        PriorityQueue::default()
    }

    // ANCHOR: pop
    /// Adds an item, and wakes a task that waits for one.
    ///
    /// # Errors
    ///
    /// Gives the item back if the queue is closed.
    pub fn push(&self, priority: P, item: T) -> Result<(), T> {
        let mut state = self.state();
        if state.closed {
            return Err(item);
        }
        let rank = (priority, Reverse(state.count));
        state.count += 1;
        state.entries.push(Entry { rank, item });
        drop(state);
        self.pushed.notify_one();
        Ok(())
    }

    /// Waits for an item and takes the most urgent, or `None` once the queue is closed and empty.
    ///
    /// Cancel safe: it takes an item in the poll that returns it, and a wake-up that it received
    /// and no longer needs goes to another task.
    pub async fn pop(&self) -> Option<T> {
        loop {
            let mut pushed = pin!(self.pushed.notified());
            pushed.as_mut().enable(); // listen
            {
                let mut state = self.state(); // look
                if let Some(entry) = state.entries.pop() {
                    return Some(entry.item);
                }
                if state.closed {
                    return None;
                }
            }
            pushed.await; // wait
        }
    }
    // ANCHOR_END: pop

    /// Refuses what is pushed from now on. What is in the queue can still be popped.
    pub fn close(&self) {
        self.state().closed = true;
        self.pushed.notify_waiters();
    }

    /// How many items wait.
    pub fn len(&self) -> usize {
        self.state().entries.len()
    }

    /// Whether no item waits.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn state(&self) -> MutexGuard<'_, State<P, T>> {
        self.state
            .lock()
            .expect("comparing priorities does not panic")
    }
}

impl<P: Ord, T> Default for PriorityQueue<P, T> {
    fn default() -> PriorityQueue<P, T> {
        let state = State {
            entries: BinaryHeap::new(),
            count: 0,
            closed: false,
        };
        PriorityQueue {
            state: Mutex::new(state),
            pushed: Notify::new(),
        }
    }
}

/// Ordered by its rank alone, so that an item need not be comparable.
#[derive(Debug)]
struct Entry<P, T> {
    rank: (P, Reverse<u64>),
    item: T,
}

impl<P: Ord, T> Ord for Entry<P, T> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.rank.cmp(&other.rank)
    }
}

impl<P: Ord, T> PartialOrd for Entry<P, T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<P: Ord, T> PartialEq for Entry<P, T> {
    fn eq(&self, other: &Self) -> bool {
        self.rank == other.rank
    }
}

impl<P: Ord, T> Eq for Entry<P, T> {}

#[cfg(all(test, not(feature = "loom")))]
mod tests;

#[cfg(all(test, feature = "loom"))]
mod orders;
