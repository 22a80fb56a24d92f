//! Who is next.

use std::time::Duration;

use task_queue::broker::Leases;
use task_queue::job::{NewJob, Start};

use crate::stores::Store;
use crate::support::*;

pub async fn jobs_of_one_priority_come_in_the_order_they_were_sent<S: Store>() {
    let store = S::open(OPTIONS).await;
    let broker = store.broker();
    // The clock of the test does not advance within a batch, nor between batches.
    for batch in 0..3 {
        let jobs = (0..40)
            .map(|n| job(&format!("{}", batch * 40 + n)))
            .collect();
        broker.enqueue(jobs).await.unwrap();
    }
    let expected: Vec<_> = (0..120).map(|n| n.to_string()).collect();
    let mut got = payloads(&broker, 100).await;
    got.extend(payloads(&broker, 100).await);
    assert_eq!(got, expected);
}

pub async fn order_survives_a_clock_that_is_set_back<S: Store>() {
    let store = S::open(OPTIONS).await;
    let broker = store.broker();
    send(&broker, job("first")).await;
    store.move_clock(-3_600_000_000);
    send(&broker, job("second")).await;
    assert_eq!(payloads(&broker, 2).await, ["first", "second"]);
}

pub async fn a_higher_priority_goes_first<S: Store>() {
    let store = S::open(OPTIONS).await;
    let broker = store.broker();
    for (payload, priority) in [("0", 0), ("5", 5), ("9", 9), ("5 again", 5)] {
        send(&broker, urgent(payload, priority)).await;
    }
    assert_eq!(payloads(&broker, 4).await, ["9", "5", "5 again", "0"]);
}

pub async fn a_low_priority_is_overtaken_for_a_bounded_time_only<S: Store>() {
    let store = S::open(OPTIONS).await;
    let broker = store.broker();
    send(&broker, urgent("low", 2)).await;
    store.advance(secs(29));
    send(&broker, urgent("29 s later", 5)).await;
    store.advance(secs(2));
    send(&broker, urgent("31 s later", 5)).await;
    // Three levels are worth 30 s.
    assert_eq!(
        payloads(&broker, 3).await,
        ["29 s later", "low", "31 s later"]
    );
}

pub async fn queues_are_served_in_the_order_asked_for<S: Store>() {
    let store = S::open(OPTIONS).await;
    let broker = store.broker();
    for name in ["a", "a", "b"] {
        send(
            &broker,
            NewJob {
                queue: queue(name),
                ..job(name)
            },
        )
        .await;
    }
    let first = claim_from(&broker, &["b", "empty", "a"], 2).await;
    let names: Vec<_> = first.iter().map(|lease| lease.queue.as_str()).collect();
    assert_eq!(names, ["b", "a"]);
}

pub async fn delayed_jobs_wait_for_their_time<S: Store>() {
    let store = S::open(OPTIONS).await;
    let broker = store.broker();
    send(
        &broker,
        NewJob {
            start: Start::In(secs(20)),
            ..job("later")
        },
    )
    .await;
    send(
        &broker,
        NewJob {
            start: Start::In(secs(10)),
            ..job("sooner")
        },
    )
    .await;
    store.advance(Duration::from_millis(9_500));
    let round = broker.upkeep(100).await.unwrap();
    assert_eq!(round.promoted, 0);
    assert!(round.next <= Duration::from_millis(500), "{round:?}");
    assert!(claim(&broker, 9).await.is_empty());
    store.advance(secs(11));
    assert_eq!(broker.upkeep(100).await.unwrap().promoted, 2);
    assert_eq!(payloads(&broker, 9).await, ["sooner", "later"]);
}

pub async fn a_backlog_of_delayed_jobs_drains_in_bounded_steps<S: Store>() {
    let store = S::open(OPTIONS).await;
    let broker = store.broker();
    for _ in 0..12 {
        let jobs = (0..1000)
            .map(|_| NewJob {
                start: Start::In(secs(1)),
                ..job("")
            })
            .collect();
        broker.enqueue(jobs).await.unwrap();
    }
    store.advance(secs(2));
    let mut promoted = Vec::new();
    while promoted.iter().sum::<u64>() < 12_000 {
        let round = broker.upkeep(1000).await.unwrap();
        promoted.push(round.promoted);
    }
    assert_eq!(promoted, [1000; 12]);
    assert_eq!(stats(&broker, "q").await.depth(), 12_000);
}
