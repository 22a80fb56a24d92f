use std::cell::Cell;

use proptest::prelude::*;
use tokio::time::Instant;

use super::*;

const SECOND: Duration = Duration::from_secs(1);
const BACKOFF: Backoff = Backoff {
    first: SECOND,
    longest: Duration::from_secs(60),
    attempts: 4,
};

/// Runs a call with the greatest waits: how often it was tried, and when its error came.
async fn run(budget: &RetryBudget, deadline: Deadline, failure: Failure<()>) -> (u32, Duration) {
    let (start, tried) = (Instant::now(), Cell::new(0));
    let operation = async || {
        tried.set(tried.get() + 1);
        Err::<(), _>(failure)
    };
    let answer = retry(&BACKOFF, budget, deadline, || 1.0, operation).await;
    assert_eq!(answer, Err(()));
    (tried.get(), start.elapsed())
}

fn hour() -> Deadline {
    Deadline::after(3600 * SECOND)
}

#[test]
fn the_bound_doubles_up_to_the_longest() {
    let bounds: Vec<u64> = (0..9).map(|n| BACKOFF.bound(n).as_secs()).collect();
    assert_eq!(bounds, [1, 1, 2, 4, 8, 16, 32, 60, 60]);
    assert_eq!(BACKOFF.bound(u32::MAX), BACKOFF.longest);
}

#[tokio::test(start_paused = true)]
async fn waits_twice_as_long_after_each_failure() {
    let budget = RetryBudget::new(10, 10);
    let (tried, took) = run(&budget, hour(), Failure::Again(())).await;
    assert_eq!((tried, took), (4, (1 + 2 + 4) * SECOND));
}

#[tokio::test(start_paused = true)]
async fn what_is_not_safe_to_repeat_is_tried_once() {
    let budget = RetryBudget::new(10, 10);
    let once = run(&budget, hour(), Failure::Final(())).await;
    assert_eq!(once, (1, Duration::ZERO));
}

#[tokio::test(start_paused = true)]
async fn the_server_is_not_asked_sooner_than_it_wants() {
    let budget = RetryBudget::new(10, 10);
    let (tried, took) = run(&budget, hour(), Failure::After(20 * SECOND, ())).await;
    assert_eq!((tried, took), (4, (3 * 20 + 1 + 2 + 4) * SECOND));
}

#[tokio::test(start_paused = true)]
async fn a_wait_beyond_the_deadline_is_not_begun() {
    let budget = RetryBudget::new(10, 10);
    let deadline = Deadline::after(3 * SECOND);
    let early = run(&budget, deadline, Failure::Again(())).await;
    assert_eq!(early, (2, SECOND)); // the second wait would end at 3 s
}

// ANCHOR: beyond
#[tokio::test(start_paused = true)]
async fn an_error_that_a_wait_would_carry_beyond_the_deadline_comes_at_once() {
    let start = Instant::now();
    let (budget, deadline) = (RetryBudget::new(10, 10), Deadline::after(2 * SECOND));
    let attempt = async || {
        sleep(Duration::from_millis(1_500)).await;
        Err::<(), _>(Failure::Again("busy"))
    };
    let dice = || 0.8; // of the bound, which is a second after the first failure
    let answer = retry(&BACKOFF, &budget, deadline, dice, attempt).await;
    assert_eq!(answer, Err("busy"));
    assert_eq!(start.elapsed(), Duration::from_millis(1_500)); // not 2 s
}
// ANCHOR_END: beyond

#[tokio::test(start_paused = true)]
async fn an_empty_budget_ends_the_retries_of_all_calls() {
    let budget = RetryBudget::new(3, 10);
    assert_eq!(run(&budget, hour(), Failure::Again(())).await.0, 4);
    for call in 2..=11 {
        let (tried, _) = run(&budget, hour(), Failure::Again(())).await;
        assert_eq!(tried, if call == 11 { 2 } else { 1 }, "call {call}");
    }
}

proptest! {
    #[test]
    fn jitter_stays_within_its_bounds(failures: u32, dice in 0.0..=1.0) {
        let wait = BACKOFF.full_jitter(failures, dice);
        prop_assert!(wait <= BACKOFF.bound(failures));
    }

    /// A jitter of zero, or of half, or none, doesn't pass: every tenth of the span is used.
    #[test]
    fn jitter_uses_the_whole_span(failures in 1..40_u32) {
        for tenth in 0..10_u32 {
            let dice = f64::from(tenth) / 10.0 + 0.05;
            let wait = BACKOFF.full_jitter(failures, dice);
            let bound = BACKOFF.bound(failures);
            prop_assert!(bound * tenth / 10 < wait, "{:?} of {:?}", wait, bound);
            prop_assert!(wait < bound * (tenth + 1) / 10, "{:?} of {:?}", wait, bound);
        }
    }

    /// In any history, retries stay below the burst and a share of the calls.
    #[test]
    fn the_retries_of_all_keep_to_the_budget(
        steps in prop::collection::vec(prop::bool::ANY, 1..300),
        burst in 1..5_u32,
        calls_per_retry in 1..20_u32,
    ) {
        let budget = RetryBudget::new(burst, calls_per_retry);
        let (mut calls, mut retries) = (0, 0);
        for is_call in steps {
            if is_call {
                budget.deposit();
                calls += 1;
            } else if budget.withdraw() {
                retries += 1;
            }
            prop_assert!(retries <= burst + calls / calls_per_retry);
        }
    }
}
