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

    /// What it shows.
    pub fn now(&self) -> Millis {
        millis(self.epoch + self.start.elapsed())
    }
}

/// A span as it is stored.
pub(super) fn millis(span: Duration) -> Millis {
    // Rounded up, so that no rest is shorter than it was asked for.
    Millis::try_from(span.as_nanos().div_ceil(1_000_000)).unwrap_or(Millis::MAX / 4)
}
