//! How long a failed job waits before it is tried again: two laws.
//!
//! - **Backoff with full jitter.** After its n-th failure a job waits a random time between zero
//!   and `min(longest, first × 2^(n−1))`. Jobs that failed together come back spread over the
//!   whole span, not as the crowd that brought the other side down.
//! - **A budget for the process.** The backoff of one job knows nothing of the others: when
//!   everything fails, a million jobs that wait a minute each are still 16,000 retries a second.
//!   [`RetryBudget`] bounds their sum. A retry beyond the budget is put off, never dropped.

use std::time::Duration;

pub use patterns::retry::Backoff;
use tokio::time::Instant;

/// The waits of a failed job: up to 1 s, 2 s, 4 s and so on, at most 10 minutes. How many attempts
/// it has is for each job to say.
pub const STANDARD: Backoff = Backoff {
    first: Duration::from_secs(1),
    longest: Duration::from_secs(600),
    attempts: u32::MAX,
};

/// For loops that call a store which does not answer: up to 50 ms at first, at most 1 s, so that work
/// goes on within a second of its return.
pub(crate) const STORE: Backoff = Backoff {
    first: Duration::from_millis(50),
    longest: Duration::from_secs(1),
    attempts: u32::MAX,
};

/// A wait between half the bound and the bound, for loops: they must not spin, whatever the dice say.
pub(crate) fn half_jitter(backoff: &Backoff, failures: u32, dice: f64) -> Duration {
    let half = backoff.bound(failures) / 2;
    half + half.mul_f64(dice.clamp(0.0, 1.0))
}

/// How many retries a process may cause.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Budget {
    /// Retries that may come at once. The bucket is full of so many tokens at the start.
    pub burst: f64,
    /// Tokens that each completed job adds: 0.2 allows one retry for five successes.
    pub per_success: f64,
    /// Tokens that each second adds, so that retries go on when nothing succeeds.
    pub per_second: f64,
    /// The budget puts a retry off by at most this.
    pub longest: Duration,
}

impl Budget {
    /// 100 at once, one for five successes, and 10 a second; put off by an hour at most.
    pub const STANDARD: Self = Self {
        burst: 100.0,
        per_success: 0.2,
        per_second: 10.0,
        longest: Duration::from_secs(3600),
    };
}

/// A bucket of tokens. Every retry takes one, even if there is none: the bucket then goes into debt.
///
/// **The law**: a retry that leaves the bucket at −d tokens is put off by `d / per_second`, in
/// addition to its backoff. So of the retries beyond the budget one falls due every
/// `1 / per_second`, in the order in which they failed; successes pay the debt back sooner.
#[derive(Clone, Debug)]
pub struct RetryBudget {
    law: Budget,
    /// How long one token takes to come.
    interval: Duration,
    /// When the bucket will be full again. It is full now if that has passed.
    full_at: Instant,
}

impl RetryBudget {
    /// A full bucket.
    pub fn new(law: Budget, now: Instant) -> Self {
        // Without a rate there is no other bound than the longest.
        let interval = Duration::try_from_secs_f64(1.0 / law.per_second);
        Self {
            law,
            interval: interval.map_or(law.longest, |interval| interval.min(law.longest)),
            full_at: now,
        }
    }

    /// A job was completed.
    pub fn deposit(&mut self) {
        let sooner = self.interval.mul_f64(self.law.per_success);
        self.full_at = self.full_at.checked_sub(sooner).unwrap_or(self.full_at);
    }

    /// A job will be retried: how much longer than its backoff it has to wait.
    pub fn withdraw(&mut self, now: Instant) -> Duration {
        let full = self.interval.mul_f64(self.law.burst);
        // A debt beyond the longest wait would keep later jobs waiting for nothing.
        let deepest = now + full + self.law.longest;
        self.full_at = (self.full_at.max(now) + self.interval).min(deepest);
        (self.full_at - now).saturating_sub(full)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_loop_waits_for_half_the_bound_at_least(failures: u32, dice in 0.0..=1.0) {
            let (bound, wait) = (STORE.bound(failures), half_jitter(&STORE, failures, dice));
            prop_assert!(wait <= bound && wait >= bound / 2);
        }
    }
}
