//! Who runs a job, and how that ends.

use std::time::Duration;

use task_queue::broker::{
    AttemptEnd, Broker, Extended, Finished, Heartbeat, JobState, Options, Outcome, Progress,
};
use task_queue::job::NewJob;

use crate::stores::Store;
use crate::support::*;

pub async fn a_leased_job_is_not_handed_out_again<S: Store>() {
    let store = S::open(OPTIONS).await;
    let broker = store.broker();
    let id = send(
        &broker,
        NewJob {
            trace: Some("00-ab-cd-01".to_owned()),
            ..job("{\"n\":1}")
        },
    )
    .await;
    let lease = claim_one(&broker).await;
    assert_eq!(
        (lease.key.job, lease.payload.as_str(), lease.attempt),
        (id, "{\"n\":1}", 1)
    );
    assert_eq!(
        (lease.task.as_str(), lease.max_attempts, lease.recoveries),
        ("echo", 5, 0)
    );
    assert_eq!(
        (lease.trace.as_deref(), lease.timeout),
        (Some("00-ab-cd-01"), secs(60))
    );
    assert!(claim(&broker, 9).await.is_empty());
    assert_eq!(state(&broker, id).await, Some(JobState::Running));
}

pub async fn a_completed_job_never_returns<S: Store>() {
    let store = S::open(OPTIONS).await;
    let broker = store.broker();
    let id = send(&broker, job("")).await;
    let lease = claim_one(&broker).await;
    assert_eq!(
        finish(&broker, lease.key, done()).await,
        Finished::Completed
    );
    store.advance(secs(100));
    let round = broker.upkeep(100).await.unwrap();
    assert_eq!((round.recovered, round.promoted), (0, 0));
    assert!(claim(&broker, 9).await.is_empty());
    assert_eq!(state(&broker, id).await, Some(JobState::Completed));
}

pub async fn a_lease_that_ran_out_is_recovered_in_its_old_place<S: Store>() {
    let store = S::open(OPTIONS).await;
    let broker = store.broker();
    send(&broker, job("lost")).await;
    claim_one(&broker).await;
    send(&broker, job("next")).await;
    store.advance(LEASE - secs(1));
    assert_eq!(broker.upkeep(100).await.unwrap().recovered, 0);
    store.advance(secs(1));
    assert_eq!(broker.upkeep(100).await.unwrap().recovered, 1);
    let again = claim(&broker, 2).await;
    assert_eq!(
        (
            again[0].payload.as_str(),
            again[0].attempt,
            again[0].recoveries
        ),
        ("lost", 1, 1)
    );
    assert_eq!(again[1].payload, "next");
}

pub async fn heartbeats_keep_a_lease<S: Store>() {
    let store = S::open(OPTIONS).await;
    let broker = store.broker();
    send(&broker, job("")).await;
    let lease = claim_one(&broker).await;
    for _ in 0..5 {
        store.advance(LEASE - secs(1));
        let answer = broker.extend(vec![beat(lease.key)], LEASE).await.unwrap();
        assert_eq!(answer, [Extended::Held]);
        assert_eq!(broker.upkeep(100).await.unwrap().recovered, 0);
    }
    assert_eq!(
        finish(&broker, lease.key, done()).await,
        Finished::Completed
    );
}

pub async fn a_zombie_can_neither_extend_nor_finish<S: Store>() {
    let store = S::open(OPTIONS).await;
    let broker = store.broker();
    let id = send(&broker, job("")).await;
    let zombie = claim_one(&broker).await;
    store.advance(LEASE);
    broker.upkeep(100).await.unwrap();
    // Even before someone else has the job, the old lease is void.
    assert_eq!(
        finish(&broker, zombie.key, done()).await,
        Finished::LeaseLost
    );
    let second = claim_one(&broker).await;
    assert!(second.key.token > zombie.key.token);
    let answer = broker
        .extend(vec![beat(zombie.key), beat(second.key)], LEASE)
        .await
        .unwrap();
    assert_eq!(answer, [Extended::Lost, Extended::Held]);
    for outcome in [
        done(),
        retry(secs(1)),
        dead(),
        Outcome::Released,
        Outcome::Canceled,
    ] {
        assert_eq!(
            finish(&broker, zombie.key, outcome).await,
            Finished::LeaseLost
        );
    }
    let right = Outcome::Completed("right".to_owned());
    assert_eq!(
        finish(&broker, second.key, right).await,
        Finished::Completed
    );
    assert_eq!(
        finish(&broker, zombie.key, done()).await,
        Finished::LeaseLost
    );
    let status = broker.wait(id, Duration::ZERO).await.unwrap().unwrap();
    assert_eq!(status.result.as_deref(), Some("right"));
}

pub async fn a_lease_that_ran_out_but_was_not_missed_still_counts<S: Store>() {
    let store = S::open(OPTIONS).await;
    let broker = store.broker();
    send(&broker, job("")).await;
    let lease = claim_one(&broker).await;
    store.advance(2 * LEASE);
    assert_eq!(
        finish(&broker, lease.key, done()).await,
        Finished::Completed
    );
}

pub async fn finishing_twice_answers_the_same<S: Store>() {
    let store = S::open(OPTIONS).await;
    let broker = store.broker();
    let answers = [
        (done(), Finished::Completed),
        (retry(secs(5)), Finished::Retrying),
        (dead(), Finished::Dead),
        (Outcome::Canceled, Finished::Canceled),
        (Outcome::Released, Finished::Released),
    ];
    for (outcome, answer) in answers {
        send(&broker, job("")).await;
        let lease = claim_one(&broker).await;
        assert_eq!(finish(&broker, lease.key, outcome.clone()).await, answer);
        assert_eq!(finish(&broker, lease.key, outcome).await, answer);
    }
}

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
