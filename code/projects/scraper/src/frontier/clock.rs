//! Time that can be stored and doesn't jump: the system's clock when the program starts, and from
//! then on Tokio's.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::time::Instant;

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

    #[tokio::test(start_paused = true)]
    async fn no_rest_is_shorter_than_it_was_asked_for() {
        for begins in [0, 1, 499, 500, 999] {
            let clock = Clock::start();
            tokio::time::advance(Duration::from_micros(begins)).await;
            let start = Instant::now();
            let until = after(clock.now(), Duration::from_millis(2));
            while clock.now() < until {
                tokio::time::advance(Duration::from_micros(100)).await;
            }
            assert!(start.elapsed() >= Duration::from_millis(2));
        }
    }
}
