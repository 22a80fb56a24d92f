//! Handlers that fail, panic, hang or never stop.

use std::sync::mpsc;

use task_queue::broker::{JobState, Leases};
use task_queue::handler::{Context, Handler, HandlerError, Registry};
use task_queue::retry::{Budget, STANDARD};
use tokio::time;

use super::*;
use crate::scripted::Call;
use crate::support::secs;

/// A handler that notes when it starts and fails.
fn failing(starts: &Notes<Instant>) -> Registry {
    let starts = starts.clone();
    task(move |_, _| {
        starts.add_now();
        async { Err(HandlerError::retryable("no luck")) }
    })
}

#[tokio::test(start_paused = true)]
async fn a_failed_job_is_tried_again_within_its_backoff_and_then_dead() {
    let broker = Scripted::new();
    let starts = Notes::new();
    let id = send(&broker, job(1)).await;
    let summary = run_all(&broker, failing(&starts), vec![]).await;
    let starts = starts.all();
    assert_eq!(starts.len(), 5);
    for (n, pair) in (1..).zip(starts.windows(2)) {
        // A timer of Tokio's fires up to a millisecond late.
        let bound = STANDARD.bound(n) + ms(2);
        assert!(
            pair[1] - pair[0] <= bound,
            "{:?} > {bound:?}",
            pair[1] - pair[0]
        );
    }
    let status = broker.status(id);
    assert_eq!(status.state, JobState::Dead);
    assert_eq!(status.error.as_deref(), Some("no luck"));
    assert_eq!((summary.retried, summary.dead), (4, 1));
}

/// Neither all at once nor all at the end: of 40 jobs that fail together, some come back in each quarter.
#[tokio::test(start_paused = true)]
async fn jobs_that_failed_together_come_back_apart() {
    let broker = Scripted::new();
    let mut settings = settings(40);
    settings.backoff.first = secs(1000);
    settings.backoff.longest = secs(1000);
    let returns = Notes::new();
    let notes = returns.clone();
    let registry = task(move |context: Context, n| {
        let notes = notes.clone();
        async move {
            if context.attempt == 1 {
                return Err(HandlerError::retryable("at first"));
            }
            notes.add_now();
            Ok(n)
        }
    });
    let failed = Instant::now();
    broker.enqueue(jobs(0..40)).await.unwrap();
    let worker = start(&broker, registry, settings);
    broker.all_ended().await;
    worker.stop().await;
    let mut quarters = [0; 4];
    for at in returns.all() {
        let quarter = (at - failed).as_secs() / 250;
        quarters[usize::try_from(quarter).unwrap().min(3)] += 1;
    }
    // With 40 fair dice, a quarter stays empty once in 25,000 runs.
    assert!(quarters.iter().all(|&jobs| jobs > 0), "{quarters:?}");
}

#[tokio::test(start_paused = true)]
async fn retries_beyond_the_budget_are_put_off_and_not_lost() {
    let broker = Scripted::new();
    let mut settings = settings(10);
    settings.backoff.first = Duration::ZERO;
    settings.backoff.longest = Duration::ZERO;
    settings.budget = Budget {
        burst: 2.0,
        per_success: 0.0,
        per_second: 1.0,
        longest: secs(60),
    };
    let retries = Notes::new();
    let notes = retries.clone();
    let registry = task(move |context: Context, n| {
        let notes = notes.clone();
        async move {
            if context.attempt == 1 {
                return Err(HandlerError::retryable("at first"));
            }
            notes.add_now();
            Ok(n)
        }
    });
    broker.enqueue(jobs(0..6)).await.unwrap();
    let now = Instant::now();
    let worker = start(&broker, registry, settings);
    broker.all_ended().await;
    let at = retries.since(now).into_iter().map(|at| at.as_secs());
    assert!(at.eq([0, 0, 1, 2, 3, 4]));
    assert_eq!(worker.stop().await.completed, 6);
}

#[tokio::test(start_paused = true)]
async fn a_job_that_takes_too_long_is_told_to_stop_and_tried_again() {
    let broker = Scripted::new();
    let stopped = Notes::new();
    let notes = stopped.clone();
    let registry = task(move |context: Context, n| {
        let notes = notes.clone();
        async move {
            if context.attempt == 2 {
                return Ok(n);
            }
            context.stop.cancelled().await;
            notes.add_now();
            Err(HandlerError::Stopped)
        }
    });
    let new = NewJob {
        timeout: secs(30),
        ..job(1)
    };
    let (now, id) = (Instant::now(), send(&broker, new).await);
    let summary = run_all(&broker, registry, vec![]).await;
    assert!(stopped.since(now)[0] - secs(30) <= ms(2));
    let status = broker.status(id);
    assert_eq!(status.state, JobState::Completed);
    assert_eq!(status.error.as_deref(), Some("ran for longer than 30s"));
    assert_eq!((summary.timeouts, summary.abandoned), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn an_async_handler_that_does_not_stop_is_dropped_after_the_grace() {
    let broker = Scripted::new();
    let registry = task(|context: Context, n| async move {
        if context.attempt == 1 {
            std::future::pending::<()>().await;
        }
        Ok(n)
    });
    let new = NewJob {
        timeout: secs(1),
        ..job(1)
    };
    let summary = run_all(&broker, registry, vec![new]).await;
    let counts = (summary.completed, summary.timeouts, summary.abandoned);
    assert_eq!(counts, (1, 1, 0));
}

#[tokio::test(start_paused = true)]
async fn a_panic_is_a_failure_of_the_job_and_not_of_the_worker() {
    let broker = Scripted::new();
    let registry = task(|context: Context, n| async move {
        assert!(context.attempt > 1 || n % 2 == 0, "odd");
        Ok(n)
    });
    let blocking = |context: Context, n: u64| {
        assert!(context.attempt > 1, "first");
        Ok(n)
    };
    let registry = registry.with("b", Handler::blocking(blocking)).unwrap();
    let mut new = jobs(0..20);
    new[0].task = TaskName::new("b").unwrap();
    let id = new[0].id;
    let summary = run_all(&broker, registry, new).await;
    assert_eq!((summary.completed, summary.panics), (20, 11));
    assert_eq!(broker.status(id).error.as_deref(), Some("panicked: first"));
}

#[tokio::test(start_paused = true)]
async fn a_job_without_a_handler_or_with_a_wrong_input_says_so() {
    let broker = Scripted::new();
    let mut unknown = job(1);
    unknown.task = TaskName::new("later").unwrap();
    unknown.max_attempts = 2;
    let mut wrong = job(1);
    wrong.payload = "{\"n\":1}".to_owned();
    let ids = [unknown.id, wrong.id];
    let summary = run_all(
        &broker,
        task(|_, n| async move { Ok(n) }),
        vec![unknown, wrong],
    )
    .await;
    let errors = ids.map(|id| broker.status(id).error.unwrap());
    assert_eq!(errors[0], "no handler for task later");
    assert_eq!(
        errors[1],
        "input: invalid type: map, expected u64 at line 1 column 0"
    );
    // A later version of the program may know the task; a wrong input stays wrong.
    assert_eq!((summary.retried, summary.dead), (1, 2));
}

#[tokio::test(start_paused = true)]
async fn a_result_that_the_store_refuses_makes_a_dead_letter_and_harms_no_other() {
    let broker = Scripted::new();
    broker.limit_results(3);
    let new: Vec<_> = [1, 22, 4444, 5].into_iter().map(job).collect();
    let ids: Vec<_> = new.iter().map(|job| job.id).collect();
    let summary = run_all(&broker, task(|_, n| async move { Ok(n) }), new).await;
    let states = ids.iter().map(|&id| broker.status(id).state);
    let (done, dead) = (JobState::Completed, JobState::Dead);
    assert!(states.eq([done, done, dead, done]));
    let error = broker.status(ids[2]).error.unwrap();
    assert_eq!(error, "result: the limit is 3");
    assert_eq!((summary.completed, summary.dead), (3, 1));
}

#[tokio::test(start_paused = true)]
async fn tasks_that_a_handler_leaves_behind_hold_up_neither_its_slot_nor_the_shutdown() {
    let broker = Scripted::new();
    let left = std::sync::Arc::new(());
    let held = left.clone();
    let registry = task(move |_, n| {
        let held = held.clone();
        async move {
            tokio::spawn(async move {
                let _held = held;
                std::future::pending::<()>().await
            });
            Ok(n)
        }
    });
    broker.enqueue(jobs(0..100)).await.unwrap();
    let now = Instant::now();
    let worker = start(&broker, registry, settings(1));
    broker.all_ended().await;
    assert_eq!(worker.stop().await.completed, 100);
    assert!(now.elapsed() < secs(1), "{:?}", now.elapsed());
    // Nobody stops them but the end of the process.
    assert!(std::sync::Arc::strong_count(&left) >= 100);
}

/// While a blocking handler runs, the clock stands still, and moves only when the test moves it.
#[tokio::test(start_paused = true)]
async fn a_blocking_handler_that_does_not_stop_is_given_up_and_keeps_its_slot() {
    let broker = Scripted::new();
    let (release, released) = mpsc::channel::<()>();
    let (started, starts) = mpsc::channel();
    let released = std::sync::Mutex::new(released);
    let handler = move |context: Context, n: u64| {
        if context.attempt == 1 && n == 1 {
            started.send(()).unwrap();
            let _ = released.lock().unwrap().recv();
        }
        Ok(n)
    };
    let registry = Registry::new()
        .with("t", Handler::blocking(handler))
        .unwrap();
    let stuck = NewJob {
        timeout: secs(30),
        ..job(1)
    };
    let id = send(&broker, stuck).await;
    let next = send(&broker, job(2)).await;
    let worker = start(&broker, registry, settings(1));
    while starts.try_recv().is_err() {
        tokio::task::yield_now().await;
    }
    for _ in 0..400 {
        time::advance(ms(100)).await;
        tokio::task::yield_now().await;
    }
    let status = broker.status(id);
    assert_eq!(status.error.as_deref(), Some("ran for longer than 30s"));
    // It would have run by now, had the thread given its slot back.
    assert_eq!(broker.status(next).state, JobState::Ready);
    drop(release);
    broker.all_ended().await;
    let summary = worker.stop().await;
    assert_eq!((summary.completed, summary.abandoned), (2, 1));
    assert!(!broker.calls(Call::Extend).is_empty());
}
