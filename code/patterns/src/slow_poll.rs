//! A detector of slow polls: futures that keep their thread for too long.
//!
//! What asyncio's debug mode reports as `Executing … took 0.102 seconds`, for a future of yours.
//! A poll is seen when it *ends*: for one that hasn't, ask [`crate::watched::Board`] from
//! another thread. A poll that panics is not reported, the panic is.
//!
//! It measures real time, also on a runtime whose clock is paused: a paused clock stands still
//! while a poll computes. A machine that takes the thread away in between makes a poll look
//! slow, so take a limit that is worth a look, such as 10 milliseconds.

use std::future::poll_fn;
use std::pin::pin;
use std::time::{Duration, Instant};

// ANCHOR: slow_poll
/// A poll that took as long as the limit, or longer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SlowPoll {
    /// How long the future kept its thread.
    pub took: Duration,
    /// Which of its polls it was; the first is 1.
    pub poll: u64,
}

/// A future that does what `future` does, and calls `report` after each poll that was slow.
///
/// As cancel safe as `future`.
pub async fn report_slow_polls<F: Future>(
    limit: Duration,
    report: impl FnMut(SlowPoll),
    future: F,
) -> F::Output {
    report_slow_polls_by(Instant::now, limit, report, future).await
}

/// The same by a clock of your own, for tests.
pub async fn report_slow_polls_by<F: Future>(
    mut clock: impl FnMut() -> Instant,
    limit: Duration,
    mut report: impl FnMut(SlowPoll),
    future: F,
) -> F::Output {
    let (mut future, mut polls) = (pin!(future), 0);
    poll_fn(|cx| {
        let begin = clock();
        let result = future.as_mut().poll(cx);
        let took = clock() - begin;
        polls += 1;
        if took >= limit {
            report(SlowPoll { took, poll: polls });
        }
        result
    })
    .await
}
// ANCHOR_END: slow_poll

#[cfg(test)]
mod tests {
    use std::cell::{Cell, RefCell};

    use tokio::task::yield_now;
    use tokio::time::sleep;

    use super::*;

    /// Runs a future that computes for as long as `work` says between its awaits.
    async fn slow_polls(limit: u64, work: &[u64]) -> Vec<(u64, u64)> {
        let now = Cell::new(Instant::now());
        let seen = RefCell::new(Vec::new());
        let computes = async {
            for ms in work {
                now.set(now.get() + Duration::from_millis(*ms));
                yield_now().await;
            }
        };
        let report = |slow: SlowPoll| {
            let took = slow.took.as_millis() as u64;
            seen.borrow_mut().push((slow.poll, took));
        };
        let limit = Duration::from_millis(limit);
        report_slow_polls_by(|| now.get(), limit, report, computes).await;
        seen.into_inner()
    }

    #[tokio::test]
    async fn a_poll_of_the_limit_is_reported_and_a_shorter_one_is_not() {
        assert_eq!(slow_polls(10, &[9, 10, 0, 250]).await, [(2, 10), (4, 250)]);
    }

    #[tokio::test]
    async fn many_short_polls_are_not_one_long_poll() {
        assert_eq!(slow_polls(10, &[9; 100]).await, []);
    }

    #[tokio::test(start_paused = true)]
    async fn waiting_is_not_polling() {
        let report = |slow| panic!("{slow:?}");
        let limit = Duration::from_secs(60);
        report_slow_polls(limit, report, sleep(Duration::from_secs(3600))).await;
    }

    #[tokio::test]
    async fn the_real_clock_measures_each_poll() {
        let mut polls = Vec::new();
        let report = |slow: SlowPoll| polls.push(slow.poll);
        let answer = report_slow_polls(Duration::ZERO, report, async {
            yield_now().await;
            42
        });
        assert_eq!(answer.await, 42);
        assert_eq!(polls, [1, 2]);
    }
}
