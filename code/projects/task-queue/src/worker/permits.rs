//! Slots for running jobs.

use std::sync::Arc;

use crate::sync::{Mutex, Notify, lock};

/// Counts running jobs against a limit that may change. One task takes permits (the claimer),
/// anybody gives them back.
///
/// A semaphore would do, could its permits be taken away while they are in use.
pub(super) struct Permits {
    state: Mutex<State>,
    /// There is one waiter, the claimer, and the note of a change waits for it.
    freed: Notify,
}

struct State {
    limit: u32,
    /// Never above the largest limit there was.
    used: u32,
    /// The most in use since someone asked.
    peak: u32,
}

/// The right to run one job, given back when it is dropped.
pub(super) struct Permit(Arc<Permits>);

impl Permits {
    pub(super) fn new(limit: u32) -> Arc<Self> {
        let (used, peak) = (0, 0);
        Arc::new(Self {
            state: Mutex::new(State { limit, used, peak }),
            freed: Notify::new(),
        })
    }

    /// How many are free, as soon as one is. Cancel-safe.
    pub(super) async fn free(&self) -> u32 {
        loop {
            let free = self.free_now();
            if free > 0 {
                return free;
            }
            self.freed.notified().await;
        }
    }

    pub(super) fn free_now(&self) -> u32 {
        let state = lock(&self.state);
        state.limit.saturating_sub(state.used)
    }

    /// Takes one that was free a moment ago. Should the limit have fallen since, it is exceeded
    /// until a job ends.
    pub(super) fn take(self: &Arc<Self>) -> Permit {
        let mut state = lock(&self.state);
        state.used += 1;
        state.peak = state.peak.max(state.used);
        drop(state);
        Permit(Arc::clone(self))
    }

    pub(super) fn set_limit(&self, limit: u32) {
        lock(&self.state).limit = limit;
        self.freed.notify_one();
    }

    pub(super) fn limit(&self) -> u32 {
        lock(&self.state).limit
    }

    pub(super) fn used(&self) -> u32 {
        lock(&self.state).used
    }

    /// The most that were in use since the last call.
    pub(super) fn take_peak(&self) -> u32 {
        let mut state = lock(&self.state);
        let used = state.used;
        std::mem::replace(&mut state.peak, used)
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        lock(&self.0.state).used -= 1;
        self.0.freed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sync::model::{every_order, spawn, spawn_task};

    /// A claimer that waits until so many are free.
    async fn wait_for(permits: Arc<Permits>, wanted: u32) {
        while permits.free().await < wanted {
            permits.freed.notified().await;
        }
    }

    #[test]
    fn a_claimer_hears_of_every_permit_that_comes_back() {
        every_order(|| {
            let permits = Permits::new(2);
            let (one, two) = (permits.take(), permits.take());
            let claimer = spawn_task(wait_for(Arc::clone(&permits), 2));
            let job = spawn(move || drop(one));
            drop(two);
            job.join().unwrap();
            claimer.join().unwrap();
            assert_eq!((permits.used(), permits.free_now()), (0, 2));
        });
    }

    #[test]
    fn a_claimer_hears_of_a_higher_limit_whatever_ends_meanwhile() {
        every_order(|| {
            let permits = Permits::new(1);
            let one = permits.take();
            let claimer = spawn_task(wait_for(Arc::clone(&permits), 3));
            let job = spawn(move || drop(one));
            permits.set_limit(3);
            job.join().unwrap();
            claimer.join().unwrap();
            assert_eq!(permits.free_now(), 3);
        });
    }

    #[test]
    fn the_limit_falls_while_a_job_starts_and_another_ends_and_the_count_stays_right() {
        every_order(|| {
            let permits = Permits::new(2);
            let one = permits.take();
            let claimer = spawn_task({
                let permits = Arc::clone(&permits);
                async move {
                    permits.free().await;
                    permits.take()
                }
            });
            let job = spawn(move || drop(one));
            permits.set_limit(1);
            job.join().unwrap();
            let two = claimer.join().unwrap();
            assert_eq!((permits.used(), permits.free_now()), (1, 0));
            drop(two);
            assert_eq!((permits.used(), permits.free_now()), (0, 1));
        });
    }

    #[test]
    fn a_lower_limit_holds_once_enough_jobs_have_ended() {
        every_order(|| {
            let permits = Permits::new(3);
            let mut taken = vec![permits.take(), permits.take(), permits.take()];
            permits.set_limit(1);
            taken.truncate(1);
            assert_eq!(permits.free_now(), 0);
            taken.clear();
            assert_eq!(permits.free_now(), 1);
            permits.set_limit(5);
            assert_eq!(permits.free_now(), 5);
        });
    }

    #[test]
    fn the_peak_starts_again_from_what_is_in_use() {
        every_order(|| {
            let permits = Permits::new(3);
            let _one = permits.take();
            drop(permits.take());
            assert_eq!((permits.take_peak(), permits.take_peak()), (2, 1));
        });
    }
}
