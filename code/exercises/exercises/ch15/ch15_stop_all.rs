//! A page is asked for at three mirrors, each in a task of its own, and the first answer
//! counts. When `first_answer` returns, whether with an answer or because the limit has
//! passed, no task of it goes on.
//!
//! Complete `first_answer`.

use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

/// How many requests are under way.
static UNDER_WAY: AtomicUsize = AtomicUsize::new(0);

struct Request;

impl Drop for Request {
    fn drop(&mut self) {
        UNDER_WAY.fetch_sub(1, SeqCst);
    }
}

/// Asks a mirror that takes so many seconds.
async fn ask(seconds: u64) -> u64 {
    UNDER_WAY.fetch_add(1, SeqCst);
    let _request = Request;
    sleep(Duration::from_secs(seconds)).await;
    seconds
}

/// Asks all mirrors in tasks of their own; the first answer, if it comes within `limit`.
async fn first_answer(mirrors: [u64; 3], limit: Duration) -> Option<u64> {
    // TODO: spawn with something that aborts its tasks when it is dropped.
    todo!()
}

fn main() {}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::Instant;

    const fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    // One test, because it counts the requests of the whole program.
    // `tokio::test` runs an async function, here on a virtual clock, as a #[test]
    #[tokio::test(start_paused = true)]
    async fn whatever_comes_out_nothing_runs_on() {
        let start = Instant::now();
        assert_eq!(first_answer([5, 2, 9], seconds(3)).await, Some(2));
        assert_eq!(start.elapsed(), seconds(2), "the first answer counts");
        let left = UNDER_WAY.load(SeqCst);
        assert_eq!(left, 0, "requests under way after an answer");

        let start = Instant::now();
        assert_eq!(first_answer([5, 7, 9], seconds(3)).await, None);
        assert_eq!(start.elapsed(), seconds(3), "the limit has passed");
        let left = UNDER_WAY.load(SeqCst);
        assert_eq!(left, 0, "requests under way after the limit");
    }
}
