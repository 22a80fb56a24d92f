//! Pools that are empty, and servers that come back.

use std::time::Duration;

use databases::pool::{self, Limits};
use deadpool_postgres::{Manager, Pool, PoolError, TimeoutType};
use testbed::postgres::Postgres;
use tokio::sync::Barrier;
use tokio::time::timeout;
use tokio_postgres::NoTls;
use tokio_postgres::error::SqlState;

use crate::support::{LIMITS, connect, number, pool, server, until};

// ANCHOR: exhausted
/// Two connections: who waits for a third is told so soon.
const TWO: Limits = Limits {
    size: 2,
    wait: Duration::from_millis(50),
    ..LIMITS
};

#[tokio::test]
#[ignore = "needs postgres"]
async fn an_empty_pool_says_so_in_time() {
    let server = server().await;
    let pool = pool::open(&server.config(), TWO).unwrap();

    let first = pool.get().await.unwrap();
    let _second = pool.get().await.unwrap();
    let third = pool.get().await;
    assert!(matches!(third, Err(PoolError::Timeout(TimeoutType::Wait))));

    drop(first);
    assert!(pool.get().await.is_ok());
}
// ANCHOR_END: exhausted

// ANCHOR: restart
#[tokio::test]
#[ignore = "needs postgres"]
async fn after_a_restart_the_pool_connects_anew() {
    let mut server = Postgres::start(&[]);
    let config = server.database().await.url().parse().unwrap();
    let pool = pool::open(&config, LIMITS).unwrap();
    let held = pool.get().await.unwrap();
    drop(pool.get().await.unwrap()); // idle

    server.crash();
    server.restart();
    assert!(held.query_one("SELECT 1", &[]).await.is_err());
    drop(held);
    for _ in 0..4 {
        let client = pool.get().await.unwrap(); // neither of the two
        assert_eq!(number(&client, "SELECT 1::bigint").await, 1);
    }
}
// ANCHOR_END: restart

#[tokio::test]
#[ignore = "needs postgres"]
async fn a_connection_that_the_server_has_ended_is_not_lent_again() {
    let server = server().await;
    let pool = pool(&server, 1);
    let first = number(
        &pool.get().await.unwrap(),
        "SELECT pg_backend_pid()::bigint",
    )
    .await;
    let admin = connect(&server).await;
    let end = format!("SELECT pg_terminate_backend({first})");
    admin.execute(&end, &[]).await.unwrap();
    let there = format!("SELECT count(*) FROM pg_stat_activity WHERE pid = {first}");
    until(&admin, &there, 0).await;
    let second = number(
        &pool.get().await.unwrap(),
        "SELECT pg_backend_pid()::bigint",
    )
    .await;
    assert_ne!(first, second);
}

#[tokio::test]
#[ignore = "needs postgres"]
async fn a_statement_that_takes_too_long_is_ended_by_the_server() {
    let server = server().await;
    let statement = Duration::from_millis(50);
    let limits = Limits {
        statement,
        ..LIMITS
    };
    let pool = pool::open(&server.config(), limits).unwrap();
    let client = pool.get().await.unwrap();
    let error = client
        .query("SELECT pg_sleep(3600)", &[])
        .await
        .unwrap_err();
    assert_eq!(error.code(), Some(&SqlState::QUERY_CANCELED));
    assert_eq!(number(&client, "SELECT 1::bigint").await, 1);
}

#[tokio::test]
#[ignore = "needs postgres"]
async fn what_a_session_was_told_stays_in_a_pool_that_does_not_reset() {
    let server = server().await;
    let plain = Manager::new(server.config(), NoTls);
    let plain = Pool::builder(plain).max_size(1).build().unwrap();
    assert_eq!(plain.timeouts().wait, None);
    for (pool, shown) in [(plain, "7s"), (pool(&server, 1), "1min")] {
        let client = pool.get().await.unwrap();
        let set = "SET statement_timeout = '7s'; CREATE TEMPORARY TABLE mine (id int); \
                   SELECT pg_advisory_lock(1)";
        client.batch_execute(set).await.unwrap();
        let local = "BEGIN; SET LOCAL statement_timeout = '9s'; COMMIT";
        client.batch_execute(local).await.unwrap();
        client.prepare_cached("SELECT 1").await.unwrap();
        client.prepare_cached("SELECT 1").await.unwrap();
        assert_eq!(client.statement_cache.size(), 1);
        drop(client);
        let client = pool.get().await.unwrap();
        let row = client.query_one("SHOW statement_timeout", &[]).await;
        assert_eq!(row.unwrap().get::<_, &str>(0), shown);
        assert_eq!(number(&client, "SELECT count(*) FROM mine").await, 0);
        let locks =
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()";
        assert_eq!(number(&client, locks).await, 1);
        client
            .batch_execute("SELECT pg_advisory_unlock_all()")
            .await
            .unwrap();
    }
}

#[tokio::test]
#[ignore = "needs postgres"]
async fn a_connection_that_is_still_busy_for_a_caller_who_left_is_replaced() {
    let server = server().await;
    let connect = Duration::from_secs(1);
    let limits = Limits {
        size: 1,
        connect,
        ..LIMITS
    };
    let pool = pool::open(&server.config(), limits).unwrap();
    let asleep = async {
        let client = pool.get().await.unwrap();
        client.query("SELECT pg_sleep(30)", &[]).await.unwrap();
    };
    assert!(timeout(connect, asleep).await.is_err());
    let client = pool.get().await.unwrap();
    assert_eq!(number(&client, "SELECT 1::bigint").await, 1);
}

#[tokio::test]
#[ignore = "needs postgres"]
async fn the_server_refuses_more_connections_than_it_may_have() {
    let server = Postgres::start(&["max_connections=8"]);
    let config = server.database().await.url().parse().unwrap();
    let pool = pool::open(&config, Limits { size: 20, ..LIMITS }).unwrap();
    let mut held = Vec::new();
    let refused = loop {
        match pool.get().await {
            Ok(client) => held.push(client),
            Err(error) => break error,
        }
    };
    let PoolError::Backend(error) = refused else {
        panic!("{refused}");
    };
    assert_eq!(error.code(), Some(&SqlState::TOO_MANY_CONNECTIONS));
    assert_eq!(held.len(), 8); // an administrator gets the reserved ones, too
}

#[tokio::test]
#[ignore = "needs postgres"]
async fn a_pool_that_deadlocks_itself_gets_out_of_it_by_its_limit() {
    let server = server().await;
    let pool = pool::open(&server.config(), TWO).unwrap();
    let both = Barrier::new(2);
    let order = async || {
        let _transaction = pool.get().await.unwrap();
        both.wait().await;
        pool.get().await.map(drop)
    };
    let (one, two) = tokio::join!(order(), order());
    assert!(one.is_err() || two.is_err());
    assert_eq!(pool.status().available, 2);
}
