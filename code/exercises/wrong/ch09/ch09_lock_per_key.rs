//! Wrong: a task still waits for the lock that is removed, and the next one gets a new lock.

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
        self.guard = None;
        let _ = &self.lock;
        self.locks.by_key.lock().unwrap().remove(&self.key);
    }
}

fn main() {}
