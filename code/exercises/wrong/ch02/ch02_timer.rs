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

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::Wake;

    #[derive(Default)]
    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    const MS: Duration = Duration::from_millis(1);

    /// Timers at 30, 10 and 20 ms after `start`, and how often each was woken.
    fn three(start: Instant) -> (Timers, [Arc<Count>; 3]) {
        let timers = Timers::default();
        let counts = [30, 10, 20].map(|after| {
            let count = Arc::new(Count::default());
            timers.register(start + after * MS, Waker::from(Arc::clone(&count)));
            count
        });
        (timers, counts)
    }

    fn woken(counts: &[Arc<Count>; 3]) -> [usize; 3] {
        counts
            .each_ref()
            .map(|count| count.0.load(Ordering::Relaxed))
    }

    #[test]
    fn nobody_waiting_means_no_limit() {
        assert_eq!(Timers::default().until_next(Instant::now()), None);
    }

    #[test]
    fn the_executor_sleeps_until_the_earliest_deadline() {
        let start = Instant::now();
        let (timers, _) = three(start);
        assert_eq!(timers.until_next(start), Some(10 * MS));
        assert_eq!(timers.until_next(start + 4 * MS), Some(6 * MS));
    }

    #[test]
    fn a_passed_deadline_means_no_sleep() {
        let start = Instant::now();
        let (timers, _) = three(start);
        assert_eq!(timers.until_next(start + 15 * MS), Some(Duration::ZERO));
    }

    #[test]
    fn those_who_are_due_are_woken_once() {
        let start = Instant::now();
        let (timers, counts) = three(start);
        timers.wake_expired(start + 9 * MS);
        assert_eq!(woken(&counts), [0, 0, 0]);
        timers.wake_expired(start + 20 * MS);
        assert_eq!(woken(&counts), [0, 1, 1]);
        timers.wake_expired(start + 25 * MS);
        assert_eq!(
            woken(&counts),
            [0, 1, 1],
            "an expired entry stays in the table"
        );
        assert_eq!(timers.until_next(start + 25 * MS), Some(5 * MS));
    }
}
