//! The leases a worker holds.

use std::collections::HashMap;
use std::sync::Arc;

use tokio::sync::Notify;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::broker::{Heartbeat, LeaseKey};
use crate::handler::ProgressCell;
use crate::sync::{Mutex, lock};

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
        lock(&self.slots).insert(slot.key, slot);
    }

    pub(super) fn remove(&self, keys: impl IntoIterator<Item = LeaseKey>) {
        let mut slots = lock(&self.slots);
        for key in keys {
            slots.remove(&key);
        }
    }

    /// All leases, or those with news.
    pub(super) fn slots(&self, only_news: bool) -> Vec<Arc<Slot>> {
        let slots = lock(&self.slots);
        let wanted = |slot: &&Arc<Slot>| !only_news || slot.progress.has_news();
        slots.values().filter(wanted).cloned().collect()
    }

    /// Tells all handlers to stop.
    pub(super) fn stop_all(&self, why: Stop) {
        for slot in self.slots(false) {
            slot.stop(why);
        }
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
        let mut state = lock(&self.state);
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
        let mut state = lock(&self.state);
        state.held_until = state.held_until.max(held_until);
    }

    pub(super) fn held_until(&self) -> Instant {
        lock(&self.state).held_until
    }

    /// The handler has ended. Answers why it had been told to stop, if it had.
    pub(super) fn end(&self) -> Option<Stop> {
        let mut state = lock(&self.state);
        state.ended = true;
        state.stopped
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::job::JobId;
    use crate::sync::model::{every_order, spawn};

    fn slot(job: JobId) -> Arc<Slot> {
        let key = LeaseKey { job, token: 1 };
        let stop = CancellationToken::new();
        Slot::new(key, Instant::now(), stop, &Arc::default())
    }

    #[test]
    fn a_lost_lease_is_the_reason_whoever_else_stops_the_handler_first() {
        let job = JobId::new();
        every_order(move || {
            let slot = slot(job);
            let others = [Stop::LeaseLost, Stop::Canceled].map(|why| {
                let slot = Arc::clone(&slot);
                spawn(move || slot.stop(why))
            });
            slot.stop(Stop::TimedOut);
            for other in others {
                other.join().unwrap();
            }
            assert_eq!(slot.end(), Some(Stop::LeaseLost));
        });
    }

    #[test]
    fn a_handler_that_has_ended_was_stopped_or_is_left_alone() {
        let job = JobId::new();
        every_order(move || {
            let slot = slot(job);
            let heartbeats = spawn({
                let slot = Arc::clone(&slot);
                move || slot.stop(Stop::Canceled)
            });
            let stopped = slot.end();
            heartbeats.join().unwrap();
            assert_eq!(stopped.is_some(), slot.stop.is_cancelled());
        });
    }

    #[test]
    fn a_late_heartbeat_takes_no_time_from_a_lease() {
        let job = JobId::new();
        every_order(move || {
            let slot = slot(job);
            let claimed = slot.held_until();
            let later = |seconds| claimed + Duration::from_secs(seconds);
            let first = spawn({
                let (slot, until) = (Arc::clone(&slot), later(1));
                move || slot.extend(until)
            });
            slot.extend(later(2));
            first.join().unwrap();
            assert_eq!(slot.held_until(), later(2));
        });
    }
}
