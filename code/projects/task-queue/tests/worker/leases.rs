//! Leases that are kept, lost, and taken by others.

use task_queue::broker::JobState;
use task_queue::handler::{Context, HandlerError, Registry};
use tokio::time;

use super::*;
use crate::scripted::{Call, Fault};
use crate::support::secs;

/// A handler that runs until it is told to stop, notes when, and then returns all the same.
fn until_stopped(stops: &Notes<Instant>) -> Registry {
    let stops = stops.clone();
    task(move |context: Context, n| {
        let stops = stops.clone();
        async move {
            context.stop.cancelled().await;
            stops.add_now();
            Ok(n)
        }
    })
}

#[tokio::test(start_paused = true)]
async fn a_handler_far_slower_than_its_lease_keeps_it_by_heartbeats() {
    let broker = Scripted::new();
    let starts = Notes::new();
    let notes = starts.clone();
    let registry = task(move |_, n| {
        notes.add_now();
        async move {
            time::sleep(LEASE * 10).await;
            Ok(n)
        }
    });
    let mut new = jobs(0..4);
    new.iter_mut().for_each(|job| job.timeout = LEASE * 20);
    let summary = run_all(&broker, registry, new).await;
    assert_eq!((starts.all().len(), summary.completed), (4, 4));
    // Three in each lease, and each for all four jobs.
    let beats = broker.calls(Call::Extend);
    assert!((29..=31).contains(&beats.len()), "{beats:?}");
    assert!(beats.iter().all(|&jobs| jobs == 4));
}

#[tokio::test(start_paused = true)]
async fn a_job_that_was_taken_over_is_stopped_and_its_result_not_reported() {
    let broker = Scripted::new();
    let stops = Notes::new();
    let id = send(&broker, job(1)).await;
    let now = Instant::now();
    let worker = start(&broker, until_stopped(&stops), settings(1));
    time::sleep(secs(1)).await;
    broker.steal(id);
    time::sleep(LEASE).await;
    assert!(stops.since(now)[0] <= LEASE / 3 + ms(2)); // with the next heartbeat
    assert_eq!(broker.calls(Call::Finish), [0; 0]);
    assert_eq!(broker.status(id).state, JobState::Running);
    assert_eq!(worker.stop().await.leases_lost, 1);
}

#[tokio::test(start_paused = true)]
async fn a_zombie_that_ends_before_it_hears_of_its_loss_changes_nothing() {
    let broker = Scripted::new();
    let id = send(&broker, job(1)).await;
    let registry = task(|_, n| async move {
        time::sleep(secs(2)).await;
        Ok(n)
    });
    let worker = start(&broker, registry, settings(1));
    time::sleep(secs(1)).await;
    broker.steal(id);
    time::sleep(secs(2)).await;
    assert_eq!(broker.calls(Call::Finish), [1]);
    assert_eq!(
        (broker.completions(id), broker.status(id).state),
        (0, JobState::Running)
    );
    let summary = worker.stop().await;
    assert_eq!((summary.leases_lost, summary.completed), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn a_handler_is_stopped_before_its_lease_ends_when_heartbeats_fail_or_hang() {
    for fault in [Fault::Away, Fault::Slow(secs(3600))] {
        let broker = Scripted::new();
        let stops = Notes::new();
        broker.script(Call::Extend, vec![fault.clone(); 1000]);
        let id = send(&broker, job(1)).await;
        let now = Instant::now();
        let worker = start(&broker, until_stopped(&stops), settings(1));
        time::sleep(LEASE - ms(1)).await;
        let stopped = stops.since(now)[0];
        assert!(
            stopped > LEASE * 8 / 10 && stopped < LEASE,
            "{fault:?}: {stopped:?}"
        );
        assert_eq!(broker.calls(Call::Finish), [0; 0], "{fault:?}");
        assert_eq!(broker.status(id).state, JobState::Running);
        worker.kill().await;
    }
}

#[tokio::test(start_paused = true)]
async fn heartbeats_that_fail_for_a_while_cost_no_lease() {
    let broker = Scripted::new();
    broker.script(Call::Extend, vec![Fault::Away; 4]);
    let registry = task(|_, n| async move {
        time::sleep(LEASE * 3).await;
        Ok(n)
    });
    let summary = run_all(&broker, registry, vec![job(1)]).await;
    assert_eq!((summary.completed, summary.leases_lost), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn a_lease_counts_from_when_the_claim_was_sent() {
    let broker = Scripted::new();
    let stops = Notes::new();
    broker.script(Call::Claim, [Fault::Slow(secs(5))]);
    broker.script(Call::Extend, vec![Fault::Away; 1000]);
    send(&broker, job(1)).await;
    let now = Instant::now();
    let worker = start(&broker, until_stopped(&stops), settings(1));
    time::sleep(LEASE).await;
    let stopped = stops.since(now)[0];
    assert!(stopped < LEASE, "{stopped:?}");
    worker.kill().await;
}

#[tokio::test(start_paused = true)]
async fn a_claim_that_is_answered_too_late_is_not_started() {
    let broker = Scripted::new();
    let starts = Notes::new();
    let notes = starts.clone();
    broker.script(Call::Claim, [Fault::Slow(LEASE - ms(500))]);
    let id = send(&broker, job(1)).await;
    let now = Instant::now();
    let registry = task(move |_, n| {
        notes.add_now();
        async move { Ok(n) }
    });
    let worker = start(&broker, registry, settings(1));
    broker.all_ended().await;
    let starts = starts.since(now);
    assert_eq!(starts.len(), 1);
    assert!(starts[0] >= LEASE * 2 - ms(500)); // after the lost lease has run out
    assert_eq!(
        (broker.completions(id), worker.stop().await.completed),
        (1, 1)
    );
}

#[tokio::test(start_paused = true)]
async fn a_running_job_is_canceled_at_once() {
    let broker = Scripted::new();
    let stops = Notes::new();
    let notes = stops.clone();
    let registry = task(move |context: Context, _| {
        let notes = notes.clone();
        async move {
            context.stop.cancelled().await;
            notes.add_now();
            Err(HandlerError::Stopped)
        }
    });
    let id = send(&broker, job(1)).await;
    let worker = start(&broker, registry, settings(1));
    time::sleep(ms(100)).await;
    let now = Instant::now();
    broker.cancel(id);
    broker.all_ended().await;
    assert_eq!(stops.since(now), [Duration::ZERO]);
    assert_eq!(broker.status(id).state, JobState::Canceled);
    assert_eq!(worker.stop().await.canceled, 1);
}

#[tokio::test(start_paused = true)]
async fn a_job_that_is_done_when_it_is_to_be_canceled_is_done() {
    let broker = Scripted::new();
    let id = send(&broker, job(1)).await;
    let worker = start(&broker, until_stopped(&Notes::new()), settings(1));
    time::sleep(ms(100)).await;
    broker.cancel(id);
    broker.all_ended().await;
    assert_eq!(broker.status(id).state, JobState::Completed);
    worker.stop().await;
}
