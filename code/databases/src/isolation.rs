//! A transaction that PostgreSQL may refuse, and that is begun anew then.

use std::time::Duration;

use deadpool_postgres::{Pool, PoolError};
use patterns::deadline::Deadline;
use patterns::retry::{Backoff, Failure, RetryBudget, retry};
use tokio_postgres::IsolationLevel;
use tokio_postgres::error::SqlState;

const BACKOFF: Backoff = Backoff {
    first: Duration::from_millis(5),
    longest: Duration::from_millis(200),
    attempts: 10,
};

// ANCHOR: may_repeat
/// May the transaction be begun anew?
pub fn may_repeat(error: PoolError) -> Failure<PoolError> {
    let code = match &error {
        PoolError::Backend(error) => error.code(),
        _ => None, // no connection: the pool has waited long enough
    };
    match code {
        // Rolled back by the server, because of another transaction.
        Some(&SqlState::T_R_SERIALIZATION_FAILURE | &SqlState::T_R_DEADLOCK_DETECTED) => {
            Failure::Again(error)
        }
        // A lost connection is among these: was it committed? No one knows.
        _ => Failure::Final(error),
    }
}
// ANCHOR_END: may_repeat

// ANCHOR: take_leave
/// Takes a doctor off call if another one stays on. Returns whether it did.
///
/// Cancel safety: dropped, it has happened as a whole or not at all.
///
/// # Errors
///
/// The last attempt's.
pub async fn take_leave(
    pool: &Pool,
    budget: &RetryBudget,
    deadline: Deadline,
    doctor: i32,
) -> Result<bool, PoolError> {
    let operation = async || attempt(pool, doctor).await.map_err(may_repeat);
    retry(&BACKOFF, budget, deadline, fastrand::f64, operation).await
}

async fn attempt(pool: &Pool, doctor: i32) -> Result<bool, PoolError> {
    let mut client = pool.get().await?; // not kept while backing off
    let builder = client.build_transaction();
    let builder = builder.isolation_level(IsolationLevel::Serializable);
    let transaction = builder.start().await?;
    let count = "SELECT count(*) FROM doctors WHERE on_call";
    let on_call: i64 = transaction.query_one(count, &[]).await?.get(0);
    if on_call < 2 {
        return Ok(false); // rolled back
    }
    let leave = "UPDATE doctors SET on_call = false WHERE id = $1";
    transaction.execute(leave, &[&doctor]).await?;
    transaction.commit().await?;
    Ok(true)
}
// ANCHOR_END: take_leave
