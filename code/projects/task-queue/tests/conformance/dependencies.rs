//! Jobs that wait for jobs.

use std::time::Duration;

use task_queue::broker::{Broker, Cancel, JobState, Leases, Select};
use task_queue::error::BrokerError;
use task_queue::job::{JobId, NewJob, Start};

use crate::stores::Store;
use crate::support::*;

fn after(payload: &str, parents: &[JobId]) -> NewJob {
    NewJob {
        after: parents.to_vec(),
        ..job(payload)
    }
}

pub async fn a_job_waits_for_all_it_depends_on<S: Store>() {
    let store = S::open(OPTIONS).await;
    let broker = store.broker();
    let (a, b) = (job("a"), job("b"));
    let c = after("c", &[a.id, b.id]);
    let id = c.id;
    broker.enqueue(vec![a, b, c]).await.unwrap();
    let leases = claim(&broker, 9).await;
    assert_eq!(leases.len(), 2);
    let view = broker.inspect(id).await.unwrap().unwrap();
    assert_eq!((view.status.state, view.waits_for), (JobState::Blocked, 2));
    finish(&broker, leases[0].key, done()).await;
    assert!(claim(&broker, 9).await.is_empty());
    finish(&broker, leases[1].key, done()).await;
    assert_eq!(payloads(&broker, 9).await, ["c"]);
}

pub async fn what_has_completed_is_not_waited_for<S: Store>() {
    let store = S::open(OPTIONS).await;
    let broker = store.broker();
    let a = send(&broker, job("a")).await;
    let lease = claim_one(&broker).await;
    finish(&broker, lease.key, done()).await;
    send(&broker, after("b", &[a])).await;
    assert_eq!(payloads(&broker, 9).await, ["b"]);
}

pub async fn a_delay_counts_from_the_enqueuing<S: Store>() {
    let store = S::open(OPTIONS).await;
    let broker = store.broker();
    let a = send(&broker, job("a")).await;
    let lease = claim_one(&broker).await;
    send(
        &broker,
        NewJob {
            start: Start::In(secs(9)),
            ..after("b", &[a])
        },
    )
    .await;
    store.advance(secs(5));
    finish(&broker, lease.key, done()).await;
    assert!(claim(&broker, 9).await.is_empty());
    store.advance(secs(4));
    broker.upkeep(100).await.unwrap();
    assert_eq!(payloads(&broker, 9).await, ["b"]);
}

pub async fn an_unknown_dependency_refuses_the_batch<S: Store>() {
    let store = S::open(OPTIONS).await;
    let broker = store.broker();
    let missing = JobId::new();
    let late = after("", &[missing]);
    let id = late.id;
    let refused = broker.enqueue(vec![job(""), late]).await.unwrap_err();
    assert_eq!(refused, BrokerError::UnknownDependency { job: id, missing });
    assert!(claim(&broker, 9).await.is_empty());
    let mut itself = job("");
    itself.after = vec![itself.id];
    assert!(matches!(
        broker.enqueue(vec![itself]).await,
        Err(BrokerError::Invalid(_))
    ));
}

pub async fn a_dead_dependency_holds_and_its_requeue_frees<S: Store>() {
    let store = S::open(OPTIONS).await;
    let broker = store.broker();
    let a = send(&broker, job("a")).await;
    let b = send(&broker, after("b", &[a])).await;
    let lease = claim_one(&broker).await;
    finish(&broker, lease.key, dead()).await;
    assert_eq!(state(&broker, b).await, Some(JobState::Blocked));
    assert_eq!(
        broker
            .requeue(Select::Jobs { jobs: vec![a, b] })
            .await
            .unwrap(),
        1
    );
    let lease = claim_one(&broker).await;
    finish(&broker, lease.key, done()).await;
    assert_eq!(payloads(&broker, 9).await, ["b"]);
}

pub async fn a_canceled_or_purged_dependency_buries_its_followers<S: Store>() {
    let store = S::open(OPTIONS).await;
    let broker = store.broker();
    let a = send(&broker, job("a")).await;
    let b = send(&broker, after("b", &[a])).await;
    let c = send(&broker, after("c", &[b])).await;
    assert_eq!(broker.cancel(a).await.unwrap(), Cancel::Canceled);
    let status = broker.wait(b, Duration::ZERO).await.unwrap().unwrap();
    assert_eq!(status.state, JobState::Dead);
    assert!(status.error.unwrap().contains(&a.to_string()));
    assert_eq!(state(&broker, c).await, Some(JobState::Blocked));
    assert_eq!(
        broker.purge(Select::Jobs { jobs: vec![b] }).await.unwrap(),
        1
    );
    assert_eq!(state(&broker, c).await, Some(JobState::Dead));
    assert_eq!(stats(&broker, "q").await.blocked, 0);
    // Whoever requeues it wants it to run all the same.
    assert_eq!(
        broker
            .requeue(Select::Jobs { jobs: vec![c] })
            .await
            .unwrap(),
        1
    );
    assert_eq!(payloads(&broker, 9).await, ["c"]);
}

pub async fn a_thousand_followers_are_released<S: Store>() {
    let store = S::open(OPTIONS).await;
    let broker = store.broker();
    let a = send(&broker, job("a")).await;
    let followers: Vec<_> = (0..1000).map(|n| after(&n.to_string(), &[a])).collect();
    broker.enqueue(followers).await.unwrap();
    let lease = claim_one(&broker).await;
    finish(&broker, lease.key, done()).await;
    // A store may do this a piece at a time, with the upkeep.
    while broker.upkeep(100).await.unwrap().next.is_zero() {}
    let expected: Vec<_> = (0..1000).map(|n| n.to_string()).collect();
    assert_eq!(payloads(&broker, 1000).await, expected);
}
