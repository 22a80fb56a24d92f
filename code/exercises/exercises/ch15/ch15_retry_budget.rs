//! A call may be tried again as long as there is time. An attempt may take `at_most`, and
//! less if less remains. It only begins if at least `useful` remains, since a shorter
//! one would be in vain: then `retry` gives up at once, without waiting for the deadline.
//!
//! Complete `retry`.

use std::time::Duration;
use tokio::time::{Instant, timeout_at};

#[derive(Debug, PartialEq, Eq)]
struct GaveUp {
    attempts: u32,
}

/// The first success of `call`, which is tried again until `deadline`.
async fn retry<T, E>(
    deadline: Instant,
    at_most: Duration,
    useful: Duration,
    mut call: impl AsyncFnMut() -> Result<T, E>,
) -> Result<T, GaveUp> {
    // TODO: what remains decides whether an attempt begins, and what it may take.
    todo!()
}

fn main() {}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::sleep;

    const fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    async fn hangs() -> Result<(), ()> {
        sleep(ms(3_600_000)).await;
        Ok(())
    }

    /// Runs `retry` with 2 s an attempt of which 1 s is useful: what came, and when.
    async fn run<T>(
        budget: u64,
        call: impl AsyncFnMut() -> Result<T, ()>,
    ) -> (Result<T, GaveUp>, u128) {
        let start = Instant::now();
        let result = retry(start + ms(budget), ms(2_000), ms(1_000), call).await;
        (result, start.elapsed().as_millis())
    }

    // `tokio::test` runs an async function, here on a virtual clock, as a #[test]
    #[tokio::test(start_paused = true)]
    async fn the_first_success_counts() {
        let mut calls = 0;
        let result = run(9_000, async || {
            sleep(ms(300)).await;
            calls += 1;
            if calls < 3 { Err(()) } else { Ok(calls) }
        });
        assert_eq!(result.await, (Ok(3), 900));
    }

    #[tokio::test(start_paused = true)]
    async fn an_attempt_that_hangs_leaves_time_for_the_next() {
        let gave_up = Err(GaveUp { attempts: 3 });
        assert_eq!(run(6_000, hangs).await, (gave_up, 6_000));
    }

    #[tokio::test(start_paused = true)]
    async fn the_last_attempt_has_what_remains() {
        let gave_up = Err(GaveUp { attempts: 3 });
        assert_eq!(run(5_000, hangs).await, (gave_up, 5_000));
    }

    #[tokio::test(start_paused = true)]
    async fn a_rest_that_is_no_use_is_not_waited_for() {
        let gave_up = Err(GaveUp { attempts: 2 });
        assert_eq!(run(4_900, hangs).await, (gave_up, 4_000));
    }

    #[tokio::test(start_paused = true)]
    async fn after_the_deadline_no_attempt_begins() {
        let gave_up = Err(GaveUp { attempts: 0 });
        let calls = async || panic!("no attempt may begin");
        assert_eq!(run::<()>(0, calls).await, (gave_up, 0));
    }
}
