//! What can go wrong with a Redis server.

use std::time::Duration;

use task_queue::broker::{Broker, JobState};
use task_queue::error::BrokerError;
use tokio::time;

use crate::stores::Server;
use crate::support::*;

/// The longest that a test waits for a server that is back.
const BACK: Duration = Duration::from_secs(20);

/// Calls until the store answers, as the worker does.
async fn when_back<T, F: Future<Output = Result<T, BrokerError>>>(call: impl Fn() -> F) -> T {
    let calls = async {
        loop {
            match call().await {
                Ok(answer) => return answer,
                Err(error) => assert!(error.is_transient(), "{error}"),
            }
            time::sleep(Duration::from_millis(50)).await;
        }
    };
    time::timeout(BACK, calls)
        .await
        .expect("the store comes back")
}

#[tokio::test]
#[ignore = "needs redis-server"]
async fn scripts_that_the_server_forgot_are_loaded_again() {
    let server = Server::start(&[]);
    let broker = server.broker(OPTIONS).await;
    send(&broker, job("1")).await;
    let _: () = server.command("SCRIPT FLUSH");
    assert_eq!(payloads(&broker, 1).await, ["1"]);
}

#[tokio::test]
#[ignore = "needs redis-server"]
async fn a_server_without_memory_refuses_jobs_and_still_ends_them() {
    let server = Server::start(&[]);
    let broker = server.broker(OPTIONS).await;
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
    let broker = server.broker(OPTIONS).await;
    send(&broker, job("1")).await;
    let _: () = server.command("REPLICAOF 127.0.0.1 1");
    let error = broker.enqueue(vec![job("2")]).await.unwrap_err();
    assert!(error.is_transient(), "{error}");
    let _: () = server.command("REPLICAOF NO ONE");
    when_back(|| broker.enqueue(vec![job("2")])).await;
}

#[tokio::test]
#[ignore = "needs redis-server"]
async fn connections_that_are_cut_come_back() {
    let server = Server::start(&[]);
    let broker = server.broker(OPTIONS).await;
    let id = send(&broker, job("1")).await;
    let _: i64 = server.command("CLIENT KILL TYPE normal");
    let view = when_back(|| broker.inspect(id)).await;
    assert_eq!(view.unwrap().payload, "1");
}

#[tokio::test]
#[ignore = "needs redis-server"]
async fn with_an_append_only_file_a_killed_server_loses_nothing_that_was_answered() {
    let mut server = Server::start(&["--appendonly", "yes", "--appendfsync", "always"]);
    let broker = server.broker(OPTIONS).await;
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
        let view = when_back(|| broker.inspect(id)).await;
        assert_eq!(view.map(|view| view.status.state), Some(JobState::Ready));
    }
}

#[tokio::test]
#[ignore = "needs redis-server"]
async fn without_persistence_a_killed_server_forgets_and_goes_on() {
    let mut server = Server::start(&[]);
    let broker = server.broker(OPTIONS).await;
    let id = send(&broker, job("1")).await;
    server.kill();
    server.restart();
    assert!(when_back(|| broker.inspect(id)).await.is_none());
    send(&broker, job("2")).await;
    assert_eq!(payloads(&broker, 1).await, ["2"]);
}

#[tokio::test]
#[ignore = "needs redis-server"]
async fn a_server_that_stands_still_is_an_outage_and_not_a_hang() {
    let server = Server::start(&[]);
    let broker = server.broker(OPTIONS).await;
    server.signal("STOP");
    let answer = time::timeout(BACK, broker.enqueue(vec![job("1")])).await;
    server.signal("CONT");
    let error = answer.expect("a call ends").unwrap_err();
    assert!(error.is_transient(), "{error}");
    when_back(|| broker.ping()).await;
}

#[tokio::test]
#[ignore = "needs redis-server"]
async fn keys_of_somebody_else_are_reported_and_not_overwritten() {
    let server = Server::start(&[]);
    let broker = server.broker(OPTIONS).await;
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
