//! What a caller leaves behind that goes away in the middle of a call: see "Cancel safety" of `Broker`.

use patterns::cancel_at_every_await::cancel_at_every_await;
use task_queue::broker::{Finish, Finished, JobState, Leases};

use crate::stores::{Sqlite, Store};
use crate::support::{LEASE, OPTIONS, claim, claim_one, done, job, payloads, send, state, wish};

// ANCHOR: enqueue
#[test]
fn a_job_is_stored_once_wherever_its_sender_goes_away() {
    cancel_at_every_await(async |cut| {
        tokio::time::resume(); // The store works in a thread of its own, in real time.
        let store = Sqlite::open(OPTIONS).await;
        let broker = store.broker();
        let job = job("hello");
        if cut.run(broker.enqueue(vec![job.clone()])).await.is_none() {
            broker.enqueue(vec![job]).await.unwrap(); // The sender asks again.
        }
        assert_eq!(payloads(&broker, 10).await, ["hello"]);
    });
}
// ANCHOR_END: enqueue

#[test]
fn a_job_ends_once_wherever_its_worker_stops_listening() {
    cancel_at_every_await(async |cut| {
        tokio::time::resume();
        let store = Sqlite::open(OPTIONS).await;
        let broker = store.broker();
        let id = send(&broker, job("hello")).await;
        let key = claim_one(&broker).await.key;
        let end = vec![Finish {
            key,
            outcome: done(),
        }];
        let answer = match cut.run(broker.finish(end.clone())).await {
            Some(answer) => answer,
            None => broker.finish(end).await,
        };
        assert_eq!(answer.unwrap(), [Finished::Completed]);
        assert_eq!(state(&broker, id).await, Some(JobState::Completed));
    });
}

#[test]
fn a_job_is_not_lost_wherever_its_claimer_goes_away() {
    cancel_at_every_await(async |cut| {
        tokio::time::resume();
        let store = Sqlite::open(OPTIONS).await;
        let broker = store.broker();
        send(&broker, job("hello")).await;
        if cut.run(broker.claim(wish(1))).await.is_none() {
            // Either the job is free, or it is leased to a worker that does not know of it.
            if claim(&broker, 1).await.is_empty() {
                store.advance(LEASE * 2);
                broker.upkeep(10).await.unwrap();
                assert_eq!(payloads(&broker, 10).await, ["hello"]);
            }
        }
    });
}
