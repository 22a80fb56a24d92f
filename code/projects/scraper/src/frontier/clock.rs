//! Time that can be stored and doesn't jump: the system's clock when the program starts, and from
//! then on one that only goes forward. Not Tokio's: the thread that asks belongs to no runtime, so
//! it wouldn't see a paused clock anyway.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Milliseconds since 1970.
pub type Millis = i64;

/// A clock for moments that outlive the process.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    start: Instant,
    epoch: Duration,
}

impl Clock {
    /// Reads the system's clock, once.
    pub fn start() -> Clock {
        let epoch = SystemTime::now().duration_since(UNIX_EPOCH);
        Clock {
            start: Instant::now(),
            epoch: epoch.unwrap_or_default(),
        }
    }

    /// The last whole millisecond.
    pub fn now(&self) -> Millis {
        let now = (self.epoch + self.start.elapsed()).as_millis();
        Millis::try_from(now).unwrap_or(Millis::MAX / 4)
    }
}

/// A span as it is stored, rounded up.
pub(super) fn millis(span: Duration) -> Millis {
    Millis::try_from(span.as_nanos().div_ceil(1_000_000)).unwrap_or(Millis::MAX / 4)
}

/// What is left until a moment.
pub(super) fn until(moment: Millis, now: Millis) -> Duration {
    Duration::from_millis(u64::try_from(moment.saturating_sub(now)).unwrap_or_default())
}

/// The first whole millisecond at which a rest that begins now is over.
pub(super) fn after(now: Millis, rest: Duration) -> Millis {
    match millis(rest) {
        0 => now,
        // `now` was rounded down, so the rest may begin up to a millisecond later.
        rest => now.saturating_add(rest).saturating_add(1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_rest_is_shorter_than_it_was_asked_for() {
        for begins in [5_000, 5_001, 5_499, 5_500, 5_999] {
            let now = begins / 1_000; // in microseconds, as the clock rounds them
            let until = after(now, Duration::from_millis(2)) * 1_000;
            assert!((2_000..=4_000).contains(&(until - begins)));
        }
        assert_eq!(after(5, Duration::ZERO), 5);
    }
}
