//! The leases a worker holds.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::broker::{Heartbeat, LeaseKey};
use crate::handler::ProgressCell;

/// Every lease from the moment it was claimed until the store has answered its end: as long as it
/// is here, it gets heartbeats.
#[derive(Default)]
pub(super) struct Running {
    slots: Mutex<HashMap<LeaseKey, Arc<Slot>>>,
    /// A handler has reported progress.
    pub(super) news: Arc<Notify>,
}

/// One lease.
pub(super) struct Slot {
    pub(super) key: LeaseKey,
    /// Tells the handler to stop.
    pub(super) stop: CancellationToken,
    pub(super) progress: Arc<ProgressCell>,
    state: Mutex<State>,
}

struct State {
    /// Until then the lease is ours for certain. It counts from when the claim or the heartbeat was
    /// *sent*: the store starts to count later.
    held_until: Instant,
    stopped: Option<Stop>,
    /// The handler has ended: only its result still needs the lease.
    ended: bool,
}

/// Why a handler was told to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    Canceled,
    TimedOut,
    ShutDown,
    /// Whatever else was the reason: once the lease is lost, the result is not ours to report.
    LeaseLost,
}

impl Running {
    pub(super) fn insert(&self, slot: Arc<Slot>) {
        self.lock().insert(slot.key, slot);
    }

    pub(super) fn remove(&self, keys: impl IntoIterator<Item = LeaseKey>) {
        let mut slots = self.lock();
        for key in keys {
            slots.remove(&key);
        }
    }

    /// All leases, or those with news.
    pub(super) fn slots(&self, only_news: bool) -> Vec<Arc<Slot>> {
        let slots = self.lock();
        let wanted = slots
            .values()
            .filter(|slot| !only_news || slot.progress.has_news());
        wanted.cloned().collect()
    }

    /// Tells all handlers to stop.
    pub(super) fn stop_all(&self, why: Stop) {
        for slot in self.slots(false) {
            slot.stop(why);
        }
    }

    /// No section can panic, so there is nothing to be poisoned by.
    fn lock(&self) -> MutexGuard<'_, HashMap<LeaseKey, Arc<Slot>>> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Slot {
    pub(super) fn new(
        key: LeaseKey,
        held_until: Instant,
        stop: CancellationToken,
        news: &Arc<Notify>,
    ) -> Arc<Self> {
        Arc::new(Self {
            key,
            stop,
            progress: Arc::new(ProgressCell::new(Arc::clone(news))),
            state: Mutex::new(State {
                held_until,
                stopped: None,
                ended: false,
            }),
        })
    }

    pub(super) fn heartbeat(&self) -> Heartbeat {
        Heartbeat {
            key: self.key,
            progress: self.progress.take(),
        }
    }

    /// Tells the handler to stop, if it runs. The first reason stays, unless the lease is lost.
    pub(super) fn stop(&self, why: Stop) {
        let mut state = self.lock();
        if state.ended {
            return;
        }
        if state.stopped.is_none() || why == Stop::LeaseLost {
            state.stopped = Some(why);
        }
        drop(state);
        self.stop.cancel();
    }

    /// A heartbeat was answered: the lease is held.
    pub(super) fn extend(&self, held_until: Instant) {
        let mut state = self.lock();
        state.held_until = state.held_until.max(held_until);
    }

    pub(super) fn held_until(&self) -> Instant {
        self.lock().held_until
    }

    /// The handler has ended. Answers why it had been told to stop, if it had.
    pub(super) fn end(&self) -> Option<Stop> {
        let mut state = self.lock();
        state.ended = true;
        state.stopped
    }

    /// No section can panic, so there is nothing to be poisoned by.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
