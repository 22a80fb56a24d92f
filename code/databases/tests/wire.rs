//! Pipelines, rows as they come, and notifications.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use databases::notify::listen;
use futures::TryStreamExt;
use tokio::sync::watch;
use tokio::time::{Instant, timeout};
use tokio_postgres::Client;
use tokio_postgres::error::SqlState;

use crate::support::{LONG, connect, number, server, until};

const SHORT: Duration = Duration::from_millis(50);

// ANCHOR: not_parallel
#[tokio::test]
#[ignore = "needs postgres"]
async fn queries_in_a_pipeline_run_one_after_the_other() {
    let server = server().await;
    let client = connect(&server).await;
    let sleep = client.prepare("SELECT pg_sleep(0.1)").await.unwrap();
    let start = Instant::now();
    let sleeps = (client.query(&sleep, &[]), client.query(&sleep, &[]));
    let (one, two) = tokio::join!(sleeps.0, sleeps.1);
    assert!(one.is_ok() && two.is_ok());
    assert!(start.elapsed() >= Duration::from_millis(200));
}
// ANCHOR_END: not_parallel

#[tokio::test]
#[ignore = "needs postgres"]
async fn a_pipelined_query_that_fails_fails_alone_outside_of_a_transaction() {
    let server = server().await;
    let mut client = connect(&server).await;
    let divide = client.prepare("SELECT 1 / $1::int").await.unwrap();
    let (bad, good) = tokio::join!(client.query(&divide, &[&0]), client.query(&divide, &[&1]));
    assert!(bad.is_err() && good.is_ok());

    let transaction = client.transaction().await.unwrap();
    let queries = (
        transaction.query(&divide, &[&0]),
        transaction.query(&divide, &[&1]),
    );
    let (bad, good) = tokio::join!(queries.0, queries.1);
    assert!(bad.is_err());
    let error = good.unwrap_err();
    assert_eq!(error.code(), Some(&SqlState::IN_FAILED_SQL_TRANSACTION));
}

/// A megabyte in a thousand rows.
const MUCH: &str = "SELECT repeat('x', 20000) FROM generate_series(1, 1000)";

#[tokio::test]
#[ignore = "needs postgres"]
async fn rows_come_one_by_one_and_may_be_left() {
    let server = server().await;
    let client = connect(&server).await;
    let none: [i32; 0] = [];
    {
        let mut rows = pin!(client.query_raw(MUCH, none).await.unwrap());
        assert!(rows.try_next().await.unwrap().is_some());
    } // 999 rows are left, and thrown away
    assert_eq!(number(&client, "SELECT 1::bigint").await, 1);
}

// ANCHOR: unread
#[tokio::test]
#[ignore = "needs postgres"]
async fn rows_that_are_not_read_hold_up_the_rest_of_the_connection() {
    let server = server().await;
    let client = connect(&server).await;
    let none: [i32; 0] = [];
    let mut rows = pin!(client.query_raw(MUCH, none).await.unwrap());
    assert!(rows.try_next().await.unwrap().is_some());

    let next = timeout(SHORT, client.query("SELECT 1", &[]));
    assert!(next.await.is_err()); // behind 999 rows
    let next = client.query("SELECT 1", &[]);
    let read = async { while rows.try_next().await.unwrap().is_some() {} };
    let (next, ()) = tokio::join!(next, read);
    assert!(next.is_ok());
}
// ANCHOR_END: unread

// ANCHOR: notified
#[tokio::test]
#[ignore = "needs postgres"]
async fn a_notification_comes_with_the_commit_and_not_without() {
    let server = server().await;
    let mut client = connect(&server).await;
    let (news, mut told) = watch::channel(());
    let config = server.config();
    tokio::spawn(async move { listen(&config, "orders", &news).await });
    told.changed().await.unwrap(); // it listens

    let transaction = client.transaction().await.unwrap();
    transaction.batch_execute("NOTIFY orders").await.unwrap();
    transaction.rollback().await.unwrap();
    assert!(timeout(SHORT, told.changed()).await.is_err());

    let transaction = client.transaction().await.unwrap();
    transaction.batch_execute("NOTIFY orders").await.unwrap();
    assert!(timeout(SHORT, told.changed()).await.is_err());
    transaction.commit().await.unwrap();
    timeout(LONG, told.changed()).await.unwrap().unwrap();
}
// ANCHOR_END: notified

#[tokio::test]
#[ignore = "needs postgres"]
async fn what_is_told_while_no_one_listens_is_found_in_the_table() {
    let server = server().await;
    let client = connect(&server).await;
    client
        .batch_execute("CREATE TABLE orders (id int)")
        .await
        .unwrap();
    let (news, mut told) = watch::channel(());
    let news = Arc::new(news);
    let start = || {
        let (config, news) = (server.config(), Arc::clone(&news));
        tokio::spawn(async move { listen(&config, "orders", &news).await })
    };
    let first = start();
    told.changed().await.unwrap();
    end_listener(&client).await;
    assert!(matches!(first.await.unwrap(), Err(_) | Ok(())));
    told.mark_unchanged();

    let order = "INSERT INTO orders VALUES (1); NOTIFY orders";
    client.batch_execute(order).await.unwrap(); // no one is there
    assert!(timeout(SHORT, told.changed()).await.is_err());

    start();
    told.changed().await.unwrap(); // "look into the table"
    assert_eq!(number(&client, "SELECT count(*) FROM orders").await, 1);
}

async fn end_listener(client: &Client) {
    let from = "FROM pg_stat_activity WHERE query LIKE 'LISTEN%' AND datname = current_database()";
    let end = format!("SELECT pg_terminate_backend(pid) {from}");
    client.execute(&end, &[]).await.unwrap();
    until(client, &format!("SELECT count(*) {from}"), 0).await;
}

#[tokio::test]
#[ignore = "needs postgres"]
async fn notifications_of_one_transaction_with_the_same_words_are_one() {
    use std::future::poll_fn;
    use tokio_postgres::{AsyncMessage, NoTls};

    let server = server().await;
    let sender = connect(&server).await;
    let (client, mut connection) = server.config().connect(NoTls).await.unwrap();
    let (heard, mut words) = tokio::sync::mpsc::channel(10);
    tokio::spawn(async move {
        while let Some(Ok(message)) = poll_fn(|cx| connection.poll_message(cx)).await {
            if let AsyncMessage::Notification(note) = message {
                heard.send(note.payload().to_owned()).await.unwrap();
            }
        }
    });
    client.batch_execute("LISTEN orders").await.unwrap();
    let three = "BEGIN; NOTIFY orders, 'a'; NOTIFY orders, 'a'; NOTIFY orders, 'b'; COMMIT";
    sender.batch_execute(three).await.unwrap();
    sender.batch_execute("NOTIFY orders, 'end'").await.unwrap();
    let mut told = Vec::new();
    while told.last().is_none_or(|word| word != "end") {
        told.push(words.recv().await.unwrap());
    }
    assert_eq!(told, ["a", "b", "end"]);
}
