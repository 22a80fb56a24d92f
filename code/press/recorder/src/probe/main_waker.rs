//! Who wakes what `block_on` runs.
//!
//! Tokio reports the calls of its own tasks' wakers, and not of the one that `block_on` makes.
//! So the outermost marks of such a future pass on a waker that reports, and then calls it.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};
use std::task::{Wake, Waker};

use super::tokio::report_wake;

/// The waker lent last to each `block_on`, by the id of its span.
static LENT: LazyLock<Mutex<HashMap<u64, Arc<Lent>>>> = LazyLock::new(Mutex::default);

struct Lent {
    task: u64,
    real: Waker,
}

impl Wake for Lent {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        report_wake(self.task);
        self.real.wake_by_ref();
    }
}

/// A waker that reports and calls the `real` one; the same as before if that is the same.
pub fn lend(task: u64, real: &Waker) -> Waker {
    let new = || {
        Arc::new(Lent {
            task,
            real: real.clone(),
        })
    };
    let mut lent = lent();
    let known = lent.entry(task).or_insert_with(new);
    if !known.real.will_wake(real) {
        *known = new();
    }
    Waker::from(Arc::clone(known))
}

/// How many wakers of a `block_on` exist that could still be called, if one was lent to it.
pub fn count(task: u64) -> Option<u64> {
    // One reference is in the map.
    let others = Arc::strong_count(lent().get(&task)?) - 1;
    Some(others as u64)
}

fn lent() -> MutexGuard<'static, HashMap<u64, Arc<Lent>>> {
    LENT.lock().unwrap_or_else(PoisonError::into_inner)
}
