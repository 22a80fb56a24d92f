//! What the tasks and threads of this crate share state with.
//!
//! In the unit tests these names mean types of the same shape that [loom] watches, so that a test can run
//! the very code that ships in each order of its steps that takes at most three preemptions; see `model`.
//!
//! [loom]: https://docs.rs/loom/0.7.3/loom/

use std::sync::PoisonError;
#[cfg(not(test))]
pub(crate) use std::sync::{Mutex, MutexGuard};
#[cfg(not(test))]
pub(crate) use tokio::sync::{Notify, watch};

#[cfg(test)]
pub(crate) mod model;
#[cfg(test)]
pub(crate) use checked::{Mutex, MutexGuard, Notify, watch};

/// Locks. No section of this crate can panic, so there is nothing to be poisoned by.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
