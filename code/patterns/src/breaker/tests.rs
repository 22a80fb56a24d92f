use std::cell::Cell;
use std::future::pending;

use proptest::prelude::*;
use tokio::runtime::Builder;
use tokio::time::{advance, sleep, timeout};

use super::*;
use crate::deadline::Deadline;
use crate::retry::{Backoff, Failure, RetryBudget, retry};

const SECOND: Duration = Duration::from_secs(1);
const LAW: Law = Law {
    window: Duration::from_secs(10),
    calls: 4,
    ratio: 0.5,
    pause: Duration::from_secs(5),
    probes: 2,
};

fn call(breaker: &Breaker, success: bool) -> Result<(), Open> {
    let permit = breaker.enter()?;
    if success {
        permit.succeeded();
    } else {
        permit.failed();
    }
    Ok(())
}

/// A breaker that has opened now.
fn open() -> Breaker {
    let breaker = Breaker::new(LAW);
    (0..4).for_each(|_| call(&breaker, false).expect("closed"));
    assert_eq!(breaker.enter().err(), Some(Open { wait: LAW.pause }));
    breaker
}

#[tokio::test(start_paused = true)]
async fn it_opens_when_half_of_the_calls_failed() {
    let breaker = Breaker::new(LAW);
    for success in [true, true, true, false, false] {
        call(&breaker, success).expect("closed");
    }
    call(&breaker, false).expect("2 of 5 are too few");
    assert!(breaker.enter().is_err()); // 3 of 6
}

#[tokio::test(start_paused = true)]
async fn a_few_calls_do_not_open_it() {
    let breaker = Breaker::new(LAW);
    (0..3).for_each(|_| call(&breaker, false).expect("closed"));
    assert!(breaker.enter().is_ok());
}

#[tokio::test(start_paused = true)]
async fn failures_are_forgotten_after_the_window() {
    let breaker = Breaker::new(LAW);
    (0..3).for_each(|_| call(&breaker, false).expect("closed"));
    sleep(LAW.window).await;
    call(&breaker, false).expect("closed");
    assert!(breaker.enter().is_ok());
}

#[tokio::test(start_paused = true)]
async fn failures_within_the_window_are_not_forgotten() {
    let breaker = Breaker::new(LAW);
    (0..3).for_each(|_| call(&breaker, false).expect("closed"));
    sleep(LAW.window - SECOND).await;
    call(&breaker, false).expect("closed");
    assert!(breaker.enter().is_err());
}

#[tokio::test(start_paused = true)]
async fn after_the_pause_one_call_goes_through_at_a_time() {
    let breaker = open();
    sleep(LAW.pause).await;
    let probe = breaker.enter().expect("half-open");
    for _ in 0..100 {
        assert_eq!(
            breaker.enter().err(),
            Some(Open {
                wait: Duration::ZERO
            })
        );
    }
    probe.succeeded();
    call(&breaker, true).expect("the second probe");
    let both = (breaker.enter(), breaker.enter());
    assert!(both.0.is_ok() && both.1.is_ok()); // closed
}

#[tokio::test(start_paused = true)]
async fn a_probe_that_fails_opens_it_for_another_pause() {
    let breaker = open();
    sleep(LAW.pause).await;
    call(&breaker, true).expect("half-open");
    call(&breaker, false).expect("half-open");
    assert_eq!(breaker.enter().err(), Some(Open { wait: LAW.pause }));
}

#[tokio::test(start_paused = true)]
async fn a_probe_that_is_dropped_frees_its_place() {
    let breaker = open();
    sleep(LAW.pause).await;
    drop(breaker.enter().expect("half-open"));
    assert!(breaker.enter().is_ok());
}

#[tokio::test(start_paused = true)]
async fn an_answer_from_before_it_opened_is_not_a_probe() {
    let breaker = Breaker::new(LAW);
    let old = (
        breaker.enter().expect("closed"),
        breaker.enter().expect("closed"),
    );
    (0..4).for_each(|_| call(&breaker, false).expect("closed"));
    sleep(LAW.pause).await;
    let probe = breaker.enter().expect("half-open");
    old.0.failed();
    old.1.succeeded();
    assert!(breaker.enter().is_err()); // the probe is still under way
    probe.succeeded();
    assert!(breaker.enter().is_ok());
}

#[tokio::test(start_paused = true)]
async fn another_law_holds_at_once_and_nothing_that_was_counted_is_lost() {
    let breaker = Breaker::new(Law { ratio: 1.0, ..LAW });
    call(&breaker, true).expect("closed");
    (0..4).for_each(|_| call(&breaker, false).expect("not all of them failed"));
    breaker.obey(LAW);
    call(&breaker, false).expect("a law opens nothing by itself");
    assert_eq!(breaker.enter().err(), Some(Open { wait: LAW.pause })); // 5 of 6
    let pause = SECOND;
    breaker.obey(Law { pause, ..LAW });
    assert_eq!(breaker.enter().err(), Some(Open { wait: SECOND }));
    breaker.obey(LAW);
    assert_eq!(breaker.enter().err(), Some(Open { wait: SECOND })); // no longer than it was told
    sleep(SECOND).await;
    assert!(breaker.enter().is_ok());
}

// ANCHOR: shards
/// Answers to 400 calls, of which each fourth goes to a shard that is down.
fn answers(breakers: usize) -> usize {
    let (calls, ratio) = (20, 0.2);
    let law = Law {
        calls,
        ratio,
        ..LAW
    };
    let breakers: Vec<Breaker> = (0..breakers).map(|_| Breaker::new(law)).collect();
    let answered = |n: &usize| {
        let (shard, is_up) = (n % 4, n % 4 != 3);
        let let_through = call(&breakers[shard % breakers.len()], is_up).is_ok();
        is_up && let_through
    };
    (0..400).filter(answered).count()
}

#[tokio::test(start_paused = true)]
async fn one_breaker_for_four_shards_refuses_the_calls_to_all_of_them() {
    assert_eq!(answers(1), 15); // of the first 20, and then none
    assert_eq!(answers(4), 300);
}
// ANCHOR_END: shards

// ANCHOR: around
/// The requests that a service gets before the breaker opens: it hangs, and calls come one
/// after the other, with three attempts each.
async fn requests(breaker_inside: bool) -> u32 {
    let (calls, ratio, window) = (10, 1.0, 3600 * SECOND);
    let breaker = Breaker::new(Law {
        window,
        calls,
        ratio,
        ..LAW
    });
    let backoff = Backoff {
        first: SECOND,
        longest: SECOND,
        attempts: 3,
    };
    let (budget, deadline) = (RetryBudget::new(100, 1), Deadline::after(window));
    let requests = Cell::new(0);

    let attempt = async || {
        requests.set(requests.get() + 1);
        let answer = timeout(SECOND, pending::<()>()).await;
        answer.map_err(|_| Failure::Again("no answer"))
    };
    let guarded = async || {
        let permit = breaker.enter().map_err(|_| Failure::Final("open"))?;
        let answer = attempt().await;
        permit.failed();
        answer
    };
    while !breaker.is_open() && requests.get() < 100 {
        if breaker_inside {
            let _ = retry(&backoff, &budget, deadline, || 1.0, guarded).await;
        } else {
            let permit = breaker.enter().expect("closed");
            let _ = retry(&backoff, &budget, deadline, || 1.0, attempt).await;
            permit.failed();
        }
    }
    requests.get()
}

#[tokio::test(start_paused = true)]
async fn around_a_retry_a_breaker_sees_one_failure_for_three_requests() {
    assert_eq!(requests(false).await, 30);
    assert_eq!(requests(true).await, 10);
}
// ANCHOR_END: around

proptest! {
    /// Whatever happens: an open breaker lets nothing through before its pause is over, at most
    /// one call is under way when it's half-open, and a service that has recovered is used again.
    #[test]
    fn it_keeps_its_law(steps in prop::collection::vec((0..4_u8, 0..3_000_u64), 1..200)) {
        let runtime = Builder::new_current_thread().enable_time().start_paused(true).build();
        runtime.expect("a runtime").block_on(async {
            let breaker = Breaker::new(LAW);
            let mut under_way = Vec::new();
            let mut opened: Option<Instant> = None;
            for (step, pause) in steps {
                match (step, under_way.pop()) {
                    (0, Some(permit)) => Permit::succeeded(permit),
                    (1, Some(permit)) => Permit::failed(permit),
                    (2, Some(permit)) => drop(permit),
                    (_, permit) => {
                        under_way.extend(permit);
                        let refuses = opened.is_some_and(|until| Instant::now() < until);
                        let entered = breaker.enter();
                        prop_assert!(!(refuses && entered.is_ok()), "it's open");
                        under_way.extend(entered);
                    }
                }
                {
                    let Inner { state, change, .. } = &*breaker.lock();
                    let now = Instant::now();
                    match state {
                        State::Open { until } => {
                            prop_assert!(*until <= now + LAW.pause);
                            opened = Some(*until);
                        }
                        State::HalfOpen { probing, .. } => {
                            prop_assert!(opened.is_some_and(|until| until <= now));
                            let probes = under_way.iter().filter(|permit| permit.change == *change);
                            prop_assert_eq!(probes.count(), usize::from(*probing));
                        }
                        State::Closed(_) => {}
                    }
                }
                advance(Duration::from_millis(pause)).await;
            }
            under_way.clear();
            advance(LAW.pause).await;
            for _ in 0..LAW.probes {
                prop_assert!(call(&breaker, true).is_ok());
            }
            Ok(())
        })?;
    }
}
