//! Calls that may be repeated, spread by full jitter and bounded by a budget.
//!
//! - [`Backoff`]: after its n-th failure a call waits a random time between zero and
//!   `first × 2^(n−1)`, at most `longest`, so that calls that failed together come back apart.
//! - [`RetryBudget`]: the retries of a whole process stay below a share of its calls. Without it
//!   an outage multiplies the load by the number of attempts, and may not end by itself.
//! - [`Failure`]: the operation says whether it's safe to repeat. There is no default.
//!
//! What isn't here: the limit for one attempt, which belongs inside of the operation, and the
//! limit for the whole, which is [`Deadline::run`] around [`retry`].
//!
//! Source: [Exponential backoff and jitter](https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/);
//! the budget is that of [Finagle](https://twitter.github.io/finagle/guide/Clients.html#retries).

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::sleep;

use crate::deadline::Deadline;

// ANCHOR: backoff
/// How long a call waits between attempts, and how many it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    /// The longest wait after the first failure; it doubles with each further one.
    pub first: Duration,
    /// No wait is longer, but one that the server asks for.
    pub longest: Duration,
    /// Attempts in all, the first included. Zero counts as one.
    pub attempts: u32,
}

impl Backoff {
    /// The longest wait after so many failures (0 counts as 1).
    pub fn bound(&self, failures: u32) -> Duration {
        let doublings = failures.saturating_sub(1).min(31);
        self.first.saturating_mul(1 << doublings).min(self.longest)
    }

    /// A wait between zero and [`bound`](Self::bound): the part of it that `dice` says, 0 to 1.
    pub fn full_jitter(&self, failures: u32, dice: f64) -> Duration {
        self.bound(failures).mul_f64(dice.clamp(0.0, 1.0))
    }
}
// ANCHOR_END: backoff

// ANCHOR: failure
/// What an operation says of its failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure<E> {
    /// Don't repeat it: the answer won't change, or a repetition may do it twice.
    Final(E),
    /// It's safe to repeat.
    Again(E),
    /// It's safe to repeat, but not before so long: the server's `Retry-After`.
    After(Duration, E),
}
// ANCHOR_END: failure

// ANCHOR: budget
/// How many retries a process may cause: `burst`, and one for every `calls_per_retry` calls.
#[derive(Debug)]
pub struct RetryBudget {
    calls_per_retry: u32,
    /// In calls: a retry costs `calls_per_retry`.
    most: u64,
    /// At most `most`.
    saved: Mutex<u64>,
}

impl RetryBudget {
    /// A full budget. With 10 calls for a retry, an outage adds a tenth to the load.
    ///
    /// # Panics
    ///
    /// If `calls_per_retry` is zero, which would be no bound.
    pub fn new(burst: u32, calls_per_retry: u32) -> RetryBudget {
        assert!(calls_per_retry > 0, "retries without a bound");
        let most = u64::from(burst.max(1)) * u64::from(calls_per_retry);
        RetryBudget {
            calls_per_retry,
            most,
            saved: Mutex::new(most),
        }
    }

    /// A call begins: its first attempt, not a repetition.
    pub fn deposit(&self) {
        let mut saved = self.saved.lock().unwrap_or_else(PoisonError::into_inner);
        *saved = self.most.min(*saved + 1);
    }

    /// Whether one more attempt may be made. If so, it's paid for.
    pub fn withdraw(&self) -> bool {
        let mut saved = self.saved.lock().unwrap_or_else(PoisonError::into_inner);
        let rest = saved.checked_sub(u64::from(self.calls_per_retry));
        *saved = rest.unwrap_or(*saved);
        rest.is_some()
    }
}
// ANCHOR_END: budget

// ANCHOR: retry
/// Calls `operation` until it succeeds, fails for good, or may not be repeated, and returns its
/// last answer. `dice` gives numbers from 0 to 1, such as `fastrand::f64`.
///
/// A wait that wouldn't end before the deadline isn't begun: the error comes at once. The
/// deadline doesn't interrupt an attempt; put [`Deadline::run`] around it for that.
///
/// # Errors
///
/// The error of the last attempt.
///
/// Cancel safety: dropping this drops the attempt or the wait. What that attempt has done on
/// the other side isn't known then.
pub async fn retry<T, E, F>(
    backoff: &Backoff,
    budget: &RetryBudget,
    deadline: Deadline,
    mut dice: impl FnMut() -> f64,
    mut operation: impl FnMut() -> F,
) -> Result<T, E>
where
    F: Future<Output = Result<T, Failure<E>>>,
{
    budget.deposit();
    let mut failures = 0;
    loop {
        let (asked, error) = match operation().await {
            Ok(value) => return Ok(value),
            Err(Failure::Final(error)) => return Err(error),
            Err(Failure::Again(error)) => (Duration::ZERO, error),
            Err(Failure::After(wait, error)) => (wait, error),
        };
        failures += 1;
        // Jitter on top of what the server asks for: it asks all clients for the same.
        let wait = asked.saturating_add(backoff.full_jitter(failures, dice()));
        let in_time = wait < deadline.remaining();
        if failures >= backoff.attempts || !in_time || !budget.withdraw() {
            return Err(error);
        }
        sleep(wait).await;
    }
}
// ANCHOR_END: retry

#[cfg(test)]
mod tests;
