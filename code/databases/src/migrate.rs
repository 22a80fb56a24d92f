//! Steps from one layout of the tables to the next, taken once, however many processes start.

use tokio_postgres::{Client, Error};

/// Any number that nothing else in the database locks.
const LOCK: i64 = 2_525;

// ANCHOR: migrate
/// Takes the steps that haven't been taken, and returns how many these were.
///
/// A step is never changed once it has been taken somewhere, and new ones come last.
///
/// Cancel safety: dropped, it has taken all steps or none.
///
/// # Errors
///
/// The server's. No step has been taken then.
pub async fn migrate(client: &mut Client, steps: &[&str]) -> Result<usize, Error> {
    let transaction = client.transaction().await?;
    let lock = "SELECT pg_advisory_xact_lock($1)"; // others wait here
    transaction.execute(lock, &[&LOCK]).await?;
    let table = "CREATE TABLE IF NOT EXISTS migrations (step int PRIMARY KEY)";
    transaction.batch_execute(table).await?;
    let count = "SELECT count(*) FROM migrations";
    let taken: i64 = transaction.query_one(count, &[]).await?.get(0);
    let new = steps.iter().zip(0..).skip(taken as usize);
    for (step, number) in new.clone() {
        transaction.batch_execute(step).await?;
        let note = "INSERT INTO migrations VALUES ($1)";
        transaction.execute(note, &[&number]).await?;
    }
    transaction.commit().await?;
    Ok(new.count())
}
// ANCHOR_END: migrate
