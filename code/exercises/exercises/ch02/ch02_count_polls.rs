//! How often is a future polled? Counting polls is how this book proves that
//! nobody asks in vain.
//!
//! Complete `count_polls`, which drives any future to its end and also returns
//! the number of times that it was polled, the last one included.

use std::future::poll_fn;
use std::pin::pin;

/// Returns the future's output, and how often it was polled.
async fn count_polls<F: Future>(future: F) -> (F::Output, usize) {
    // TODO: pin the future, then wrap its `poll` into a `poll_fn` that counts.
    todo!()
}

fn main() {
    // You can experiment here; the tests decide.
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::ready;
    use std::time::Duration;
    use tokio::time::sleep;

    const SECOND: Duration = Duration::from_secs(1);

    // `tokio::test` runs an async function, here on a virtual clock, as a #[test]
    #[tokio::test(start_paused = true)]
    async fn a_ready_future_is_polled_once() {
        assert_eq!(count_polls(ready("done")).await, ("done", 1));
    }

    #[tokio::test(start_paused = true)]
    async fn an_hour_of_sleep_is_polled_twice() {
        assert_eq!(count_polls(sleep(3600 * SECOND)).await, ((), 2));
    }

    #[tokio::test(start_paused = true)]
    async fn three_sleeps_of_different_length_wake_their_join_three_times() {
        let naps = async { tokio::join!(sleep(SECOND), sleep(2 * SECOND), sleep(3 * SECOND)) };
        let (_, polls) = count_polls(naps).await;
        assert_eq!(polls, 4, "one poll to start, one for each sleep that ends");
    }

    #[tokio::test(start_paused = true)]
    async fn three_sleeps_that_end_together_wake_their_join_once() {
        let naps = async { tokio::join!(sleep(SECOND), sleep(SECOND), sleep(SECOND)) };
        let (_, polls) = count_polls(naps).await;
        assert_eq!(
            polls, 2,
            "three wake-ups before a poll are answered by one poll"
        );
    }
}
