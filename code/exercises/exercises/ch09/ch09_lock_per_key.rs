//! A lock for each key, held while something is awaited. The map must not grow forever: an entry
//! goes when no one holds its lock or waits for it.
//!
//! Complete the `Drop` of `Turn`. A turn exists from the moment a task asks, so that a task which
//! gives up waiting cleans up as well.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use tokio::sync::{Mutex as Awaited, OwnedMutexGuard};

#[derive(Default)]
struct Locks {
    by_key: Mutex<HashMap<String, Arc<Awaited<()>>>>,
}

/// A task that waits for the lock of a key, or holds it.
struct Turn<'a> {
    locks: &'a Locks,
    key: String,
    lock: Arc<Awaited<()>>,
    guard: Option<OwnedMutexGuard<()>>,
}

impl Locks {
    /// Waits for the lock of `key`, and holds it until the turn is dropped.
    async fn lock(&self, key: &str) -> Turn<'_> {
        let mut turn = Turn {
            locks: self,
            key: key.to_owned(),
            lock: Arc::clone(
                self.by_key
                    .lock()
                    .unwrap()
                    .entry(key.to_owned())
                    .or_default(),
            ),
            guard: None,
        };
        turn.guard = Some(Arc::clone(&turn.lock).lock_owned().await);
        turn
    }

    /// The keys that are in use.
    fn len(&self) -> usize {
        self.by_key.lock().unwrap().len()
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        // TODO: unlock; then remove the entry, if no one else has it.
    }
}

fn main() {
    // You can experiment here; the tests decide.
}

#[cfg(test)]
mod tests {
    use super::*;

    use std::time::Duration;
    use tokio::time::{Instant, sleep, timeout};

    const SECOND: Duration = Duration::from_secs(1);

    async fn work(locks: &Locks, key: &str) {
        let _turn = locks.lock(key).await;
        sleep(SECOND).await;
    }

    // `tokio::test` runs an async function, here on a virtual clock, as a #[test]
    #[tokio::test(start_paused = true)]
    async fn one_key_takes_turns_and_two_keys_do_not() {
        let (locks, start) = (Locks::default(), Instant::now());
        tokio::join!(work(&locks, "a"), work(&locks, "b"), work(&locks, "a"));
        assert_eq!(start.elapsed(), 2 * SECOND);
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_is_left_when_all_are_done() {
        let locks = Locks::default();
        tokio::join!(work(&locks, "a"), work(&locks, "a"), work(&locks, "b"));
        assert_eq!(locks.len(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn one_that_comes_late_waits_for_the_one_that_waited() {
        let (locks, start) = (Locks::default(), Instant::now());
        let late = async {
            sleep(SECOND + SECOND / 2).await; // the first is done, the second works
            work(&locks, "a").await;
        };
        tokio::join!(work(&locks, "a"), work(&locks, "a"), late);
        assert_eq!(start.elapsed(), 3 * SECOND);
    }

    #[tokio::test(start_paused = true)]
    async fn one_that_gives_up_leaves_nothing() {
        let locks = Locks::default();
        let held = locks.lock("a").await;
        assert!(timeout(SECOND, locks.lock("a")).await.is_err());
        assert_eq!(locks.len(), 1);
        drop(held);
        assert_eq!(locks.len(), 0);
    }
}
