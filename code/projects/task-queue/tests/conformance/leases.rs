//! Who runs a job, and how that ends.

use std::time::Duration;

use task_queue::broker::{Broker, Claim, Extended, Finished, JobState, Leases, Outcome};
use task_queue::job::NewJob;
use task_queue::name::WorkerId;

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

pub async fn a_worker_learns_what_it_holds_and_can_hand_it_back<S: Store>() {
    let store = S::open(OPTIONS).await;
    let broker = store.broker();
    let worker = wish(1).worker;
    assert!(broker.held(worker.clone()).await.unwrap().is_empty());
    send(&broker, job("1")).await;
    finish(&broker, claim_one(&broker).await.key, done()).await;
    let other = Claim {
        worker: WorkerId::new("worker-2").unwrap(),
        ..wish(1)
    };
    send(&broker, job("2")).await;
    broker.claim(other).await.unwrap();
    let id = send(&broker, job("3")).await;
    let lease = claim_one(&broker).await;
    assert_eq!(broker.held(worker.clone()).await.unwrap(), [lease.key]);

    let released = finish(&broker, lease.key, Outcome::Released).await;
    assert_eq!(released, Finished::Released);
    assert!(broker.held(worker).await.unwrap().is_empty());
    let again = claim_one(&broker).await;
    assert_eq!((again.key.job, again.attempt, again.recoveries), (id, 1, 0));
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

pub async fn a_clock_that_leaps_ahead_ends_leases_early_and_loses_nothing<S: Store>() {
    let store = S::open(OPTIONS).await;
    let broker = store.broker();
    let id = send(&broker, job("")).await;
    let early = claim_one(&broker).await;
    store.move_clock(3_600_000_000);
    assert_eq!(broker.upkeep(100).await.unwrap().recovered, 1);
    let late = claim_one(&broker).await;
    assert!(late.key.token > early.key.token);
    let answer = finish(&broker, early.key, done()).await;
    assert_eq!(answer, Finished::LeaseLost);
    let answer = finish(&broker, late.key, done()).await;
    assert_eq!(answer, Finished::Completed);
    assert_eq!(state(&broker, id).await, Some(JobState::Completed));
}

pub async fn a_clock_that_is_set_back_lets_a_lease_run_longer_and_loses_nothing<S: Store>() {
    let store = S::open(OPTIONS).await;
    let broker = store.broker();
    let id = send(&broker, job("")).await;
    let first = claim_one(&broker).await;
    store.move_clock(-3_600_000_000);
    // Its holder lives: nothing has changed for it.
    let answer = broker.extend(vec![beat(first.key)], LEASE).await.unwrap();
    assert_eq!(answer, [Extended::Held]);
    // And if it does not, the heartbeat that came after the leap says until when to wait.
    store.advance(LEASE);
    assert_eq!(broker.upkeep(100).await.unwrap().recovered, 1);
    let second = claim_one(&broker).await;
    assert_eq!(second.key.job, id);
    assert!(second.key.token > first.key.token);
}

pub async fn a_lease_from_a_clock_that_was_days_ahead_is_not_believed<S: Store>() {
    const DAYS: i64 = 3 * 24 * 3_600_000_000;
    let store = S::open(OPTIONS).await;
    let broker = store.broker();
    let id = send(&broker, job("")).await;
    store.move_clock(DAYS);
    let first = claim_one(&broker).await;
    store.move_clock(-DAYS);
    // Its holder has died. Without a doubt it would hold for three days.
    assert_eq!(broker.upkeep(100).await.unwrap().recovered, 1);
    let second = claim_one(&broker).await;
    assert_eq!(second.key.job, id);
    assert!(second.key.token > first.key.token);
}
