//! How a worker ends.

use task_queue::broker::{JobState, Leases};
use task_queue::handler::{Context, HandlerError};
use tokio::time;

use super::*;
use crate::scripted::{Call, Fault};
use crate::support::secs;

#[tokio::test(start_paused = true)]
async fn running_jobs_end_and_no_other_starts() {
    let broker = Scripted::new();
    let new = jobs(0..10);
    let ids: Vec<_> = new.iter().map(|job| job.id).collect();
    broker.enqueue(new).await.unwrap();
    let registry = task(|_, n| async move {
        time::sleep(secs(15)).await;
        Ok(n)
    });
    let worker = start(&broker, registry, settings(4));
    time::sleep(secs(1)).await;
    let now = Instant::now();
    let summary = worker.stop().await;
    assert!(now.elapsed() <= secs(14) + ms(10), "{:?}", now.elapsed());
    assert_eq!((summary.completed, summary.released), (4, 0));
    let states = ids.iter().map(|&id| broker.status(id).state);
    let ready = states.filter(|&state| state == JobState::Ready);
    assert_eq!(ready.count(), 6);
}

#[tokio::test(start_paused = true)]
async fn what_has_not_ended_in_time_is_handed_back_at_once() {
    let broker = Scripted::new();
    let polite = send(&broker, job(1)).await;
    let deaf = send(&broker, job(2)).await;
    let registry = task(|context: Context, n| async move {
        match n {
            1 => context.stop.cancelled().await,
            _ => std::future::pending().await,
        }
        Err(HandlerError::Stopped)
    });
    let settings = settings(4);
    let (drain, grace) = (settings.drain, settings.grace);
    let worker = start(&broker, registry, settings);
    time::sleep(secs(1)).await;
    let now = Instant::now();
    let summary = worker.stop().await;
    let took = now.elapsed();
    assert!(
        took >= drain + grace && took <= drain + grace + ms(200),
        "{took:?}"
    );
    assert_eq!((summary.released, summary.abandoned), (2, 0));
    for id in [polite, deaf] {
        assert_eq!(broker.status(id).state, JobState::Ready);
    }
}

#[tokio::test(start_paused = true)]
async fn jobs_of_a_claim_under_way_are_handed_back() {
    let broker = Scripted::new();
    broker.script(Call::Claim, [Fault::Slow(secs(3))]);
    let id = send(&broker, job(1)).await;
    let starts = Notes::new();
    let notes = starts.clone();
    let registry = task(move |_, n| {
        notes.add_now();
        async move { Ok(n) }
    });
    let worker = start(&broker, registry, settings(4));
    time::sleep(secs(1)).await;
    let summary = worker.stop().await;
    assert_eq!((summary.released, starts.all().len()), (1, 0));
    assert_eq!(broker.status(id).state, JobState::Ready);
}

#[tokio::test(start_paused = true)]
async fn an_idle_worker_stops_at_once() {
    let broker = Scripted::new();
    let worker = start(&broker, task(|_, n| async move { Ok(n) }), settings(4));
    time::sleep(ms(10_300)).await;
    let now = Instant::now();
    worker.stop().await;
    assert_eq!(now.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn a_store_that_is_away_holds_the_end_up_for_no_longer_than_was_agreed() {
    let broker = Scripted::new();
    let id = send(&broker, job(1)).await;
    let registry = task(|context: Context, _| async move {
        context.stop.cancelled().await;
        Err(HandlerError::Stopped)
    });
    let mut settings = settings(4);
    settings.drain = secs(2);
    let longest = settings.drain + settings.grace + settings.flush;
    let worker = start(&broker, registry, settings);
    time::sleep(secs(1)).await;
    broker.go_away(secs(3600));
    let now = Instant::now();
    let summary = worker.stop().await;
    assert!(now.elapsed() <= longest + ms(10), "{:?}", now.elapsed());
    assert_eq!((summary.released, summary.unreported), (0, 1));
    assert_eq!(broker.status(id).state, JobState::Running); // until its lease runs out
}

#[tokio::test(start_paused = true)]
async fn the_others_see_that_it_lives_and_that_it_drains() {
    let broker = Scripted::new();
    let registry = task(|_, n| async move {
        time::sleep(secs(8)).await;
        Ok(n)
    });
    send(&broker, job(1)).await;
    let worker = start(&broker, registry, settings(4));
    time::sleep(secs(6)).await;
    let reports = broker.reports();
    let last = reports.last().unwrap();
    assert_eq!(reports.len(), 2);
    assert_eq!(
        (last.concurrency, last.running, last.draining),
        (4, 1, false)
    );
    worker.stop().await;
    assert!(broker.reports().last().unwrap().draining);
}

#[tokio::test(start_paused = true)]
async fn dropping_the_worker_stops_its_handlers() {
    let broker = Scripted::new();
    let stops = Notes::new();
    let notes = stops.clone();
    let registry = task(move |context: Context, n| {
        let notes = notes.clone();
        async move {
            context.stop.cancelled().await;
            notes.add_now();
            Ok(n)
        }
    });
    send(&broker, job(1)).await;
    let worker = start(&broker, registry, settings(1));
    time::sleep(secs(1)).await;
    worker.kill().await;
    time::sleep(ms(1)).await;
    assert_eq!(stops.all().len(), 1);
}
