//! A second attempt for a call that takes longer than most.
//!
//! The slowest answers of a service are often slow by accident: a pause of one replica, a full
//! queue. If there's no answer after a while, [`hedge`] asks once more, and the first success
//! wins; the other attempt is dropped. Set `after` to the time within which 95 of 100 calls are
//! answered, and a hedge costs at most 5 of 100 calls more, as long as all is well.
//!
//! When all is *not* well, all calls are slow, and hedges would double the load. So each one is
//! paid from a [`RetryBudget`], the same that retries are paid from.
//!
//! Both attempts may be carried out: hedge what is safe to repeat, as a read is.
//!
//! Source: Jeffrey Dean and Luiz André Barroso, [*The Tail at Scale*](https://doi.org/10.1145/2408776.2408794).

use std::pin::pin;
use std::time::Duration;

use tokio::time::sleep;

use crate::retry::RetryBudget;

// ANCHOR: hedge
/// Makes an attempt, and another one if the first has not answered `after` so long and the budget
/// allows it. Returns the first success, or the last failure. A first attempt that fails before
/// that is the answer: this doesn't retry.
///
/// # Errors
///
/// The error of the attempt that failed last.
///
/// Cancel safety: dropping this drops the attempts that are under way. The winner drops the
/// other attempt, which ends it here; the server may go on with it.
pub async fn hedge<T, E, F>(
    after: Duration,
    budget: &RetryBudget,
    mut attempt: impl FnMut() -> F,
) -> Result<T, E>
where
    F: Future<Output = Result<T, E>>,
{
    budget.deposit();
    let mut first = pin!(attempt());
    tokio::select! {
        biased; // an answer that is there needs no second attempt
        answer = &mut first => return answer,
        () = sleep(after) => {}
    }
    if !budget.withdraw() {
        return first.await;
    }
    let mut second = pin!(attempt());
    tokio::select! {
        answer = &mut first => match answer {
            Err(_) => second.await,
            success => success,
        },
        answer = &mut second => match answer {
            Err(_) => first.await,
            success => success,
        },
    }
}
// ANCHOR_END: hedge

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use proptest::prelude::*;
    use tokio::runtime::Builder;
    use tokio::time::Instant;

    use super::*;

    /// What an attempt answers, and after how many milliseconds.
    type Attempt = (u64, Result<u8, u8>);

    /// The answer, when it came, and how many attempts began.
    async fn run(budget: &RetryBudget, script: &[Attempt]) -> (Result<u8, u8>, u64, usize) {
        let (start, began) = (Instant::now(), RefCell::new(0));
        let attempt = async || {
            let (takes, answer) = script[began.replace_with(|began| *began + 1)];
            sleep(Duration::from_millis(takes)).await;
            answer
        };
        let answer = hedge(Duration::from_millis(100), budget, attempt).await;
        let took = start.elapsed().as_millis() as u64;
        (answer, took, began.into_inner())
    }

    #[tokio::test(start_paused = true)]
    async fn a_quick_answer_needs_no_second_attempt() {
        let budget = RetryBudget::new(1, 10);
        for quick in [(100, Ok(1)), (99, Err(1))] {
            assert_eq!(run(&budget, &[quick]).await, (quick.1, quick.0, 1));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_call_is_overtaken_by_its_hedge() {
        let budget = RetryBudget::new(1, 10);
        let script = [(5_000, Ok(1)), (20, Ok(2))];
        assert_eq!(run(&budget, &script).await, (Ok(2), 120, 2));
    }

    #[tokio::test(start_paused = true)]
    async fn one_failure_waits_for_the_other_attempt() {
        let budget = RetryBudget::new(2, 10);
        let first_fails = [(150, Err(1)), (100, Ok(2))];
        assert_eq!(run(&budget, &first_fails).await, (Ok(2), 200, 2));
        let second_fails = [(300, Ok(1)), (20, Err(2))];
        assert_eq!(run(&budget, &second_fails).await, (Ok(1), 300, 2));
    }

    #[tokio::test(start_paused = true)]
    async fn when_all_calls_are_slow_the_budget_bounds_the_hedges() {
        let budget = RetryBudget::new(1, 10);
        let mut began = 0;
        for _ in 0..100 {
            began += run(&budget, &[(5_000, Ok(1)); 2]).await.2;
        }
        assert_eq!(began, 100 + 1 + 9); // each tenth, and the burst
    }

    proptest! {
        /// The answer never comes later than without a hedge, if that would be a success.
        #[test]
        fn a_hedge_does_no_harm_to_a_success(
            first in 0..400_u64,
            second in (0..400_u64, prop::bool::ANY),
        ) {
            let runtime = Builder::new_current_thread().enable_time().start_paused(true).build();
            let second = (second.0, if second.1 { Ok(2) } else { Err(2) });
            let budget = RetryBudget::new(1, 10);
            let script = [(first, Ok(1)), second];
            let run = runtime.expect("a runtime").block_on(run(&budget, &script));
            prop_assert!(run.0.is_ok());
            prop_assert!(run.1 <= first);
        }
    }
}
