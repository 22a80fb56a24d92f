//! Most answers come within `usual`. If one doesn't, a second request is sent, and the first answer
//! of the two is the answer. The other request is dropped then.
//!
//! Complete `hedge`. Tasks that you spawn outlive their handles: mind the loser.

use std::time::Duration;

/// The first answer of one or two requests.
async fn hedge<F>(usual: Duration, request: impl Fn() -> F) -> u32
where
    F: Future<Output = u32> + Send + 'static,
{
    // TODO: the first request goes on while the second one runs.
    todo!()
}

fn main() {}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
    use tokio::time::{Instant, sleep};

    const USUAL: Duration = Duration::from_millis(100);

    /// Requests that take so many milliseconds: the answer is the number of the request.
    /// Returned are the answer, when it came, how many began, and how many were answered.
    async fn run(takes: &'static [u64]) -> (u32, u128, u32, u32) {
        let start = Instant::now();
        let counts = Arc::new((AtomicU32::new(0), AtomicU32::new(0)));
        let request = || {
            let counts = Arc::clone(&counts);
            async move {
                let number = counts.0.fetch_add(1, SeqCst);
                sleep(Duration::from_millis(takes[number as usize])).await;
                counts.1.fetch_add(1, SeqCst);
                number
            }
        };
        let answer = hedge(USUAL, request).await;
        let took = start.elapsed().as_millis();
        sleep(Duration::from_secs(3600)).await; // who's left goes on
        (answer, took, counts.0.load(SeqCst), counts.1.load(SeqCst))
    }

    // `tokio::test` runs an async function, here on a virtual clock, as a #[test]
    #[tokio::test(start_paused = true)]
    async fn a_usual_answer_needs_one_request() {
        assert_eq!(run(&[50]).await, (0, 50, 1, 1));
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_one_is_overtaken() {
        assert_eq!(run(&[5_000, 50]).await.0, 1);
        assert_eq!(run(&[5_000, 50]).await.1, 150);
    }

    #[tokio::test(start_paused = true)]
    async fn the_first_request_goes_on_beside_the_second() {
        let (answer, took, began, _) = run(&[150, 5_000]).await;
        assert_eq!((answer, took, began), (0, 150, 2));
    }

    #[tokio::test(start_paused = true)]
    async fn the_loser_is_dropped() {
        assert_eq!(run(&[5_000, 50]).await.3, 1);
    }
}
