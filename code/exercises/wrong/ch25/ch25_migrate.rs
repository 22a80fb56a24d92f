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
