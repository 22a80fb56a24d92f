//! What people and other processes see and do.

use std::time::Duration;

use task_queue::broker::{
    Broker, Cancel, Extended, Finished, JobState, Leases, Outcome, WorkerReport,
};
use task_queue::job::{JobId, NewJob, Start, Timestamp, Unique};
use task_queue::name::{TaskName, WorkerId};
use tokio::time::timeout;

use crate::stores::Store;
use crate::support::*;

pub async fn a_paused_queue_hands_out_nothing<S: Store>() {
    let store = S::open(OPTIONS).await;
    let broker = store.broker();
    send(&broker, job("")).await;
    send(
        &broker,
        NewJob {
            queue: queue("other"),
            ..job("other")
        },
    )
    .await;
    broker.pause(queue("q"), true).await.unwrap();
    assert!(stats(&broker, "q").await.paused);
    let leases = claim_from(&broker, &["q", "other"], 9).await;
    assert_eq!(leases.len(), 1);
    assert_eq!(leases[0].payload, "other");
    let mut ready = broker.signals().ready;
    ready.mark_unchanged();
    broker.pause(queue("q"), false).await.unwrap();
    timeout(secs(10), ready.changed()).await.unwrap().unwrap();
    assert_eq!(claim(&broker, 9).await.len(), 1);
}

pub async fn a_waiting_job_is_canceled_at_once<S: Store>() {
    let store = S::open(OPTIONS).await;
    let broker = store.broker();
    let ready = send(&broker, job("")).await;
    let delayed = send(
        &broker,
        NewJob {
            start: Start::In(secs(5)),
            ..job("")
        },
    )
    .await;
    for id in [ready, delayed] {
        assert_eq!(broker.cancel(id).await.unwrap(), Cancel::Canceled);
        assert_eq!(broker.cancel(id).await.unwrap(), Cancel::TooLate);
        assert_eq!(state(&broker, id).await, Some(JobState::Canceled));
    }
    assert_eq!(broker.cancel(JobId::new()).await.unwrap(), Cancel::Unknown);
    store.advance(secs(6));
    assert_eq!(broker.upkeep(100).await.unwrap().promoted, 0);
    assert!(claim(&broker, 9).await.is_empty());
    let numbers = stats(&broker, "q").await;
    assert_eq!(
        (numbers.depth(), numbers.delayed, numbers.counters.canceled),
        (0, 0, 2)
    );
}

pub async fn a_running_job_hears_of_its_cancellation<S: Store>() {
    let store = S::open(OPTIONS).await;
    let broker = store.broker();
    let outcomes = [Outcome::Canceled, retry(Duration::ZERO), Outcome::Released];
    for outcome in outcomes {
        let id = send(&broker, job("")).await;
        let lease = claim_one(&broker).await;
        let mut signal = broker.signals().cancel;
        signal.mark_unchanged();
        assert_eq!(broker.cancel(id).await.unwrap(), Cancel::Requested);
        timeout(secs(10), signal.changed()).await.unwrap().unwrap();
        let answer = broker.extend(vec![beat(lease.key)], LEASE).await.unwrap();
        assert_eq!(answer, [Extended::CancelRequested]);
        assert_eq!(
            finish(&broker, lease.key, outcome).await,
            Finished::Canceled
        );
        assert_eq!(state(&broker, id).await, Some(JobState::Canceled));
    }
    // Who completes all the same has completed; and a lost worker does not bring the job back.
    let id = send(&broker, job("")).await;
    let lease = claim_one(&broker).await;
    broker.cancel(id).await.unwrap();
    assert_eq!(
        finish(&broker, lease.key, done()).await,
        Finished::Completed
    );
    let id = send(&broker, job("")).await;
    claim_one(&broker).await;
    broker.cancel(id).await.unwrap();
    store.advance(LEASE);
    broker.upkeep(100).await.unwrap();
    assert_eq!(state(&broker, id).await, Some(JobState::Canceled));
}

pub async fn a_canceled_job_gives_its_key_back<S: Store>() {
    let store = S::open(OPTIONS).await;
    let broker = store.broker();
    let unique = || {
        Some(Unique {
            key: "k".to_owned(),
            ttl: secs(60),
        })
    };
    let id = send(
        &broker,
        NewJob {
            unique: unique(),
            ..job("")
        },
    )
    .await;
    broker.cancel(id).await.unwrap();
    send(
        &broker,
        NewJob {
            unique: unique(),
            ..job("")
        },
    )
    .await;
}

pub async fn numbers_add_up<S: Store>() {
    let store = S::open(OPTIONS).await;
    let broker = store.broker();
    let a = send(&broker, urgent("", 9)).await;
    for (priority, times) in [(0, 2), (5, 3)] {
        broker
            .enqueue((0..times).map(|_| urgent("", priority)).collect())
            .await
            .unwrap();
    }
    send(
        &broker,
        NewJob {
            start: Start::In(secs(60)),
            ..job("")
        },
    )
    .await;
    send(
        &broker,
        NewJob {
            after: vec![a],
            ..job("")
        },
    )
    .await;
    store.advance(secs(7));
    claim_one(&broker).await;
    let numbers = stats(&broker, "q").await;
    assert_eq!(numbers.ready, [2, 0, 0, 0, 0, 3, 0, 0, 0, 0]);
    assert_eq!(
        (
            numbers.delayed,
            numbers.blocked,
            numbers.running,
            numbers.dead
        ),
        (1, 1, 1, 0)
    );
    assert_eq!((numbers.depth(), numbers.counters.enqueued), (5, 8));
    let wait = numbers.head_wait.unwrap();
    assert!(wait >= secs(6) && wait < secs(60), "{wait:?}");
}

pub async fn workers_are_seen_until_they_fall_silent<S: Store>() {
    let store = S::open(OPTIONS).await;
    let broker = store.broker();
    let report = |name: &str, running| WorkerReport {
        process: 1,
        tasks: vec![TaskName::new("t").unwrap()],
        id: WorkerId::new(name).unwrap(),
        queues: vec![queue("q")],
        concurrency: 4,
        running,
        draining: false,
        started_at: Timestamp(1),
    };
    broker
        .report_worker(report("b", 1), secs(20))
        .await
        .unwrap();
    broker.report_worker(report("a", 1), secs(5)).await.unwrap();
    broker
        .report_worker(report("b", 2), secs(20))
        .await
        .unwrap();
    assert_eq!(
        broker.workers().await.unwrap(),
        [report("a", 1), report("b", 2)]
    );
    store.advance(secs(6));
    assert_eq!(broker.workers().await.unwrap(), [report("b", 2)]);
    assert_eq!(broker.upkeep(100).await.unwrap().expired, 1);
}

pub async fn an_idle_worker_is_woken_by_a_new_job<S: Store>() {
    let store = S::open(OPTIONS).await;
    let broker = store.broker();
    // On Redis the ear for the bells is ready a moment after the broker.
    tokio::time::sleep(Duration::from_millis(50)).await;
    for _ in 0..3 {
        let mut ready = broker.signals().ready;
        ready.mark_unchanged();
        assert!(claim(&broker, 1).await.is_empty());
        send(&broker, job("")).await;
        timeout(secs(10), ready.changed()).await.unwrap().unwrap();
        assert_eq!(claim(&broker, 1).await.len(), 1);
    }
}

pub async fn an_earlier_due_time_wakes_the_upkeep<S: Store>() {
    let store = S::open(OPTIONS).await;
    let broker = store.broker();
    tokio::time::sleep(Duration::from_millis(50)).await;
    for delay in [60, 30] {
        let mut due = broker.signals().due;
        due.mark_unchanged();
        send(
            &broker,
            NewJob {
                start: Start::In(secs(delay)),
                ..job("")
            },
        )
        .await;
        timeout(secs(10), due.changed()).await.unwrap().unwrap();
    }
    broker.ping().await.unwrap();
}

pub async fn an_empty_queue_is_forgotten_and_one_with_jobs_is_not<S: Store>() {
    let store = S::open(OPTIONS).await;
    let broker = store.broker();
    assert!(!broker.forget(queue("q")).await.unwrap());
    let later = NewJob {
        start: Start::In(secs(60)),
        ..job("")
    };
    for job in [job(""), later] {
        send(&broker, job).await;
    }
    let error = broker.forget(queue("q")).await.unwrap_err();
    assert_eq!(error.to_string(), "queue: it holds 2 jobs");
    let lease = claim_one(&broker).await;
    assert!(broker.forget(queue("q")).await.is_err());
    finish(&broker, lease.key, dead()).await;
    assert!(broker.forget(queue("q")).await.is_err());
    let which = oldest(9);
    assert_eq!(broker.purge(which).await.unwrap(), 1);
    store.advance(secs(60));
    broker.upkeep(100).await.unwrap();
    let lease = claim_one(&broker).await;
    finish(&broker, lease.key, done()).await;
    broker.pause(queue("q"), true).await.unwrap();
    assert!(broker.forget(queue("q")).await.unwrap());
    assert!(broker.stats().await.unwrap().queues.is_empty());
    // The result of a job is not the queue's to forget.
    assert!(state(&broker, lease.key.job).await.is_some());
    send(&broker, job("again")).await;
    let numbers = stats(&broker, "q").await;
    assert_eq!((numbers.counters.enqueued, numbers.paused), (1, false));
    assert_eq!(payloads(&broker, 9).await, ["again"]);
}
