//! The time driver: a table of deadlines, each with the waker to call.

use std::collections::BTreeMap;
use std::mem;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

// ANCHOR: timers
/// A deadline, and a number that tells two equal deadlines apart.
type Key = (Instant, u64);

/// Who is to be woken when, the earliest first.
#[derive(Default)]
pub struct Timers(Mutex<BTreeMap<Key, Waker>>);

impl Timers {
    /// Wakes every task whose deadline has passed.
    pub fn wake_expired(&self) {
        let mut waiting = self.waiting();
        let later = waiting.split_off(&(Instant::now(), u64::MAX));
        let expired = mem::replace(&mut *waiting, later);
        drop(waiting);
        for waker in expired.into_values() {
            waker.wake();
        }
    }

    /// How long the executor may sleep before the next deadline.
    pub fn until_next(&self) -> Duration {
        let now = Instant::now();
        match self.waiting().keys().next() {
            Some((deadline, _)) => deadline.saturating_duration_since(now),
            None => Duration::MAX,
        }
    }

    fn waiting(&self) -> MutexGuard<'_, BTreeMap<Key, Waker>> {
        self.0.lock().expect("no holder panics")
    }
}
// ANCHOR_END: timers

// ANCHOR: sleep
/// A future that is ready once its deadline has passed.
pub struct Sleep {
    key: Key,
    timers: Arc<Timers>,
}

impl Future for Sleep {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let (deadline, _) = self.key;
        if Instant::now() >= deadline {
            return Poll::Ready(());
        }
        // The same key again replaces the waker: the latest one counts.
        let waker = context.waker().clone();
        self.timers.waiting().insert(self.key, waker);
        Poll::Pending
    }
}

impl Drop for Sleep {
    /// Nobody waits anymore, so nobody is to be woken.
    fn drop(&mut self) {
        self.timers.waiting().remove(&self.key);
    }
}
// ANCHOR_END: sleep

impl Sleep {
    /// A sleep that begins now.
    pub fn new(duration: Duration, timers: Arc<Timers>) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        Self {
            key: (Instant::now() + duration, number),
            timers,
        }
    }
}
