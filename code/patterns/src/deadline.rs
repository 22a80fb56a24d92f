//! One limit for a whole operation, through however many layers it goes.
//!
//! A `Duration` says "this long from whenever you look", so a layer that passes one on
//! starts the clock again. A [`Deadline`] is a moment: it can be copied through any number of
//! calls and still means the same. To another machine it travels as what remains of it, in
//! whole milliseconds, because clocks differ between machines and an `Instant` cannot leave
//! its process.

use std::time::Duration;
use tokio::time::{self, Instant};

/// The moment by which an operation is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Deadline(Instant);

/// The deadline came before the answer. Give up, or answer with what there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the deadline has passed")]
pub struct Expired;

/// Longer limits are cut to this, so that no sum of a moment and a limit overflows.
const YEAR: Duration = Duration::from_secs(365 * 24 * 3600);

// ANCHOR: deadline
impl Deadline {
    /// The moment `limit` from now. Call it once, where the operation begins.
    pub fn after(limit: Duration) -> Self {
        Self(Instant::now() + limit.min(YEAR))
    }

    /// The earlier of this deadline and `limit` from now: for a step that may
    /// have less than all that remains, and never gets more.
    pub fn at_most(self, limit: Duration) -> Self {
        self.min(Self::after(limit))
    }

    /// What remains; zero once the deadline has passed.
    pub fn remaining(self) -> Duration {
        self.0.saturating_duration_since(Instant::now())
    }

    /// Runs `step` until the deadline, and drops it then. A step whose deadline
    /// has passed is not polled at all. An answer that is ready when the
    /// deadline is noticed counts.
    ///
    /// Cancel safety: dropping this drops `step`, no more and no less.
    pub async fn run<F: Future>(self, step: F) -> Result<F::Output, Expired> {
        if self.remaining().is_zero() {
            return Err(Expired);
        }
        time::timeout_at(self.0, step).await.map_err(|_| Expired)
    }
}
// ANCHOR_END: deadline

// ANCHOR: header
impl Deadline {
    /// The name of the header, as a server that we ask expects it.
    pub const HEADER: &str = "x-deadline-ms";

    /// What remains, in whole milliseconds, rounded down: a receiver never has
    /// more time than the sender had.
    pub fn to_header(self) -> String {
        self.remaining().as_millis().to_string()
    }

    /// The deadline in a header that has arrived now, at most `most` from now:
    /// how long we work is not for a client to say. `None` if it is no number.
    pub fn from_header(value: &str, most: Duration) -> Option<Self> {
        let digits = !value.is_empty() && value.bytes().all(|b| b.is_ascii_digit());
        let milliseconds = value.parse().unwrap_or(u64::MAX);
        digits.then(|| Self::after(most.min(Duration::from_millis(milliseconds))))
    }
}
// ANCHOR_END: header

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::cell::Cell;
    use tokio::runtime::Builder;
    use tokio::time::sleep;

    const SECOND: Duration = Duration::from_secs(1);

    fn on_a_paused_clock<T>(test: impl Future<Output = T>) -> T {
        let runtime = Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build();
        runtime.expect("a runtime").block_on(test)
    }

    #[tokio::test(start_paused = true)]
    async fn steps_share_one_limit() {
        let (start, deadline) = (Instant::now(), Deadline::after(5 * SECOND));
        assert_eq!(deadline.run(sleep(2 * SECOND)).await, Ok(()));
        assert_eq!(deadline.run(sleep(2 * SECOND)).await, Ok(()));
        assert_eq!(deadline.remaining(), SECOND);
        assert_eq!(deadline.run(sleep(2 * SECOND)).await, Err(Expired));
        assert_eq!(start.elapsed(), 5 * SECOND);
    }

    #[tokio::test(start_paused = true)]
    async fn a_step_after_the_deadline_is_not_polled() {
        let deadline = Deadline::after(Duration::ZERO);
        let polled = Cell::new(false);
        let step = async { polled.set(true) };
        assert_eq!(deadline.run(step).await, Err(Expired));
        assert!(!polled.get());
    }

    #[tokio::test(start_paused = true)]
    async fn a_step_may_have_less_and_never_gets_more() {
        let deadline = Deadline::after(5 * SECOND);
        assert_eq!(deadline.at_most(SECOND).remaining(), SECOND);
        assert_eq!(deadline.at_most(9 * SECOND), deadline);
    }

    #[tokio::test(start_paused = true)]
    async fn the_longest_limit_does_not_overflow() {
        let deadline = Deadline::after(Duration::MAX);
        assert!(deadline.at_most(Duration::MAX).remaining() >= 300 * 24 * 3600 * SECOND);
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_no_number_is_no_deadline() {
        for value in ["", "+5", "-1", " 5", "5s", "1e3", "五"] {
            assert_eq!(Deadline::from_header(value, SECOND), None, "{value:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_cannot_ask_for_more_than_the_server_gives() {
        for value in ["60000", "18446744073709551615", "99999999999999999999999"] {
            let deadline = Deadline::from_header(value, SECOND).expect("a number");
            assert_eq!(deadline.remaining(), SECOND, "{value}");
        }
    }

    proptest! {
        #[test]
        fn a_hop_takes_less_than_a_millisecond_and_adds_none(nanos in 0..u64::MAX / 1_000) {
            on_a_paused_clock(async {
                let sent = Deadline::after(Duration::from_nanos(nanos));
                let received = Deadline::from_header(&sent.to_header(), Duration::MAX);
                let received = received.expect("a number");
                prop_assert!(received <= sent);
                let lost = sent.remaining() - received.remaining();
                prop_assert!(lost < Duration::from_millis(1), "{:?}", lost);
                Ok(())
            })?;
        }
    }
}
