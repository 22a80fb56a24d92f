//! Wrong: yields once before the work; during the work nobody has a turn.

use tokio::task::yield_now;

async fn parse(line: u64) -> u64 {
    line * 2
}

/// The sum of all parsed lines below `lines`.
async fn total(lines: u64) -> u64 {
    let mut total = 0;
    yield_now().await;
    for line in 0..lines {
        total += parse(line).await;
    }
    total
}

fn main() {}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
    use tokio::task::yield_now;
    use tokio::time::Instant;

    // `tokio::test` runs an async function, here on a virtual clock, as a #[test]
    #[tokio::test(start_paused = true)]
    async fn sums_up_every_line() {
        assert_eq!(total(10_000).await, 99_990_000);
    }

    #[tokio::test(start_paused = true)]
    async fn another_task_has_many_turns_meanwhile() {
        let turns = Arc::new(AtomicUsize::new(0));
        let done = Arc::new(AtomicBool::new(false));
        let (counter, stop) = (Arc::clone(&turns), Arc::clone(&done));
        let other = tokio::spawn(async move {
            while !stop.load(Ordering::Relaxed) {
                counter.fetch_add(1, Ordering::Relaxed);
                yield_now().await;
            }
        });

        total(10_000).await;
        done.store(true, Ordering::Relaxed);
        other.await.unwrap();

        let turns = turns.load(Ordering::Relaxed);
        assert!(
            turns >= 50,
            "the other task had {turns} turns, not 50 or more"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn sleeps_at_no_time() {
        let start = Instant::now();
        total(10_000).await;
        assert!(start.elapsed().is_zero());
    }
}
