//! A condition variable for tasks: wait, without a lock, for what a lock protects to change.
//!
//! Tokio has none. What makes one hard is cancellation: a waiter that was woken and is dropped
//! before it has the lock again takes the wake-up with it. This one passes it on.
//!
//! Prefer [`tokio::sync::watch`] if waiters wait for a state, a channel if they take values,
//! a semaphore if they take permission; each of those needs no condition.
//!
//! The interface follows [`std::sync::Condvar`].

use std::mem;
use std::pin::pin;

use tokio::sync::{MutexGuard, Notify};

// ANCHOR: condition
/// Lets tasks wait for a change of what a [`tokio::sync::Mutex`] protects.
#[derive(Debug, Default)]
pub struct Condition {
    bell: Notify,
}

impl Condition {
    /// A condition for which no task waits.
    pub fn new() -> Condition {
        Condition::default()
    }

    /// Wakes the task that has waited longest. If none waits, the next wait may end early.
    pub fn notify_one(&self) {
        self.bell.notify_one();
    }

    /// Wakes all tasks that wait now.
    pub fn notify_all(&self) {
        self.bell.notify_waiters();
    }

    /// Gives up the lock, waits to be notified, and takes the lock again.
    ///
    /// It may return although nothing has changed: call it in a loop, or use [`wait_while`].
    ///
    /// Cancel safe: dropped while it waits, it takes no notification; dropped after it was
    /// notified, it notifies another waiter. The lock is free in both cases.
    ///
    /// [`wait_while`]: Condition::wait_while
    pub async fn wait<'a, T: ?Sized>(&self, guard: MutexGuard<'a, T>) -> MutexGuard<'a, T> {
        let mutex = MutexGuard::mutex(&guard);
        let mut notified = pin!(self.bell.notified());
        notified.as_mut().enable(); // in the queue before the lock is free
        drop(guard);
        notified.await;

        let baton = Baton(&self.bell);
        let guard = mutex.lock().await;
        mem::forget(baton); // the lock is ours, and so is the change
        guard
    }

    /// Waits as long as `condition` holds, and returns with the lock.
    ///
    /// Cancel safe, as [`wait`](Condition::wait) is.
    pub async fn wait_while<'a, T: ?Sized>(
        &self,
        mut guard: MutexGuard<'a, T>,
        mut condition: impl FnMut(&mut T) -> bool,
    ) -> MutexGuard<'a, T> {
        while condition(&mut guard) {
            guard = self.wait(guard).await;
        }
        guard
    }
}

/// A wake-up on its way to a task that will act on it.
struct Baton<'a>(&'a Notify);

impl Drop for Baton<'_> {
    fn drop(&mut self) {
        self.0.notify_one();
    }
}
// ANCHOR_END: condition

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;
    use std::pin::Pin;
    use std::rc::Rc;

    use proptest::prelude::*;
    use proptest::test_runner::{RngAlgorithm, TestCaseResult, TestRng, TestRunner};
    use tokio::sync::Mutex;
    use tokio_test::task::{Spawn, spawn};
    use tokio_test::{assert_pending, assert_ready};

    use super::*;
    use crate::cancel_at_every_await::cancel_at_every_await;

    #[derive(Default)]
    struct Shelf {
        dishes: Mutex<VecDeque<u32>>,
        filled: Condition,
        without_baton: bool,
    }

    impl Shelf {
        /// Its takers wait on a condition that passes nothing on.
        fn without_baton() -> Shelf {
            let without_baton = true;
            Shelf {
                without_baton,
                ..Shelf::default()
            }
        }

        fn put(&self, dish: u32) {
            let mut dishes = self.dishes.try_lock().expect("the lock is free");
            dishes.push_back(dish);
            self.filled.notify_one();
        }

        async fn take(&self) -> u32 {
            let mut dishes = self.dishes.lock().await;
            while self.without_baton && dishes.is_empty() {
                dishes = wait_without_baton(&self.filled, dishes).await;
            }
            let mut dishes = self.filled.wait_while(dishes, |it| it.is_empty()).await;
            dishes.pop_front().expect("it is not empty")
        }
    }

    /// [`Condition::wait`], but for the baton.
    async fn wait_without_baton<'a, T>(
        condition: &Condition,
        guard: MutexGuard<'a, T>,
    ) -> MutexGuard<'a, T> {
        let mutex = MutexGuard::mutex(&guard);
        let mut notified = pin!(condition.bell.notified());
        notified.as_mut().enable();
        drop(guard);
        notified.await;
        mutex.lock().await
    }

    #[test]
    fn a_waiter_gets_what_is_put_while_it_waits() {
        let shelf = Shelf::default();
        let mut taker = spawn(shelf.take());
        assert_pending!(taker.poll());
        shelf.put(1);
        assert!(taker.is_woken());
        assert_eq!(assert_ready!(taker.poll()), 1);
    }

    #[test]
    fn a_wait_that_ends_early_looks_again() {
        let shelf = Shelf::default();
        let mut taker = spawn(shelf.take());
        assert_pending!(taker.poll());
        shelf.filled.notify_one();
        assert_pending!(taker.poll());
        shelf.put(1);
        assert_eq!(assert_ready!(taker.poll()), 1);
    }

    #[test]
    fn a_waiter_that_is_dropped_before_it_was_notified_takes_nothing() {
        let shelf = Shelf::default();
        let (mut first, mut second) = (spawn(shelf.take()), spawn(shelf.take()));
        assert_pending!(first.poll());
        assert_pending!(second.poll());
        drop(first);
        shelf.put(1);
        assert_eq!(assert_ready!(second.poll()), 1);
    }

    #[test]
    fn a_waiter_that_is_dropped_after_it_was_notified_passes_it_on() {
        let shelf = Shelf::default();
        let (mut first, mut second) = (spawn(shelf.take()), spawn(shelf.take()));
        assert_pending!(first.poll());
        assert_pending!(second.poll());
        shelf.put(1);
        assert!(first.is_woken() && !second.is_woken());
        drop(first);
        assert!(second.is_woken());
    }

    /// Drops a waiter that was notified and waits for the lock: does it wake the next one?
    fn passes_it_on(shelf: &Shelf) -> bool {
        let (mut first, mut second) = (spawn(shelf.take()), spawn(shelf.take()));
        assert_pending!(first.poll());
        assert_pending!(second.poll());
        shelf.put(1);
        let lock = shelf.dishes.try_lock().expect("the lock is free");
        assert_pending!(first.poll());
        drop(first);
        drop(lock);
        second.is_woken() && assert_ready!(second.poll()) == 1
    }

    #[test]
    fn a_waiter_that_is_dropped_while_it_waits_for_the_lock_passes_it_on() {
        assert!(passes_it_on(&Shelf::default()));
        assert!(!passes_it_on(&Shelf::without_baton()));
    }

    #[test]
    fn all_are_woken_by_notify_all() {
        let shelf = Shelf::default();
        let mut takers: Vec<_> = (0..3).map(|_| spawn(shelf.take())).collect();
        for taker in &mut takers {
            assert_pending!(taker.poll());
        }
        shelf.filled.notify_all();
        assert!(takers.iter().all(|taker| taker.is_woken()));
    }

    type Taker = Spawn<Pin<Box<dyn Future<Output = u32>>>>;

    fn taker(shelf: &Rc<Shelf>) -> Taker {
        let shelf = Rc::clone(shelf);
        spawn(Box::pin(async move { shelf.take().await }))
    }

    type Step = (u8, usize);

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        prop::collection::vec((0..5_u8, 0..4_usize), 1..60)
    }

    /// Takers come, are polled and dropped, and dishes are put down, as the steps say. Does a
    /// dish lie beside a task that waits for one and isn't woken?
    fn no_dish_lies_beside_a_sleeper(shelf: Shelf, steps: Vec<Step>) -> TestCaseResult {
        let shelf = Rc::new(shelf);
        let mut takers: Vec<Taker> = Vec::new();
        let mut put = 0;
        for (step, which) in steps {
            match step {
                0 => {
                    let mut new = taker(&shelf);
                    if new.poll().is_pending() {
                        takers.push(new);
                    }
                }
                1 => {
                    put += 1;
                    shelf.put(put);
                }
                // Dropped in the middle, while another holds the lock.
                2 if which < takers.len() => {
                    let lock = shelf.dishes.try_lock().expect("the lock is free");
                    let mut given_up = takers.remove(which);
                    prop_assert!(given_up.poll().is_pending());
                    drop(given_up);
                    drop(lock);
                }
                3 if which < takers.len() => drop(takers.remove(which)),
                4 if which < takers.len() && takers[which].poll().is_ready() => {
                    drop(takers.remove(which));
                }
                _ => {}
            }
        }
        // Every task that was woken, or never began, has its turn.
        let mut settled = false;
        while !settled {
            let before = takers.len();
            takers.retain_mut(|taker| taker.poll().is_pending());
            settled = takers.len() == before && takers.iter().all(|taker| !taker.is_woken());
        }
        let dishes = shelf.dishes.try_lock().expect("the lock is free").len();
        prop_assert!(
            dishes == 0 || takers.is_empty(),
            "{dishes} dishes, {} asleep",
            takers.len()
        );
        Ok(())
    }

    /// So many that they find the baton missing, run after run. Proptest's own 256 don't.
    const CASES: u32 = 4_000;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(CASES))]

        #[test]
        fn in_no_order_does_a_dish_lie_beside_a_sleeper(steps in steps()) {
            no_dish_lies_beside_a_sleeper(Shelf::default(), steps)?;
        }
    }

    /// Without the baton, do so many cases find a sleeper?
    fn finds_a_sleeper(cases: u32, seed: u8) -> bool {
        let config = ProptestConfig {
            cases,
            max_shrink_iters: 0,
            failure_persistence: None,
            ..ProptestConfig::default()
        };
        let dice = TestRng::from_seed(RngAlgorithm::ChaCha, &[seed; 32]);
        let mut run = TestRunner::new_with_rng(config, dice);
        let found = run.run(&steps(), |steps| {
            no_dish_lies_beside_a_sleeper(Shelf::without_baton(), steps)
        });
        found.is_err()
    }

    #[test]
    fn without_the_baton_each_of_thirty_runs_finds_a_sleeper() {
        assert!((0..30).all(|seed| finds_a_sleeper(CASES, seed)));
        assert!(!(0..30).all(|seed| finds_a_sleeper(256, seed)));
    }

    #[test]
    fn a_take_that_is_dropped_anywhere_leaves_the_dish_to_the_next_in_line() {
        let points = cancel_at_every_await(async |cut| {
            let shelf = Shelf::default();
            let cook = async {
                tokio::task::yield_now().await; // both wait
                let mut dishes = shelf.dishes.lock().await;
                dishes.push_back(1);
                shelf.filled.notify_one();
                tokio::task::yield_now().await; // the first is notified, and needs the lock
            };
            let first = async {
                if cut.run(shelf.take()).await.is_some() {
                    shelf.put(2);
                }
            };
            let ((), second, ()) = tokio::join!(first, shelf.take(), cook);
            assert!(second > 0);
        });
        assert!(points >= 2, "{points}");
    }
}
