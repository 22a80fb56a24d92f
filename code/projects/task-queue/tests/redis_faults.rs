//! What can go wrong with a Redis server.

use std::time::Duration;

use task_queue::broker::{Broker, Finish, JobState};
use task_queue::error::BrokerError;
use task_queue::job::{NewJob, Start};
use tokio::time;

use crate::stores::on_redis;
use crate::support::*;
use testbed::redis::Redis as Server;

/// The longest that a call takes that is not answered.
const BACK: Duration = Duration::from_secs(20);

#[tokio::test]
#[ignore = "needs redis-server"]
async fn scripts_that_the_server_forgot_are_loaded_again() {
    let server = Server::start(&[]);
    let broker = on_redis(&server, OPTIONS).await;
    send(&broker, job("1")).await;
    let _: () = server.command("SCRIPT FLUSH");
    assert_eq!(payloads(&broker, 1).await, ["1"]);
}

#[tokio::test]
#[ignore = "needs redis-server"]
async fn a_server_without_memory_refuses_jobs_and_still_ends_them() {
    let server = Server::start(&[]);
    let broker = on_redis(&server, OPTIONS).await;
    send(&broker, job("1")).await;
    let lease = claim_one(&broker).await;
    let _: () = server.command("CONFIG SET maxmemory-policy noeviction");
    let _: () = server.command("CONFIG SET maxmemory 1mb");
    let error = broker.enqueue(vec![job("2")]).await.unwrap_err();
    assert!(matches!(error, BrokerError::NoRoom { .. }), "{error}");
    finish(&broker, lease.key, done()).await;
    assert_eq!(
        state(&broker, lease.key.job).await,
        Some(JobState::Completed)
    );
    let _: () = server.command("CONFIG SET maxmemory 0");
    send(&broker, job("3")).await;
}

#[tokio::test]
#[ignore = "needs redis-server"]
async fn a_replica_that_takes_no_writes_is_an_outage() {
    let server = Server::start(&[]);
    let broker = on_redis(&server, OPTIONS).await;
    send(&broker, job("1")).await;
    let _: () = server.command("REPLICAOF 127.0.0.1 1");
    let error = broker.enqueue(vec![job("2")]).await.unwrap_err();
    assert!(error.is_transient(), "{error}");
    let _: () = server.command("REPLICAOF NO ONE");
    again(|| broker.enqueue(vec![job("2")])).await;
}

#[tokio::test]
#[ignore = "needs redis-server"]
async fn connections_that_are_cut_come_back() {
    let server = Server::start(&[]);
    let broker = on_redis(&server, OPTIONS).await;
    let id = send(&broker, job("1")).await;
    let _: i64 = server.command("CLIENT KILL TYPE normal");
    let view = again(|| broker.inspect(id)).await;
    assert_eq!(view.unwrap().payload, "1");
}

#[tokio::test]
#[ignore = "needs redis-server"]
async fn with_an_append_only_file_a_killed_server_loses_nothing_that_was_answered() {
    let mut server = Server::start(&["--appendonly", "yes", "--appendfsync", "always"]);
    let broker = on_redis(&server, OPTIONS).await;
    let mut ids = Vec::new();
    for number in 0..100 {
        ids.push(send(&broker, job(&number.to_string())).await);
    }
    server.kill();
    assert!(
        broker
            .enqueue(vec![job("lost")])
            .await
            .unwrap_err()
            .is_transient()
    );
    server.restart();
    for id in ids {
        let view = again(|| broker.inspect(id)).await;
        assert_eq!(view.map(|view| view.status.state), Some(JobState::Ready));
    }
}

#[tokio::test]
#[ignore = "needs redis-server"]
async fn without_persistence_a_killed_server_forgets_and_goes_on() {
    let mut server = Server::start(&[]);
    let broker = on_redis(&server, OPTIONS).await;
    let id = send(&broker, job("1")).await;
    server.kill();
    server.restart();
    assert!(again(|| broker.inspect(id)).await.is_none());
    send(&broker, job("2")).await;
    assert_eq!(payloads(&broker, 1).await, ["2"]);
}

#[tokio::test]
#[ignore = "needs redis-server"]
async fn a_server_that_stands_still_is_an_outage_and_not_a_hang() {
    let server = Server::start(&[]);
    let broker = on_redis(&server, OPTIONS).await;
    server.stop();
    let answer = time::timeout(BACK, broker.enqueue(vec![job("1")])).await;
    server.go_on();
    let error = answer.expect("a call ends").unwrap_err();
    assert!(error.is_transient(), "{error}");
    again(|| broker.ping()).await;
}

#[tokio::test]
#[ignore = "needs redis-server"]
async fn keys_of_somebody_else_are_reported_and_not_overwritten() {
    let server = Server::start(&[]);
    let broker = on_redis(&server, OPTIONS).await;
    let id = send(&broker, job("1")).await;
    let keys: Vec<String> = server.command("KEYS *ready:q");
    let [key] = keys.as_slice() else {
        panic!("{keys:?}");
    };
    let _: () = server.command(&format!("SET {key} text"));
    let error = broker.enqueue(vec![job("2")]).await.unwrap_err();
    assert!(matches!(error, BrokerError::Damaged { .. }), "{error}");
    assert_eq!(server.command::<String>(&format!("GET {key}")), "text");
    assert_eq!(state(&broker, id).await, Some(JobState::Ready));
}

/// Each round moves at most as many jobs as it may, so that others have their turn in between.
#[tokio::test]
#[ignore = "needs redis-server"]
async fn a_hundred_thousand_due_jobs_are_promoted_without_holding_up_the_others() {
    let server = Server::start(&[]);
    let broker = on_redis(&server, OPTIONS).await;
    for _ in 0..100 {
        let later = |_| NewJob {
            start: Start::In(secs(3600)),
            ..job("")
        };
        let batch = (0..1000).map(later).collect();
        broker.enqueue(batch).await.unwrap();
    }
    broker.move_clock(3_601_000_000);
    let mut rounds = Vec::new();
    while rounds.iter().sum::<u64>() < 100_000 {
        let before = server.commands();
        let round = broker.upkeep(500).await.unwrap();
        assert!(round.promoted > 0, "{rounds:?}");
        rounds.push(round.promoted);
        // What Redis does within one call, while everybody else waits.
        let within = server.commands() - before;
        assert!(within < 500 * 4, "{within}");
    }
    assert_eq!(rounds, [500; 200]);
    let mut done = 0;
    while done < 100_000 {
        let leases = claim(&broker, 1000).await;
        assert!(!leases.is_empty(), "{done}");
        done += leases.len();
        let ends = leases.into_iter().map(|lease| Finish {
            key: lease.key,
            outcome: self::done(),
        });
        broker.finish(ends.collect()).await.unwrap();
    }
    let stats = stats(&broker, "q").await;
    assert_eq!((stats.counters.completed, stats.depth()), (100_000, 0));
}
