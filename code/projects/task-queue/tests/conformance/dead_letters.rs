//! What failed for good, and what people do with it.

use task_queue::broker::{Broker, Finished, JobState, Leases, Options, Select};
use task_queue::error::BrokerError;
use task_queue::job::JobId;

use crate::stores::Store;
use crate::support::*;

/// Makes dead letters with the payloads 0, 1, …, the oldest first.
async fn letters(broker: &impl Broker, number: usize) -> Vec<JobId> {
    broker
        .enqueue((0..number).map(|n| job(&n.to_string())).collect())
        .await
        .unwrap();
    let mut ids = Vec::new();
    for lease in claim(broker, number).await {
        assert_eq!(finish(broker, lease.key, dead()).await, Finished::Dead);
        ids.push(lease.key.job);
    }
    ids
}

pub async fn dead_letters_are_listed_page_by_page<S: Store>() {
    let store = S::open(OPTIONS).await;
    let broker = store.broker();
    letters(&broker, 7).await;
    let (mut cursor, mut pages) = (None, Vec::new());
    loop {
        let page = broker.dead_letters(queue("q"), cursor, 3).await.unwrap();
        pages.push(
            page.jobs
                .iter()
                .map(|job| job.payload.clone())
                .collect::<Vec<_>>(),
        );
        assert!(
            page.jobs
                .iter()
                .all(|job| job.status.error.as_deref() == Some("hopeless"))
        );
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(pages, [vec!["6", "5", "4"], vec!["3", "2", "1"], vec!["0"]]);
    assert!(
        broker
            .dead_letters(queue("none"), None, 3)
            .await
            .unwrap()
            .jobs
            .is_empty()
    );
}

pub async fn requeued_letters_start_afresh<S: Store>() {
    let store = S::open(OPTIONS).await;
    let broker = store.broker();
    let ids = letters(&broker, 4).await;
    store.advance(secs(1));
    let before = broker.inspect(ids[3]).await.unwrap().unwrap();
    assert_eq!((before.status.state, before.failures), (JobState::Dead, 1));
    assert_eq!(
        broker
            .requeue(Select::Jobs {
                jobs: vec![ids[3], JobId::new()]
            })
            .await
            .unwrap(),
        1
    );
    assert_eq!(broker.requeue(oldest(2)).await.unwrap(), 2);
    let after = broker.inspect(ids[3]).await.unwrap().unwrap();
    assert_eq!(
        (after.status.state, after.failures, after.status.error),
        (JobState::Ready, 0, None)
    );
    assert!(after.enqueued_at > before.enqueued_at);
    assert_eq!(payloads(&broker, 9).await, ["3", "0", "1"]);
    let numbers = stats(&broker, "q").await;
    assert_eq!((numbers.dead, numbers.counters.requeued), (1, 3));
}

pub async fn requeuing_respects_the_limit<S: Store>() {
    let store = S::open(Options {
        max_depth: 3,
        ..OPTIONS
    })
    .await;
    let broker = store.broker();
    letters(&broker, 3).await;
    send(&broker, job("")).await;
    let refused = broker.requeue(oldest(3)).await.unwrap_err();
    assert_eq!(
        refused,
        BrokerError::QueueFull {
            queue: queue("q"),
            depth: 1,
            sent: 3,
            limit: 3
        }
    );
    assert_eq!(broker.requeue(oldest(2)).await.unwrap(), 2);
}

pub async fn purged_letters_are_gone<S: Store>() {
    let store = S::open(OPTIONS).await;
    let broker = store.broker();
    let ids = letters(&broker, 3).await;
    let alive = send(&broker, job("alive")).await;
    assert_eq!(
        broker
            .purge(Select::Jobs {
                jobs: vec![ids[1], alive]
            })
            .await
            .unwrap(),
        1
    );
    assert_eq!(state(&broker, ids[1]).await, None);
    assert_eq!(broker.purge(oldest(9)).await.unwrap(), 2);
    assert_eq!(stats(&broker, "q").await.dead, 0);
    assert_eq!(payloads(&broker, 9).await, ["alive"]);
}

pub async fn of_too_many_the_oldest_go<S: Store>() {
    let store = S::open(Options {
        max_dead: 2,
        ..OPTIONS
    })
    .await;
    let broker = store.broker();
    let ids = letters(&broker, 5).await;
    assert_eq!(broker.upkeep(100).await.unwrap().expired, 3);
    assert_eq!(stats(&broker, "q").await.dead, 2);
    assert_eq!(state(&broker, ids[2]).await, None);
    assert_eq!(state(&broker, ids[3]).await, Some(JobState::Dead));
}
