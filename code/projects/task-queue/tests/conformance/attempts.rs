//! How attempts end, and how many there are.

use std::time::Duration;

use task_queue::broker::{
    AttemptEnd, Broker, Finished, Heartbeat, JobState, Leases, Options, Outcome, Progress,
};
use task_queue::job::NewJob;

use crate::stores::Store;
use crate::support::*;

pub async fn a_released_job_counts_no_attempt<S: Store>() {
    let store = S::open(OPTIONS).await;
    let broker = store.broker();
    send(
        &broker,
        NewJob {
            max_attempts: 1,
            ..job("released")
        },
    )
    .await;
    send(&broker, job("next")).await;
    for _ in 0..3 {
        let lease = claim_one(&broker).await;
        assert_eq!(
            (lease.payload.as_str(), lease.attempt, lease.recoveries),
            ("released", 1, 0)
        );
        assert_eq!(
            finish(&broker, lease.key, Outcome::Released).await,
            Finished::Released
        );
    }
}

pub async fn a_failed_job_is_tried_again_after_its_delay<S: Store>() {
    let store = S::open(OPTIONS).await;
    let broker = store.broker();
    let id = send(&broker, job("")).await;
    let lease = claim_one(&broker).await;
    assert_eq!(
        finish(&broker, lease.key, retry(secs(30))).await,
        Finished::Retrying
    );
    store.advance(secs(29));
    broker.upkeep(100).await.unwrap();
    assert!(claim(&broker, 1).await.is_empty());
    let view = broker.inspect(id).await.unwrap().unwrap();
    assert_eq!((view.status.state, view.failures), (JobState::Delayed, 1));
    assert_eq!(view.status.error.as_deref(), Some("it \"failed\"\nbadly"));
    store.advance(secs(1));
    broker.upkeep(100).await.unwrap();
    assert_eq!(claim_one(&broker).await.attempt, 2);
}

pub async fn the_last_attempt_ends_in_the_dead_letters<S: Store>() {
    let store = S::open(OPTIONS).await;
    let broker = store.broker();
    let id = send(
        &broker,
        NewJob {
            max_attempts: 2,
            ..job("")
        },
    )
    .await;
    let first = claim_one(&broker).await;
    assert_eq!(
        finish(&broker, first.key, retry(Duration::ZERO)).await,
        Finished::Retrying
    );
    let last = claim_one(&broker).await;
    assert_eq!((last.attempt, last.max_attempts), (2, 2));
    assert_eq!(
        finish(&broker, last.key, retry(Duration::ZERO)).await,
        Finished::Dead
    );
    assert_eq!(state(&broker, id).await, Some(JobState::Dead));
    assert!(claim(&broker, 1).await.is_empty());
}

pub async fn a_job_that_kills_its_workers_ends_in_the_dead_letters<S: Store>() {
    let store = S::open(Options {
        max_recoveries: 2,
        ..OPTIONS
    })
    .await;
    let broker = store.broker();
    let id = send(&broker, job("")).await;
    for recoveries in 0..3 {
        assert_eq!(claim_one(&broker).await.recoveries, recoveries);
        store.advance(LEASE);
        let round = broker.upkeep(100).await.unwrap();
        let poisoned = u64::from(recoveries == 2);
        assert_eq!((round.recovered, round.poisoned), (1 - poisoned, poisoned));
        store.advance(OPTIONS.recovery_spread);
        broker.upkeep(100).await.unwrap();
    }
    assert!(claim(&broker, 1).await.is_empty());
    let view = broker.inspect(id).await.unwrap().unwrap();
    assert_eq!(view.status.state, JobState::Dead);
    assert!(view.status.error.unwrap().contains("worker was lost"));
    let counters = stats(&broker, "q").await.counters;
    assert_eq!(
        (counters.recovered, counters.poisoned, counters.died),
        (2, 1, 1)
    );
}

pub async fn jobs_that_were_lost_together_twice_come_back_apart<S: Store>() {
    let store = S::open(OPTIONS).await;
    let broker = store.broker();
    for n in 0..8 {
        send(&broker, job(&n.to_string())).await;
    }
    for _ in 0..2 {
        assert_eq!(claim(&broker, 8).await.len(), 8);
        store.advance(LEASE);
        assert_eq!(broker.upkeep(100).await.unwrap().recovered, 8);
    }
    let (mut moments, mut back) = (0, Vec::new());
    for _ in 0..100 {
        store.advance(OPTIONS.recovery_spread / 100);
        broker.upkeep(100).await.unwrap();
        let new = payloads(&broker, 8).await;
        moments += usize::from(!new.is_empty());
        back.extend(new);
    }
    back.sort();
    assert!(
        back.iter().eq(&["0", "1", "2", "3", "4", "5", "6", "7"]),
        "{back:?}"
    );
    // Eight moments out of a hundred: that some are the same is likely, that most are is not.
    assert!(moments >= 4, "{moments}");
}

pub async fn a_job_that_is_too_old_is_not_started<S: Store>() {
    let store = S::open(OPTIONS).await;
    let broker = store.broker();
    let young = |payload: &str| NewJob {
        max_age: Some(secs(60)),
        ..job(payload)
    };
    let old = send(&broker, young("old")).await;
    send(&broker, job("ageless")).await;
    store.advance(secs(61));
    assert_eq!(payloads(&broker, 1).await, ["ageless"]);
    assert_eq!(state(&broker, old).await, Some(JobState::Dead));
    send(&broker, young("fails")).await;
    let lease = claim_one(&broker).await;
    assert_eq!(
        finish(&broker, lease.key, retry(secs(61))).await,
        Finished::Dead
    );
    assert_eq!(stats(&broker, "q").await.counters.expired, 2);
}

pub async fn the_history_tells_every_attempt<S: Store>() {
    let store = S::open(OPTIONS).await;
    let broker = store.broker();
    let id = send(&broker, job("")).await;
    for outcome in [retry(Duration::ZERO), Outcome::Released] {
        let lease = claim_one(&broker).await;
        store.advance(secs(1));
        finish(&broker, lease.key, outcome).await;
    }
    claim_one(&broker).await;
    store.advance(LEASE);
    broker.upkeep(100).await.unwrap();
    let last = claim_one(&broker).await;
    let ends = async || {
        let view = broker.inspect(id).await.unwrap().unwrap();
        assert_eq!((view.failures, view.recoveries), (1, 1));
        assert_eq!(
            view.attempts[0].error.as_deref(),
            Some("it \"failed\"\nbadly")
        );
        let first = &view.attempts[0];
        let took = first.ended_at.unwrap().0 - first.started_at.0;
        assert!((1000..2000).contains(&took), "{took}");
        assert_eq!(first.worker.as_str(), "worker-1");
        view.attempts
            .into_iter()
            .map(|attempt| attempt.end)
            .collect::<Vec<_>>()
    };
    let past = [AttemptEnd::Failed, AttemptEnd::Released, AttemptEnd::Lost];
    assert_eq!(ends().await, [&past[..], &[AttemptEnd::Running]].concat());
    finish(&broker, last.key, done()).await;
    assert_eq!(ends().await, [&past[..], &[AttemptEnd::Completed]].concat());
}

pub async fn progress_is_shown_and_starts_anew<S: Store>() {
    let store = S::open(OPTIONS).await;
    let broker = store.broker();
    let id = send(&broker, job("")).await;
    let lease = claim_one(&broker).await;
    let progress = Progress {
        done: 3,
        total: 10,
        note: "half \"way\"".to_owned(),
    };
    let heartbeat = Heartbeat {
        key: lease.key,
        progress: Some(progress.clone()),
    };
    broker.extend(vec![heartbeat], LEASE).await.unwrap();
    broker.extend(vec![beat(lease.key)], LEASE).await.unwrap();
    let shown = async || {
        broker
            .wait(id, Duration::ZERO)
            .await
            .unwrap()
            .unwrap()
            .progress
    };
    assert_eq!(shown().await, Some(progress));
    finish(&broker, lease.key, Outcome::Released).await;
    claim_one(&broker).await;
    assert_eq!(shown().await, None);
}
