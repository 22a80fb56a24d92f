//! A queue for tasks whose newest item leaves first: a stack that can be waited for.
//!
//! You want it under overload: the newest request is the one whose asker is still waiting, and
//! the oldest is the one that has been given up. The oldest items wait longest, or for ever.
//!
//! A semaphore counts the items: a permit is the right to take one. Tasks that wait get their
//! permits in the order in which they came.
//!
//! It has no bound. The interface follows [`asyncio.LifoQueue`].
//!
//! [`asyncio.LifoQueue`]: https://docs.python.org/3.11/library/asyncio-queue.html#lifo-queue

use std::sync::{Mutex, MutexGuard};

use tokio::sync::Semaphore;

// ANCHOR: queue
/// A stack that any number of tasks share.
#[derive(Debug)]
pub struct LifoQueue<T> {
    /// A std mutex: sections are short and never cross an `.await`.
    items: Mutex<Vec<T>>,
    /// A permit for each item that no task has claimed.
    available: Semaphore,
}

impl<T> LifoQueue<T> {
    /// A queue with nothing in it.
    pub fn new() -> LifoQueue<T> {
        LifoQueue {
            items: Mutex::new(Vec::new()),
            available: Semaphore::new(0),
        }
    }

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

    /// Refuses what is pushed from now on. What is in the queue can still be popped.
    pub fn close(&self) {
        let _items = self.items(); // no push is between its check and its permit
        self.available.close();
    }
    // ANCHOR_END: queue

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
mod tests {
    use std::pin::Pin;
    use std::sync::Arc;
    use std::task::Poll;

    use proptest::prelude::*;
    use tokio_test::task::{Spawn, spawn};
    use tokio_test::{assert_pending, assert_ready_eq, block_on};

    use super::*;

    fn queue(items: &str) -> LifoQueue<char> {
        let queue = LifoQueue::new();
        for item in items.chars() {
            queue.push(item).expect("it is open");
        }
        queue
    }

    #[test]
    fn the_newest_leaves_first() {
        let queue = queue("abc");
        queue.close();
        let order: Vec<_> = (0..4).map(|_| block_on(queue.pop())).collect();
        assert_eq!(order, [Some('c'), Some('b'), Some('a'), None]);
    }

    #[test]
    fn a_pop_that_is_dropped_after_it_was_woken_takes_nothing_and_passes_it_on() {
        let queue = queue("");
        let (mut first, mut second) = (spawn(queue.pop()), spawn(queue.pop()));
        assert_pending!(first.poll());
        assert_pending!(second.poll());
        queue.push('a').expect("it is open");
        assert!(first.is_woken() && !second.is_woken());
        drop(first);
        assert!(second.is_woken());
        assert_ready_eq!(second.poll(), Some('a'));
    }

    #[test]
    fn closing_ends_those_that_wait_and_refuses_new_items() {
        let queue = queue("");
        let (mut first, mut second) = (spawn(queue.pop()), spawn(queue.pop()));
        assert_pending!(first.poll());
        assert_pending!(second.poll());
        queue.close();
        assert_ready_eq!(first.poll(), None);
        assert_ready_eq!(second.poll(), None);
        assert_eq!(queue.push('a'), Err('a'));
    }

    type Pop = Spawn<Pin<Box<dyn Future<Output = Option<u32>>>>>;

    proptest! {
        /// Whatever is polled or dropped in whatever order: nothing is lost, nothing comes twice,
        /// and no item lies beside a task that waits for one and is not woken.
        #[test]
        fn no_item_is_lost_or_lies_beside_a_sleeper(
            steps in prop::collection::vec((0..4, 0..4_usize), 1..60),
        ) {
            let queue = Arc::new(LifoQueue::new());
            let mut pops: Vec<Pop> = Vec::new();
            let (mut pushed, mut taken) = (0, Vec::new());
            for (step, which) in steps {
                match step {
                    0 => {
                        let queue = Arc::clone(&queue);
                        pops.push(spawn(Box::pin(async move { queue.pop().await })));
                        let last = pops.len() - 1;
                        if let Poll::Ready(item) = pops[last].poll() {
                            taken.extend(item);
                            drop(pops.pop());
                        }
                    }
                    1 => {
                        queue.push(pushed).expect("it is open");
                        pushed += 1;
                    }
                    2 if which < pops.len() => drop(pops.remove(which)),
                    3 if which < pops.len() && pops[which].is_woken() => {
                        if let Poll::Ready(item) = pops[which].poll() {
                            taken.extend(item);
                            drop(pops.remove(which));
                        }
                    }
                    _ => {}
                }
            }
            // Every task that was woken has its turn.
            while let Some(at) = pops.iter().position(|pop| pop.is_woken()) {
                if let Poll::Ready(item) = pops[at].poll() {
                    taken.extend(item);
                    drop(pops.remove(at));
                }
            }
            prop_assert!(queue.is_empty() || pops.is_empty());
            queue.close();
            while let Some(item) = block_on(queue.pop()) {
                taken.push(item);
            }
            taken.sort_unstable();
            prop_assert_eq!(taken, (0..pushed).collect::<Vec<_>>());
        }
    }
}
