//! Redis has done what it was asked, and the answer does not arrive.

use std::time::Duration;

use task_queue::broker::redis::RedisBroker;
use task_queue::broker::{Broker, Enqueued, Finish, Finished, JobState, Leases};
use task_queue::handler::{Handler, HandlerError, Registry};
use task_queue::job::NewJob;
use task_queue::name::TaskName;
use testbed::proxy::{Fault, Proxy, Target};
use testbed::redis::Redis as Server;
use tokio::time;

use crate::program::END;
use crate::stores::{connect, on_redis};
use crate::support::*;
use crate::worker::{settings, start};

/// A Redis, the proxy in front of it, and a broker that calls through it.
async fn through_proxy() -> (Server, Proxy, RedisBroker) {
    let server = Server::start(&[]);
    let proxy = Proxy::start(Target::Unix(server.socket())).await;
    let broker = connect(&format!("redis://{}", proxy.address()), OPTIONS).await;
    (server, proxy, broker)
}

/// The answer is cut off, at its beginning or in its midst.
const CUTS: [Fault; 2] = [Fault::Close(0), Fault::Reset(5)];

/// What a call of a script sends.
const SCRIPT: &str = "EVALSHA";

#[tokio::test]
#[ignore = "needs redis-server"]
async fn an_enqueue_whose_answer_was_lost_is_known_when_it_is_sent_again() {
    let (_server, proxy, broker) = through_proxy().await;
    send(&broker, job("first")).await;
    for harm in CUTS {
        let jobs = vec![job("1"), job("2")];
        proxy.harm_next(SCRIPT, harm);
        let error = broker.enqueue(jobs.clone()).await.unwrap_err();
        assert!(error.is_transient(), "{harm:?}: {error}");
        let expected = [Enqueued::Known(jobs[0].id), Enqueued::Known(jobs[1].id)];
        assert_eq!(again(|| broker.enqueue(jobs.clone())).await, expected);
    }
    assert_eq!(stats(&broker, "q").await.counters.enqueued, 5);
}

#[tokio::test]
#[ignore = "needs redis-server"]
async fn a_connection_on_which_nothing_comes_back_is_given_up_for_another() {
    let (_server, proxy, broker) = through_proxy().await;
    send(&broker, job("first")).await;
    let jobs = vec![job("1")];
    proxy.harm_next(SCRIPT, Fault::Swallow);
    let error = broker.enqueue(jobs.clone()).await.unwrap_err();
    assert!(error.is_transient(), "{error}");
    let answer = broker.enqueue(jobs.clone()).await.unwrap();
    assert_eq!(answer, [Enqueued::Known(jobs[0].id)]);
}

#[tokio::test]
#[ignore = "needs redis-server"]
async fn bells_on_a_connection_that_hangs_are_heard_again_on_another() {
    let (server, proxy, broker) = through_proxy().await;
    // Whoever rings is not behind the proxy.
    let direct = on_redis(&server, OPTIONS).await;
    let rung = broker.signals().ready;
    let rings = || *rung.borrow();
    // Whoever begins to listen is told that something may have rung before.
    until(|| rings() == 1).await;
    let before = proxy.connections("SUBSCRIBE");
    proxy.harm_those_that_sent("SUBSCRIBE", Fault::Swallow);
    until(|| proxy.connections("SUBSCRIBE") == before + 1 && rings() == 2).await;

    assert!(claim(&direct, 1).await.is_empty());
    send(&direct, job("1")).await;
    until(|| rings() == 3).await;
}

async fn until(holds: impl Fn() -> bool) {
    let wait = async {
        while !holds() {
            time::sleep(Duration::from_millis(10)).await;
        }
    };
    time::timeout(END, wait).await.unwrap();
}

#[tokio::test]
#[ignore = "needs redis-server"]
async fn a_finish_whose_answer_was_lost_is_answered_again_and_counts_once() {
    let (_server, proxy, broker) = through_proxy().await;
    send(&broker, job("first")).await;
    finish(&broker, claim_one(&broker).await.key, done()).await;
    for harm in CUTS {
        send(&broker, job("1")).await;
        let key = claim_one(&broker).await.key;
        let ends = vec![Finish {
            key,
            outcome: done(),
        }];
        proxy.harm_next(SCRIPT, harm);
        let error = broker.finish(ends.clone()).await.unwrap_err();
        assert!(error.is_transient(), "{harm:?}: {error}");
        let answer = again(|| broker.finish(ends.clone())).await;
        assert_eq!(answer, [Finished::Completed]);
    }
    assert_eq!(stats(&broker, "q").await.counters.completed, 3);
}

#[tokio::test]
#[ignore = "needs redis-server"]
async fn a_claim_whose_answer_was_lost_is_handed_out_again_when_its_lease_is_over() {
    let (_server, proxy, broker) = through_proxy().await;
    send(&broker, job("first")).await;
    finish(&broker, claim_one(&broker).await.key, done()).await;
    for harm in CUTS {
        let id = send(&broker, job("1")).await;
        proxy.harm_next(SCRIPT, harm);
        let error = broker.claim(wish(1)).await.unwrap_err();
        assert!(error.is_transient(), "{harm:?}: {error}");
        assert!(again(|| broker.claim(wish(1))).await.is_empty());
        broker.move_clock(i64::try_from(LEASE.as_micros()).unwrap());
        assert_eq!(broker.upkeep(10).await.unwrap().recovered, 1);
        let lease = claim_one(&broker).await;
        assert_eq!((lease.key.job, lease.recoveries), (id, 1));
        finish(&broker, lease.key, done()).await;
    }
}

#[tokio::test]
#[ignore = "needs redis-server"]
async fn a_worker_whose_connection_is_cut_again_and_again_completes_every_job_once() {
    let (server, proxy, broker) = through_proxy().await;
    let task = |_, n: u64| async move {
        time::sleep(Duration::from_millis(5)).await;
        Ok::<_, HandlerError>(n)
    };
    let registry = Registry::new().with("t", Handler::new(task)).unwrap();
    let mut settings = settings(8);
    settings.lease = Duration::from_millis(500);
    let worker = start(&broker, registry, settings);

    // Whoever asks how it stands is not behind the proxy.
    let direct = on_redis(&server, OPTIONS).await;
    let new = |n: u64| NewJob::new(queue("q"), TaskName::new("t").unwrap(), n.to_string());
    let jobs: Vec<_> = (0..400).map(new).collect();
    let ids: Vec<_> = jobs.iter().map(|job| job.id).collect();
    direct.enqueue(jobs).await.unwrap();
    // A claim that is done after its worker has asked what it holds counts like a lost worker: few enough
    // cuts that no job loses four.
    for after in 0..3 {
        proxy.harm_next(SCRIPT, Fault::Close(after * 4));
        until(|| proxy.has_harmed()).await;
        time::sleep(Duration::from_millis(100)).await;
    }
    for (n, id) in ids.into_iter().enumerate() {
        let status = direct.wait(id, END).await.unwrap().unwrap();
        assert_eq!(status.state, JobState::Completed);
        assert_eq!(status.result, Some(n.to_string()));
    }
    worker.stop().await;
    let counters = stats(&direct, "q").await.counters;
    assert_eq!((counters.completed, counters.died), (400, 0));
}
