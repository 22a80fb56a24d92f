//! Wrong: counts the polls that ended in `Pending` and forgets the last one.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

/// Returns the future's output, and how often it was polled.
async fn count_polls<F: Future>(future: F) -> (F::Output, usize) {
    let mut future = pin!(future);
    let mut polls = 0;
    let output = poll_fn(|context| match future.as_mut().poll(context) {
        Poll::Ready(output) => Poll::Ready(output),
        Poll::Pending => {
            polls += 1;
            Poll::Pending
        }
    })
    .await;
    (output, polls)
}

fn main() {}

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
