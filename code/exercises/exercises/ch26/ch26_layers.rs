//! A client makes up to three attempts, five seconds apart. An attempt needs a permit, holds it for
//! its own time and no longer, and has a second; after that it counts as failed. If there's no
//! permit, the attempt has failed too. A wait that wouldn't end before the deadline isn't begun.
//!
//! Complete `call`. It returns `None` if it got no answer.

use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep, timeout};

const APART: Duration = Duration::from_secs(5);
const LIMIT: Duration = Duration::from_secs(1);

async fn call(
    permits: &Semaphore,
    deadline: Instant,
    mut request: impl AsyncFnMut() -> Option<u32>,
) -> Option<u32> {
    // TODO: what is around what?
    todo!()
}

fn main() {}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    async fn hangs() -> Option<u32> {
        sleep(seconds(3600)).await;
        None
    }

    // `tokio::test` runs an async function, here on a virtual clock, as a #[test]
    #[tokio::test(start_paused = true)]
    async fn three_attempts_that_hang_take_a_second_each() {
        let (permits, start) = (Semaphore::new(1), Instant::now());
        assert_eq!(call(&permits, start + seconds(60), hangs).await, None);
        assert_eq!(start.elapsed(), seconds(1 + 5 + 1 + 5 + 1));
    }

    #[tokio::test(start_paused = true)]
    async fn the_first_answer_counts() {
        let (permits, start) = (Semaphore::new(1), Instant::now());
        let mut attempts = 0;
        let request = async || {
            attempts += 1;
            (attempts == 2).then_some(7)
        };
        assert_eq!(call(&permits, start + seconds(60), request).await, Some(7));
        assert_eq!(start.elapsed(), seconds(5));
    }

    #[tokio::test(start_paused = true)]
    async fn a_wait_beyond_the_deadline_is_not_begun() {
        let (permits, start) = (Semaphore::new(1), Instant::now());
        assert_eq!(call(&permits, start + seconds(9), hangs).await, None);
        assert_eq!(start.elapsed(), seconds(1 + 5 + 1));
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_that_waits_leaves_its_permit_to_others() {
        let (permits, start) = (Semaphore::new(1), Instant::now());
        let fails = call(&permits, start + seconds(60), async || None);
        let other = async {
            sleep(seconds(2)).await; // the first attempt has failed
            permits.try_acquire().is_ok()
        };
        let (failed, got_one) = tokio::join!(fails, other);
        assert_eq!((failed, got_one), (None, true));
    }

    #[tokio::test(start_paused = true)]
    async fn without_a_permit_it_tries_again() {
        let (permits, start) = (Semaphore::new(1), Instant::now());
        let other = async {
            let _permit = permits.acquire().await;
            sleep(seconds(2)).await;
        };
        let request = async || Some(7);
        let (_, answer) = tokio::join!(other, call(&permits, start + seconds(60), request));
        assert_eq!(answer, Some(7));
        assert_eq!(start.elapsed(), seconds(5));
    }
}
