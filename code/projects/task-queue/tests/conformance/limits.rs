//! What is kept out.

use std::time::Duration;

use task_queue::broker::{Broker, Claim, Enqueued, JobState, Leases, Options};
use task_queue::error::BrokerError;
use task_queue::invalid::Invalid;
use task_queue::job::{LATEST, NewJob, SPAN_LIMIT, Start, Timestamp, Unique};
use task_queue::name::{QueueName, TaskName, WorkerId};

use crate::stores::Store;
use crate::support::*;

fn unique(key: &str, ttl: Duration) -> NewJob {
    NewJob {
        unique: Some(Unique {
            key: key.to_owned(),
            ttl,
        }),
        ..job("")
    }
}

pub async fn sending_the_same_job_twice_stores_it_once<S: Store>() {
    let store = S::open(OPTIONS).await;
    let broker = store.broker();
    let job = job("");
    let answer = broker
        .enqueue(vec![job.clone(), job.clone()])
        .await
        .unwrap();
    assert_eq!(answer, [Enqueued::New(job.id), Enqueued::Known(job.id)]);
    assert_eq!(
        broker.enqueue(vec![job.clone()]).await.unwrap(),
        [Enqueued::Known(job.id)]
    );
    assert_eq!(claim(&broker, 9).await.len(), 1);
    assert_eq!(
        broker.enqueue(vec![job.clone()]).await.unwrap(),
        [Enqueued::Known(job.id)]
    );
    assert_eq!(stats(&broker, "q").await.counters.enqueued, 1);
}

pub async fn a_unique_key_keeps_others_out_until_it_expires<S: Store>() {
    let store = S::open(OPTIONS).await;
    let broker = store.broker();
    let first = send(&broker, unique("k:{}*\n 1", secs(60))).await;
    let second = unique("k:{}*\n 1", secs(60));
    let other_queue = NewJob {
        queue: queue("other"),
        ..unique("k:{}*\n 1", secs(60))
    };
    let third = other_queue.id;
    let answer = broker
        .enqueue(vec![second.clone(), other_queue])
        .await
        .unwrap();
    assert_eq!(answer, [Enqueued::Duplicate(first), Enqueued::New(third)]);
    let lease = claim_one(&broker).await;
    finish(&broker, lease.key, done()).await;
    store.advance(secs(59));
    assert_eq!(
        broker.enqueue(vec![second.clone()]).await.unwrap(),
        [Enqueued::Duplicate(first)]
    );
    store.advance(secs(1));
    send(&broker, second).await;
}

pub async fn a_hundred_senders_with_one_key_make_one_job<S: Store>() {
    let store = S::open(OPTIONS).await;
    let broker = store.broker();
    let mut senders = tokio::task::JoinSet::new();
    for _ in 0..100 {
        let broker = broker.clone();
        senders
            .spawn(async move { broker.enqueue(vec![unique("one", secs(60))]).await.unwrap()[0] });
    }
    let answers = senders.join_all().await;
    let new = answers
        .iter()
        .filter(|answer| matches!(answer, Enqueued::New(_)))
        .count();
    assert_eq!((answers.len(), new), (100, 1));
    assert_eq!(claim(&broker, 100).await.len(), 1);
}

pub async fn a_full_queue_refuses_the_whole_batch<S: Store>() {
    let store = S::open(Options {
        max_depth: 5,
        ..OPTIONS
    })
    .await;
    let broker = store.broker();
    broker
        .enqueue((0..4).map(|_| job("")).collect())
        .await
        .unwrap();
    let elsewhere = NewJob {
        queue: queue("other"),
        ..job("")
    };
    let refused = broker
        .enqueue(vec![elsewhere, job(""), job("")])
        .await
        .unwrap_err();
    let expected = BrokerError::QueueFull {
        queue: queue("q"),
        depth: 4,
        sent: 2,
        limit: 5,
    };
    assert_eq!(refused, expected);
    assert!(refused.is_transient());
    assert!(claim_from(&broker, &["other"], 9).await.is_empty());
    send(&broker, job("")).await;
    assert!(broker.enqueue(vec![job("")]).await.is_err());
    // What runs does not wait: there is room again.
    assert_eq!(claim(&broker, 3).await.len(), 3);
    broker
        .enqueue((0..3).map(|_| job("")).collect())
        .await
        .unwrap();
}

pub async fn what_is_too_large_is_refused<S: Store>() {
    let store = S::open(OPTIONS).await;
    let broker = store.broker();
    let refused = async |job: NewJob| match broker.enqueue(vec![self::job(""), job]).await {
        Err(BrokerError::Invalid(Invalid { field, .. })) => field,
        other => panic!("{other:?}"),
    };
    assert_eq!(refused(job(&"x".repeat(10 << 20))).await, "payload");
    assert_eq!(
        refused(NewJob {
            max_attempts: 0,
            ..job("")
        })
        .await,
        "max_attempts"
    );
    assert_eq!(
        refused(NewJob {
            trace: Some("t".repeat(129)),
            ..job("")
        })
        .await,
        "trace"
    );
    assert_eq!(
        refused(NewJob {
            timeout: Duration::ZERO,
            ..job("")
        })
        .await,
        "timeout"
    );
    assert_eq!(
        refused(NewJob {
            max_age: Some(Duration::MAX),
            ..job("")
        })
        .await,
        "max_age"
    );
    assert_eq!(refused(unique("", secs(1))).await, "unique.key");
    assert_eq!(
        refused(unique(&"k".repeat(201), secs(1))).await,
        "unique.key"
    );
    let many = broker
        .enqueue((0..1001).map(|_| job("")).collect())
        .await
        .unwrap_err();
    assert_eq!(many.to_string(), "jobs: 1001 at once, the limit is 1000");
    let worker = WorkerId::unique("test");
    let wish = Claim {
        queues: vec![queue("q")],
        max: 1,
        worker,
        lease: Duration::ZERO,
    };
    assert!(matches!(
        broker.claim(wish).await,
        Err(BrokerError::Invalid(Invalid { field: "lease", .. }))
    ));
    // None of the good jobs that came along was stored.
    assert!(claim(&broker, 9).await.is_empty());
}

pub async fn names_that_try_to_escape_are_refused<S: Store>() {
    let names = [
        "",
        "a:b",
        "{q}",
        "*",
        "a\nb",
        "a b",
        "../q",
        "-q",
        "ä",
        "q\0",
        &"q".repeat(65),
    ];
    for name in names {
        assert!(QueueName::new(name).is_err(), "{name:?}");
        assert!(TaskName::new(name).is_err(), "{name:?}");
        assert!(WorkerId::new(name).is_err(), "{name:?}");
    }
    for name in ["q", "Mail.eu-west_1", &"q".repeat(64)] {
        let store = S::open(OPTIONS).await;
        let broker = store.broker();
        send(
            &broker,
            NewJob {
                queue: queue(name),
                ..job("")
            },
        )
        .await;
        assert_eq!(claim_from(&broker, &[name], 9).await.len(), 1);
        assert!(WorkerId::new(WorkerId::unique(name).as_str()).is_ok());
    }
}

pub async fn any_text_survives_the_way_through_the_store<S: Store>() {
    let store = S::open(OPTIONS).await;
    let broker = store.broker();
    for text in ["", " ", "\0", "a b\r\n\"'%s\\", "\u{1F980} ünï", "nil", "0"] {
        let id = send(
            &broker,
            NewJob {
                trace: Some(text.to_owned()),
                ..job(text)
            },
        )
        .await;
        let lease = claim_one(&broker).await;
        assert_eq!(lease.payload, text);
        assert_eq!(
            lease.trace.as_deref(),
            Some(text).filter(|text| !text.is_empty())
        );
        finish(
            &broker,
            lease.key,
            task_queue::broker::Outcome::Completed(text.to_owned()),
        )
        .await;
        let view = broker.inspect(id).await.unwrap().unwrap();
        assert_eq!(
            (view.payload.as_str(), view.status.result.as_deref()),
            (text, Some(text))
        );
    }
}

pub async fn a_large_batch_goes_through<S: Store>() {
    let store = S::open(OPTIONS).await;
    let broker = store.broker();
    broker
        .enqueue((0..1000).map(|n| job(&n.to_string())).collect())
        .await
        .unwrap();
    let leases = claim(&broker, 1000).await;
    assert_eq!(leases.len(), 1000);
    let beats = leases.iter().map(|lease| beat(lease.key)).collect();
    assert_eq!(broker.extend(beats, LEASE).await.unwrap().len(), 1000);
    let key = |lease: &task_queue::broker::Lease| lease.key;
    let finishes = leases.iter().map(|lease| task_queue::broker::Finish {
        key: key(lease),
        outcome: done(),
    });
    let answers = broker.finish(finishes.collect()).await.unwrap();
    assert!(
        answers
            .iter()
            .all(|&answer| answer == task_queue::broker::Finished::Completed)
    );
    assert_eq!(stats(&broker, "q").await.counters.completed, 1000);
}

/// Where one number is too large for a store, it must not be large for another.
pub async fn numbers_at_the_edge_are_refused_or_mean_the_same_everywhere<S: Store>() {
    let store = S::open(OPTIONS).await;
    let broker = store.broker();
    let (latest, far) = (LATEST.0, 1i64 << 53);
    for (moment, expected) in [
        (i64::MIN, Some(JobState::Ready)),
        (-1, Some(JobState::Ready)),
        (0, Some(JobState::Ready)),
        (1 << 31, Some(JobState::Ready)),
        (latest, Some(JobState::Delayed)),
        (latest + 1, None),
        (far, None),
        (far + 1, None),
        (i64::MAX, None),
    ] {
        let start = Start::At(Timestamp(moment));
        let job = NewJob { start, ..job("") };
        let id = job.id;
        match broker.enqueue(vec![job]).await {
            Ok(_) => assert_eq!(state(&broker, id).await, expected, "{moment}"),
            Err(BrokerError::Invalid(Invalid { field, .. })) => {
                assert_eq!((field, expected), ("run_at", None), "{moment}");
            }
            Err(error) => panic!("{moment}: {error}"),
        }
    }
    let spans = [0, 1, 1 << 31, 1 << 32, SPAN_LIMIT.as_millis() as u64];
    for ms in spans {
        let span = Duration::from_millis(ms);
        let job = NewJob {
            start: Start::In(span),
            max_age: Some(span),
            timeout: span.max(Duration::from_millis(1)),
            keep_result: span,
            max_attempts: u32::MAX,
            ..job("")
        };
        let id = send(&broker, job).await;
        let expected = match ms {
            0 => JobState::Ready,
            _ => JobState::Delayed,
        };
        assert_eq!(state(&broker, id).await, Some(expected), "{ms}");
        let view = broker.inspect(id).await.unwrap().unwrap();
        assert_eq!(view.max_attempts, u32::MAX);
    }
}
