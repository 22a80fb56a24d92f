//! Wrong: counts from the sending, and so hides the stall.

use std::time::Duration;
use tokio::time::{Instant, sleep_until};

/// Makes `count` requests, one every `period`, and returns the latency of each. If one takes longer
/// than the period, the next ones are late, and are made as soon as possible.
async fn measure(count: u32, period: Duration, request: impl AsyncFn(u32)) -> Vec<Duration> {
    let start = Instant::now();
    let mut latencies = Vec::new();
    for number in 0..count {
        sleep_until(start + period * number).await;
        let sent = Instant::now();
        request(number).await;
        latencies.push(sent.elapsed());
    }
    latencies
}

fn main() {}
