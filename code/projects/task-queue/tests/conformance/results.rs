//! What a caller learns of the end of a job.

use std::time::{Duration, Instant};

use task_queue::broker::{Broker, Finished, JobState};
use task_queue::job::{JobId, NewJob};

use crate::stores::Store;
use crate::support::*;

pub async fn a_result_is_kept_and_then_forgotten<S: Store>() {
    let store = S::open(OPTIONS).await;
    let broker = store.broker();
    let id = send(
        &broker,
        NewJob {
            keep_result: secs(60),
            ..job("")
        },
    )
    .await;
    let lease = claim_one(&broker).await;
    finish(&broker, lease.key, done()).await;
    store.advance(secs(59));
    let status = broker.wait(id, secs(60)).await.unwrap().unwrap();
    assert_eq!(
        (status.state, status.result.as_deref()),
        (JobState::Completed, Some("\"ok\""))
    );
    store.advance(secs(1));
    assert_eq!(broker.wait(id, secs(60)).await.unwrap(), None);
    assert_eq!(broker.inspect(id).await.unwrap(), None);
}

pub async fn a_job_without_a_result_to_keep_leaves_no_trace<S: Store>() {
    let store = S::open(OPTIONS).await;
    let broker = store.broker();
    let id = send(
        &broker,
        NewJob {
            keep_result: Duration::ZERO,
            ..job("")
        },
    )
    .await;
    let lease = claim_one(&broker).await;
    assert_eq!(
        finish(&broker, lease.key, done()).await,
        Finished::Completed
    );
    assert_eq!(broker.inspect(id).await.unwrap(), None);
    assert_eq!(stats(&broker, "q").await.counters.completed, 1);
    assert_eq!(stats(&broker, "q").await.running, 0);
}

pub async fn waiting_ends_with_the_job<S: Store>() {
    let store = S::open(OPTIONS).await;
    let broker = store.broker();
    for (outcome, state) in [(done(), JobState::Completed), (dead(), JobState::Dead)] {
        let id = send(&broker, job("")).await;
        let lease = claim_one(&broker).await;
        let end = async {
            // Until the waiter is heard of, ending the job would prove nothing.
            tokio::time::sleep(Duration::from_millis(20)).await;
            finish(&broker, lease.key, outcome).await
        };
        let (status, _) = tokio::join!(broker.wait(id, secs(60)), end);
        assert_eq!(status.unwrap().unwrap().state, state);
    }
}

pub async fn waiting_ends_with_patience<S: Store>() {
    let store = S::open(OPTIONS).await;
    let broker = store.broker();
    let id = send(&broker, job("")).await;
    let start = Instant::now();
    let status = broker
        .wait(id, Duration::from_millis(50))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(status.state, JobState::Ready);
    assert!(start.elapsed() >= Duration::from_millis(50));
}

pub async fn an_unknown_job_is_nothing_to_wait_for<S: Store>() {
    let store = S::open(OPTIONS).await;
    assert_eq!(
        store.broker().wait(JobId::new(), secs(60)).await.unwrap(),
        None
    );
}
