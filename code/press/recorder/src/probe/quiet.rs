//! Puts the start of blocking work at the same moment of each run.
//!
//! A closure on the blocking pool begins while the task that handed it over still runs, a little
//! earlier or later each time. The probe lets it begin once nothing else has been reported for a
//! moment, so that what could run goes first; one of the orders that are possible without it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

/// How long nothing must have been reported: many times what passes between two polls.
const MOMENT: Duration = Duration::from_millis(10);

/// After how many moments a closure begins all the same: the program may never be quiet.
const PATIENCE: usize = 20;

/// How many lines have been written.
static LINES: AtomicU64 = AtomicU64::new(0);

/// A line is written.
pub fn stir() {
    LINES.fetch_add(1, Ordering::Relaxed);
}

/// Returns when no line was written for a moment, or patience is at its end.
pub fn wait() {
    let mut before = LINES.load(Ordering::Relaxed);
    for _ in 0..PATIENCE {
        thread::sleep(MOMENT);
        let now = LINES.load(Ordering::Relaxed);
        if now == before {
            return;
        }
        before = now;
    }
}
