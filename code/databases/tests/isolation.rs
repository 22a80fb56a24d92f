//! What each level of isolation lets through, and what a retry makes of a refusal.

use std::cell::Cell;
use std::time::Duration;

use databases::isolation::{may_repeat, take_leave};
use deadpool_postgres::{Pool, PoolError};
use patterns::deadline::Deadline;
use patterns::retry::{Backoff, RetryBudget, retry};
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, Error, IsolationLevel, Transaction};

use crate::support::{LONG, connect, number, pool, server};

const LEVELS: [IsolationLevel; 3] = [
    IsolationLevel::ReadCommitted,
    IsolationLevel::RepeatableRead,
    IsolationLevel::Serializable,
];

const BACKOFF: Backoff = Backoff {
    first: Duration::ZERO,
    longest: Duration::ZERO,
    attempts: 10,
};

async fn begin(client: &mut Client, level: IsolationLevel) -> Transaction<'_> {
    let builder = client.build_transaction().isolation_level(level);
    builder.start().await.unwrap()
}

async fn read(transaction: &Transaction<'_>, query: &str) -> i64 {
    transaction.query_one(query, &[]).await.unwrap().get(0)
}

fn is_refused(result: Result<(), Error>) -> bool {
    match result {
        Ok(()) => false,
        Err(error) => {
            assert_eq!(error.code(), Some(&SqlState::T_R_SERIALIZATION_FAILURE));
            true
        }
    }
}

async fn stock(client: &Client) {
    let table = "DROP TABLE IF EXISTS stock; CREATE TABLE stock (left_over bigint); \
                 INSERT INTO stock VALUES (10)";
    client.batch_execute(table).await.unwrap();
}

/// Two read a stock of 10, and each writes what is left after its own order of one.
async fn lost_update(one: &mut Client, two: &mut Client, level: IsolationLevel) -> (bool, i64) {
    stock(one).await;
    let (first, second) = (begin(one, level).await, begin(two, level).await);
    let select = "SELECT left_over FROM stock";
    let seen = (read(&first, select).await, read(&second, select).await);
    let update = "UPDATE stock SET left_over = $1";
    first.execute(update, &[&(seen.0 - 1)]).await.unwrap();
    first.commit().await.unwrap();
    let refused = match second.execute(update, &[&(seen.1 - 1)]).await {
        Ok(_) => is_refused(second.commit().await),
        Err(error) => is_refused(Err(error)),
    };
    (refused, number(one, select).await)
}

/// Two doctors are on call; each sees that the other one is, and goes.
async fn write_skew(one: &mut Client, two: &mut Client, level: IsolationLevel) -> (bool, i64) {
    doctors(one).await;
    let (first, second) = (begin(one, level).await, begin(two, level).await);
    let count = "SELECT count(*) FROM doctors WHERE on_call";
    assert_eq!(
        (read(&first, count).await, read(&second, count).await),
        (2, 2)
    );
    let leave = "UPDATE doctors SET on_call = false WHERE id = $1";
    first.execute(leave, &[&1]).await.unwrap();
    second.execute(leave, &[&2]).await.unwrap();
    first.commit().await.unwrap();
    let refused = is_refused(second.commit().await);
    (refused, number(one, count).await)
}

async fn doctors(client: &Client) {
    let table = "DROP TABLE IF EXISTS doctors; CREATE TABLE doctors (id int, on_call bool); \
                 INSERT INTO doctors VALUES (1, true), (2, true)";
    client.batch_execute(table).await.unwrap();
}

#[tokio::test]
#[ignore = "needs postgres"]
async fn what_each_level_refuses() {
    let server = server().await;
    let (mut one, mut two) = (connect(&server).await, connect(&server).await);
    let (mut lost, mut skewed) = (Vec::new(), Vec::new());
    for level in LEVELS {
        lost.push(lost_update(&mut one, &mut two, level).await);
        skewed.push(write_skew(&mut one, &mut two, level).await);
    }
    // Refused? And what is in the table: 9 means that an order was lost, 0 that no doctor is left.
    // A refusal leaves 9 as well, but its order was told so.
    assert_eq!(lost, [(false, 9), (true, 9), (true, 9)]);
    assert_eq!(skewed, [(false, 0), (false, 0), (true, 1)]);
}

/// Two take one each, and each waits for the other: by an update that computes, or by a lock.
async fn waits(
    one: &mut Client,
    two: &mut Client,
    level: IsolationLevel,
    lock: bool,
) -> (bool, i64) {
    stock(one).await;
    let (first, second) = (begin(one, level).await, begin(two, level).await);
    read(&second, "SELECT 1::bigint").await; // it sees the moment before the first one's commit
    take_one(&first, lock).await.unwrap();
    let second = async {
        take_one(&second, lock).await?;
        second.commit().await
    };
    let first = async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        first.commit().await.unwrap();
    };
    let (second, ()) = tokio::join!(second, first);
    (
        is_refused(second),
        number(one, "SELECT left_over FROM stock").await,
    )
}

async fn take_one(transaction: &Transaction<'_>, lock: bool) -> Result<(), Error> {
    if lock {
        let select = "SELECT left_over FROM stock FOR UPDATE";
        let seen: i64 = transaction.query_one(select, &[]).await?.get(0);
        let update = "UPDATE stock SET left_over = $1";
        transaction.execute(update, &[&(seen - 1)]).await?;
    } else {
        let update = "UPDATE stock SET left_over = left_over - 1";
        transaction.execute(update, &[]).await?;
    }
    Ok(())
}

#[tokio::test]
#[ignore = "needs postgres"]
async fn what_waits_for_the_other_loses_nothing() {
    let server = server().await;
    let (mut one, mut two) = (connect(&server).await, connect(&server).await);
    for lock in [false, true] {
        let mut left = Vec::new();
        for level in LEVELS {
            left.push(waits(&mut one, &mut two, level, lock).await);
        }
        assert_eq!(left, [(false, 8), (true, 9), (true, 9)]);
    }
}

// ANCHOR: retried
#[tokio::test]
#[ignore = "needs postgres"]
async fn one_doctor_stays_on_call_whoever_asks_and_each_gets_an_answer() {
    let server = server().await;
    let pool = pool(&server, 8);
    let budget = RetryBudget::new(100, 1);
    let deadline = Deadline::after(LONG);
    for _ in 0..20 {
        doctors(&pool.get().await.unwrap()).await;
        let leave = |doctor| take_leave(&pool, &budget, deadline, doctor);
        let (one, two) = tokio::join!(leave(1), leave(2));
        assert!(one.unwrap() != two.unwrap()); // one goes, the other is told no
    }
}
// ANCHOR_END: retried

// ANCHOR: outside
/// An order of one: writes `seen`, which was read before, less one.
async fn write(pool: &Pool, seen: i64) -> Result<(), PoolError> {
    let mut client = pool.get().await?;
    let builder = client.build_transaction();
    let builder = builder.isolation_level(IsolationLevel::Serializable);
    let transaction = builder.start().await?;
    transaction.query_one("SELECT 1", &[]).await?; // it sees this moment

    let another = "UPDATE stock SET left_over = 9 WHERE left_over = 10";
    pool.get().await?.execute(another, &[]).await?; // another order

    let update = "UPDATE stock SET left_over = $1";
    transaction.execute(update, &[&(seen - 1)]).await?;
    transaction.commit().await?;
    Ok(())
}

#[tokio::test]
#[ignore = "needs postgres"]
async fn what_was_read_before_the_retry_is_written_by_the_second_attempt() {
    let server = server().await;
    let (pool, client) = (pool(&server, 2), connect(&server).await);
    stock(&client).await;
    let seen = number(&client, "SELECT left_over FROM stock").await; // outside

    let attempts = Cell::new(0);
    let order = async || {
        attempts.set(attempts.get() + 1);
        write(&pool, seen).await.map_err(may_repeat)
    };
    let (budget, deadline) = (RetryBudget::new(10, 1), Deadline::after(LONG));
    let answer = retry(&BACKOFF, &budget, deadline, || 0.0, order).await;
    answer.unwrap();

    assert_eq!(attempts.get(), 2); // refused, and then accepted
    let left = number(&client, "SELECT left_over FROM stock").await;
    assert_eq!(left, 9); // the harm: two orders, and one of them is lost
}
// ANCHOR_END: outside
