use std::time::Duration;
use tokio::time::{Instant, sleep_until};

/// Makes `count` requests, one every `period`, and returns the latency of each. If one takes longer
/// than the period, the next ones are late, and are made as soon as possible.
async fn measure(count: u32, period: Duration, request: impl AsyncFn(u32)) -> Vec<Duration> {
    let start = Instant::now();
    let mut latencies = Vec::new();
    for number in 0..count {
        let due = start + period * number;
        sleep_until(due).await;
        request(number).await;
        latencies.push(due.elapsed());
    }
    latencies
}

fn main() {}

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
