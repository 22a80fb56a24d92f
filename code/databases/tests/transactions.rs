//! What is left of a transaction whose future has gone, and of a query.

use std::time::Duration;

use deadpool_postgres::{Manager, Pool, PoolError};
use patterns::cancel_at_every_await::cancel_at_every_await;
use tokio::runtime::Runtime;
use tokio::time::{sleep, timeout};
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, Error, NoTls};

use crate::support::{connect, number, pool, server, until};

const COUNT: &str = "SELECT count(*) FROM orders";

async fn orders(client: &Client) {
    client
        .batch_execute("CREATE TABLE orders (id int)")
        .await
        .unwrap();
}

// ANCHOR: rolled_back
/// Two rows, or none.
async fn order(client: &mut Client) -> Result<(), Error> {
    let transaction = client.transaction().await?;
    transaction
        .execute("INSERT INTO orders VALUES (1)", &[])
        .await?;
    transaction
        .execute("INSERT INTO orders VALUES (2)", &[])
        .await?;
    transaction.commit().await
}

#[test]
#[ignore = "needs postgres"]
fn a_transaction_that_is_dropped_anywhere_is_whole_or_gone() {
    let server = Runtime::new().unwrap().block_on(server());
    let points = cancel_at_every_await(async |cut| {
        tokio::time::resume(); // a socket wants real time
        let mut client = connect(&server).await;
        let table = "DROP TABLE IF EXISTS orders; CREATE TABLE orders (id int)";
        client.batch_execute(table).await.unwrap();

        cut.run(order(&mut client)).await;

        // The connection is in no transaction, and goes on.
        let now = "SELECT pg_current_xact_id_if_assigned() IS NULL";
        assert!(client.query_one(now, &[]).await.unwrap().get::<_, bool>(0));
        let left = number(&client, "SELECT count(*) FROM orders").await;
        assert!(left == 0 || left == 2, "{left} rows");
    });
    assert!(points >= 4); // BEGIN, two INSERTs, COMMIT
}
// ANCHOR_END: rolled_back

// ANCHOR: by_hand
async fn order_by_hand(pool: &Pool) -> Result<(), PoolError> {
    let client = pool.get().await?;
    client.batch_execute("BEGIN").await?;
    client.execute("INSERT INTO orders VALUES (1)", &[]).await?;
    sleep(Duration::from_secs(3600)).await; // asks another service
    client.batch_execute("COMMIT").await?;
    Ok(())
}

#[tokio::test]
#[ignore = "needs postgres"]
async fn a_begin_by_hand_goes_back_to_the_pool_with_its_connection() {
    let server = server().await;
    let manager = Manager::new(server.config(), NoTls);
    let pool = Pool::builder(manager).max_size(1).build().unwrap();
    orders(&pool.get().await.unwrap()).await;
    let limit = Duration::from_millis(500);
    assert!(timeout(limit, order_by_hand(&pool)).await.is_err()); // dropped

    let client = pool.get().await.unwrap(); // a request that has no part in it
    let insert = "INSERT INTO orders VALUES (2)";
    client.execute(insert, &[]).await.unwrap(); // "written"
    assert!(client.execute("SELECT 1 / 0", &[]).await.is_err());
    let error = client.query(COUNT, &[]).await.unwrap_err();
    assert_eq!(error.code(), Some(&SqlState::IN_FAILED_SQL_TRANSACTION)); // 25P02
    client.batch_execute("ROLLBACK").await.unwrap();
    assert_eq!(number(&client, COUNT).await, 0); // the harm: it's gone
}
// ANCHOR_END: by_hand

#[tokio::test]
#[ignore = "needs postgres"]
async fn a_pool_that_resets_ends_what_was_begun_by_hand_but_not_before_it_lends_again() {
    let server = server().await;
    let (pool, admin) = (pool(&server, 1), connect(&server).await);
    orders(&admin).await;
    let limit = Duration::from_millis(500);
    assert!(timeout(limit, order_by_hand(&pool)).await.is_err());
    let idle = "SELECT count(*) FROM pg_stat_activity WHERE state = 'idle in transaction' \
                AND datname = current_database()";
    assert_eq!(number(&admin, idle).await, 1); // with its locks
    let client = pool.get().await.unwrap();
    assert_eq!(number(&admin, idle).await, 0);
    let insert = "INSERT INTO orders VALUES (2)";
    client.execute(insert, &[]).await.unwrap();
    assert_eq!(number(&admin, COUNT).await, 1);
}

// ANCHOR: goes_on
#[tokio::test]
#[ignore = "needs postgres"]
async fn a_query_goes_on_when_its_future_is_dropped() {
    let server = server().await;
    let (client, admin) = (connect(&server).await, connect(&server).await);
    let busy = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%sleep(3600)%' \
                AND state = 'active' AND datname = current_database() \
                AND pid <> pg_backend_pid()";
    let limit = Duration::from_millis(50);

    let asleep = client.query("SELECT pg_sleep(3600)", &[]);
    assert!(timeout(limit, asleep).await.is_err()); // dropped
    assert_eq!(number(&admin, busy).await, 1); // the server works on it
    let next = timeout(limit, number(&client, "SELECT 1::bigint"));
    assert!(next.await.is_err()); // and the next query stands behind it

    let token = client.cancel_token();
    token.cancel_query(NoTls).await.unwrap();
    until(&admin, busy, 0).await;
    assert_eq!(number(&client, "SELECT 2::bigint").await, 2);
}
// ANCHOR_END: goes_on

#[tokio::test]
#[ignore = "needs postgres"]
async fn a_savepoint_that_is_dropped_takes_back_its_own_part() {
    let server = server().await;
    let mut client = connect(&server).await;
    orders(&client).await;
    let mut outer = client.transaction().await.unwrap();
    outer
        .execute("INSERT INTO orders VALUES (1)", &[])
        .await
        .unwrap();
    {
        let inner = outer.transaction().await.unwrap();
        inner
            .execute("INSERT INTO orders VALUES (2)", &[])
            .await
            .unwrap();
        assert!(inner.execute("SELECT 1 / 0", &[]).await.is_err());
    }
    outer.commit().await.unwrap();
    assert_eq!(number(&client, COUNT).await, 1);
}

#[tokio::test]
#[ignore = "needs postgres"]
async fn a_lost_connection_rolls_back() {
    let server = server().await;
    let mut client = connect(&server).await;
    orders(&client).await;
    let pid = number(&client, "SELECT pg_backend_pid()::bigint").await;
    let transaction = client.transaction().await.unwrap();
    transaction
        .execute("INSERT INTO orders VALUES (1)", &[])
        .await
        .unwrap();
    let admin = connect(&server).await;
    let end = format!("SELECT pg_terminate_backend({pid})");
    admin.execute(&end, &[]).await.unwrap();
    assert!(transaction.commit().await.is_err());
    assert_eq!(number(&admin, COUNT).await, 0);
}
