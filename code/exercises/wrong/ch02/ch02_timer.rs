//! Wrong: sleeps until the deadline that was registered first, not the earliest one.

use std::sync::Mutex;
use std::task::Waker;
use std::time::{Duration, Instant};

/// Deadlines and wakers, in the order in which they were registered.
#[derive(Default)]
struct Timers(Mutex<Vec<(Instant, Waker)>>);

impl Timers {
    fn register(&self, deadline: Instant, waker: Waker) {
        self.0.lock().unwrap().push((deadline, waker));
    }

    /// How long from `now` to the earliest deadline, or `None` if nobody waits.
    fn until_next(&self, now: Instant) -> Option<Duration> {
        let waiting = self.0.lock().unwrap();
        let (earliest, _) = waiting.first()?;
        Some(earliest.saturating_duration_since(now))
    }

    /// Wakes, and forgets, everyone whose deadline is not after `now`.
    fn wake_expired(&self, now: Instant) {
        let expired: Vec<_> = self
            .0
            .lock()
            .unwrap()
            .extract_if(.., |(deadline, _)| *deadline <= now)
            .collect();
        for (_, waker) in expired {
            waker.wake();
        }
    }
}

fn main() {}
