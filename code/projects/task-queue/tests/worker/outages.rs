//! Times in which the store does not answer.

use task_queue::broker::{JobState, Leases};
use tokio::time;

use super::*;
use crate::scripted::{Call, Fault};
use crate::support::secs;

#[tokio::test(start_paused = true)]
async fn nothing_is_lost_or_done_twice_when_the_store_is_away_for_two_seconds() {
    let broker = Scripted::new();
    let starts = Notes::new();
    let notes = starts.clone();
    let registry = task(move |_, n| {
        notes.add_now();
        async move {
            time::sleep(ms(30)).await;
            Ok(n)
        }
    });
    let new = jobs(0..400);
    let ids: Vec<_> = new.iter().map(|job| job.id).collect();
    broker.enqueue(new).await.unwrap();
    let worker = start(&broker, registry, settings(8));
    time::sleep(ms(500)).await;
    broker.go_away(secs(2));
    let before = broker.calls(Call::Claim).len() + broker.calls(Call::Finish).len();
    time::sleep(secs(2)).await;
    let during = broker.calls(Call::Claim).len() + broker.calls(Call::Finish).len() - before;
    assert!(during < 30, "{during} calls in 2 s: it spins");
    let back = Instant::now();
    broker.all_ended().await;
    let first = starts.all().into_iter().find(|&at| at > back).unwrap();
    assert!(first - back <= secs(1), "went on after {:?}", first - back);
    assert!(ids.iter().all(|&id| broker.completions(id) == 1));
    assert_eq!(starts.all().len(), 400);
    assert_eq!(worker.stop().await.completed, 400);
}

#[tokio::test(start_paused = true)]
async fn jobs_of_a_claim_whose_answer_was_lost_are_handed_back_and_run_at_once() {
    let broker = Scripted::new();
    broker.enqueue(jobs(0..3)).await.unwrap();
    broker.script(Call::Claim, [Fault::AnswerLost, Fault::AnswerLost]);
    let worker = start(&broker, task(|_, n| async move { Ok(n) }), settings(3));
    let start = Instant::now();
    broker.all_ended().await;
    let settings = settings(3);
    assert!(
        start.elapsed() < settings.lease / 2,
        "{:?}",
        start.elapsed()
    );
    assert_eq!(worker.stop().await.completed, 3);
}

#[tokio::test(start_paused = true)]
async fn jobs_that_run_are_not_handed_back_with_those_of_a_lost_claim() {
    let broker = Scripted::new();
    let slow = task(|_, n| async move {
        time::sleep(secs(2)).await;
        Ok(n)
    });
    let worker = start(&broker, slow, settings(2));
    let running = send(&broker, job(1)).await;
    time::sleep(ms(100)).await;
    broker.script(Call::Claim, [Fault::AnswerLost]);
    let late = send(&broker, job(2)).await;
    broker.all_ended().await;
    assert_eq!(
        (broker.completions(running), broker.completions(late)),
        (1, 1)
    );
    let summary = worker.stop().await;
    assert_eq!((summary.attempts, summary.leases_lost), (2, 0));
}

#[tokio::test(start_paused = true)]
async fn an_end_whose_answer_was_lost_is_reported_again_and_counts_once() {
    let broker = Scripted::new();
    broker.script(Call::Finish, [Fault::AnswerLost, Fault::AnswerLost]);
    let id = send(&broker, job(7)).await;
    let worker = start(&broker, task(|_, n| async move { Ok(n) }), settings(1));
    time::sleep(secs(2)).await;
    assert_eq!(broker.calls(Call::Finish), [1, 1, 1]);
    assert_eq!(broker.completions(id), 1);
    let summary = worker.stop().await;
    assert_eq!((summary.completed, summary.leases_lost), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn an_end_waits_for_the_store_with_its_lease_kept_by_heartbeats() {
    let broker = Scripted::new();
    // Only finishing fails, for longer than a lease.
    broker.script(Call::Finish, vec![Fault::Away; 30]);
    let id = send(&broker, job(7)).await;
    let worker = start(&broker, task(|_, n| async move { Ok(n) }), settings(1));
    broker.all_ended().await;
    assert_eq!(broker.status(id).state, JobState::Completed);
    assert_eq!(broker.completions(id), 1);
    let beats = broker.calls(Call::Extend).len();
    assert!(beats >= 4, "{beats} heartbeats");
    assert_eq!(worker.stop().await.attempts, 1);
}

#[tokio::test(start_paused = true)]
async fn work_that_was_done_counts_after_an_outage_longer_than_its_lease() {
    let broker = Scripted::new();
    let id = send(&broker, job(7)).await;
    let registry = task(|_, n| async move {
        time::sleep(secs(1)).await;
        Ok(n)
    });
    let worker = start(&broker, registry, settings(1));
    time::sleep(ms(500)).await;
    broker.go_away(LEASE * 2);
    broker.all_ended().await;
    // Either the end came first, or upkeep did and the job ran again; never twice.
    assert_eq!(broker.completions(id), 1);
    worker.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_store_that_hangs_does_not_stop_the_worker_for_good() {
    let broker = Scripted::new();
    broker.script(Call::Claim, [Fault::Slow(secs(36_000))]);
    broker.script(Call::Finish, [Fault::Slow(secs(36_000))]);
    let id = send(&broker, job(7)).await;
    let now = Instant::now();
    let worker = start(&broker, task(|_, n| async move { Ok(n) }), settings(1));
    broker.all_ended().await;
    assert!(now.elapsed() <= LEASE * 2 + secs(3), "{:?}", now.elapsed());
    assert_eq!(broker.completions(id), 1);
    worker.stop().await;
}

#[tokio::test(start_paused = true)]
async fn upkeep_goes_on_after_an_outage() {
    let broker = Scripted::new();
    broker.script(Call::Upkeep, vec![Fault::Away; 5]);
    let later = NewJob {
        start: task_queue::job::Start::In(secs(2)),
        ..job(1)
    };
    let summary = run_all(&broker, task(|_, n| async move { Ok(n) }), vec![later]).await;
    assert_eq!(summary.completed, 1);
}
