//! Wrong: the lock is held for the write, but the read was before the wait, so other scores are overwritten.

use std::sync::Mutex;

/// Adds the score that `check` answers, and returns the new total.
async fn add(total: &Mutex<u32>, check: impl Future<Output = u32>) -> u32 {
    let before = *total.lock().unwrap();
    let score = check.await;
    let mut total = total.lock().unwrap();
    *total = before + score;
    *total
}

fn main() {}
