//! A client of `tower` layers: a deadline, retries, a limit, and a timeout for each attempt.
//!
//! ```console
//! cargo run -p examples --bin ch26-tower
//! ```

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use tokio::time::{Duration, Instant, Sleep, sleep};
use tower::retry::Policy;
use tower::{BoxError, ServiceBuilder, ServiceExt};

type Answer = Result<u32, BoxError>;

/// The first request hangs; the second one is answered.
async fn serve(request: u32) -> Answer {
    static REQUESTS: AtomicU32 = AtomicU32::new(0);
    match REQUESTS.fetch_add(1, Relaxed) {
        0 => std::future::pending().await,
        _ => Ok(request + 1),
    }
}

// ANCHOR: policy
/// How many retries are left for this request: each one has a clone of the policy.
#[derive(Clone)]
struct Retries(u32);

impl Policy<u32, u32, BoxError> for Retries {
    type Future = Sleep;

    /// `None`: this answer is the last.
    fn retry(&mut self, _request: &mut u32, answer: &mut Answer) -> Option<Sleep> {
        let _safe_to_repeat = answer.as_ref().err()?; // look at it
        self.0 = self.0.checked_sub(1)?;
        Some(sleep(Duration::from_millis(300))) // and full jitter here
    }

    /// `None`: this request can't be repeated.
    fn clone_request(&mut self, request: &u32) -> Option<u32> {
        Some(*request)
    }
}
// ANCHOR_END: policy

// ANCHOR: client
#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() {
    let client = ServiceBuilder::new()
        .timeout(Duration::from_secs(5)) // the whole
        .retry(Retries(2))
        .concurrency_limit(10)
        .timeout(Duration::from_secs(1)) // one attempt
        .service_fn(serve);

    let start = Instant::now();
    let answer = client.oneshot(41).await.expect("the second attempt");
    assert_eq!(answer, 42);
    assert_eq!(start.elapsed(), Duration::from_millis(1_000 + 300));
    println!(
        "{answer}, at the second attempt, after {:?}",
        start.elapsed()
    );
}
// ANCHOR_END: client

#[cfg(test)]
mod tests {
    #[test]
    fn the_second_attempt_is_answered() {
        super::main();
    }
}
