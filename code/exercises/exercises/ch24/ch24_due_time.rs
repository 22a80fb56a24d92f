//! A load test that waits for each answer before it sends the next request sees a stall once, and its
//! users see it hundreds of times.
//!
//! Complete `measure` so that each request is made at its time, and its latency counts from that time.

use std::time::Duration;
use tokio::time::{Instant, sleep_until};

/// Makes `count` requests, one every `period`, and returns the latency of each. If one takes longer
/// than the period, the next ones are late, and are made as soon as possible.
async fn measure(count: u32, period: Duration, request: impl AsyncFn(u32)) -> Vec<Duration> {
    let start = Instant::now();
    let mut latencies = Vec::new();
    for number in 0..count {
        // TODO: wait until it is due, make it, and note the latency.
        request(number).await;
        latencies.push(start.elapsed() - period * count);
    }
    latencies
}

fn main() {
    // You can experiment here; the tests decide.
}

#[cfg(test)]
mod tests {
    use super::*;

    use tokio::time::sleep;

    const MS: Duration = Duration::from_millis(1);

    // `tokio::test` runs an async function, here on a virtual clock, as a #[test]
    #[tokio::test(start_paused = true)]
    async fn quick_requests_keep_their_times() {
        let start = Instant::now();
        let latencies = measure(10, 20 * MS, async |_| sleep(5 * MS).await).await;
        assert_eq!(latencies, [5 * MS; 10]);
        assert_eq!(start.elapsed(), 185 * MS);
    }

    #[tokio::test(start_paused = true)]
    async fn a_stall_is_felt_by_those_behind_it() {
        let stall = async |number| sleep(if number == 1 { 100 * MS } else { 5 * MS }).await;
        let latencies = measure(5, 20 * MS, stall).await;
        assert_eq!(latencies, [5, 100, 85, 70, 55].map(|ms| ms * MS));
    }
}
