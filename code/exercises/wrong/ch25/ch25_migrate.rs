//! Wrong: the version is read before the lock is there, and may be out of date then.

use std::sync::Mutex;
use std::time::Duration;
use tokio::sync::{Mutex as Lock, MutexGuard};
use tokio::time::sleep;

#[derive(Default)]
struct Database {
    lock: Lock<()>,
    version: Mutex<usize>,
    taken: Mutex<Vec<&'static str>>,
}

impl Database {
    async fn lock(&self) -> MutexGuard<'_, ()> {
        self.lock.lock().await
    }

    /// How many steps have been taken.
    async fn version(&self) -> usize {
        sleep(Duration::from_millis(1)).await;
        *self.version.lock().unwrap()
    }

    async fn set_version(&self, version: usize) {
        sleep(Duration::from_millis(1)).await;
        *self.version.lock().unwrap() = version;
    }

    async fn take(&self, step: &'static str) -> Result<(), &'static str> {
        sleep(Duration::from_millis(50)).await;
        if step == "syntax error" {
            return Err(step);
        }
        self.taken.lock().unwrap().push(step);
        Ok(())
    }
}

/// Takes the steps that haven't been taken.
async fn migrate(database: &Database, steps: &[&'static str]) -> Result<(), &'static str> {
    let version = database.version().await;
    if version == steps.len() {
        return Ok(()); // nothing to lock for
    }
    let _only_one = database.lock().await;
    for (number, step) in steps.iter().enumerate().skip(version) {
        database.take(step).await?;
        database.set_version(number + 1).await;
    }
    Ok(())
}

fn main() {}

#[cfg(test)]
mod tests {
    use super::*;

    use futures::future::join_all;

    fn taken(database: &Database) -> Vec<&'static str> {
        database.taken.lock().unwrap().clone()
    }

    // `tokio::test` runs an async function, here on a virtual clock, as a #[test]
    #[tokio::test(start_paused = true)]
    async fn steps_are_taken_in_order() {
        let database = Database::default();
        assert_eq!(migrate(&database, &["users", "orders"]).await, Ok(()));
        assert_eq!(taken(&database), ["users", "orders"]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_later_start_takes_what_is_new() {
        let database = Database::default();
        migrate(&database, &["users"]).await.unwrap();
        migrate(&database, &["users", "orders"]).await.unwrap();
        assert_eq!(taken(&database), ["users", "orders"]);
    }

    #[tokio::test(start_paused = true)]
    async fn four_starts_at_once_take_each_step_once() {
        let database = Database::default();
        let starts = (0..4).map(|_| migrate(&database, &["users", "orders"]));
        assert_eq!(join_all(starts).await, [Ok(()); 4]);
        assert_eq!(taken(&database), ["users", "orders"]);
    }

    #[tokio::test(start_paused = true)]
    async fn after_a_failed_step_the_next_start_goes_on_from_there() {
        let database = Database::default();
        let failed = migrate(&database, &["users", "syntax error"]).await;
        assert_eq!(failed, Err("syntax error"));
        migrate(&database, &["users", "orders"]).await.unwrap();
        assert_eq!(taken(&database), ["users", "orders"]);
    }
}
