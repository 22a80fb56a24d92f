//! A rolling window over the calls of a closed breaker.

use std::time::Duration;

use tokio::time::Instant;

/// The calls of the last while, in ten slices, the current one included.
#[derive(Debug)]
pub(super) struct Window {
    slice: Duration,
    /// When the current slice began.
    since: Instant,
    /// Calls and failures; the current slice is the last.
    slices: [(u32, u32); 10],
}

impl Window {
    pub(super) fn new(length: Duration) -> Window {
        Window {
            slice: (length / 10).max(Duration::from_nanos(1)),
            since: Instant::now(),
            slices: [(0, 0); 10],
        }
    }

    /// Counts one more call, and returns all calls and failures in the window.
    pub(super) fn count(&mut self, now: Instant, success: bool) -> (u32, u32) {
        let passed = (now - self.since).as_nanos() / self.slice.as_nanos();
        for _ in 0..passed.min(10) {
            self.slices.rotate_left(1);
            self.slices[9] = (0, 0);
        }
        if passed > 0 {
            let rest = (now - self.since).as_nanos() % self.slice.as_nanos();
            self.since = now - Duration::from_nanos(rest as u64); // less than a slice
        }
        self.slices[9].0 += 1;
        self.slices[9].1 += u32::from(!success);
        let sum = |(calls, failed), slice: &(u32, u32)| (calls + slice.0, failed + slice.1);
        self.slices.iter().fold((0, 0), sum)
    }
}
