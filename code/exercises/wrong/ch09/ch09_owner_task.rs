//! Wrong: a lock keeps others out, and the caller still cuts the writing in half.

#![allow(unused_imports)]

use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio::time::sleep;

#[derive(Clone)]
struct Ledger {
    columns: std::sync::Arc<tokio::sync::Mutex<[u64; 2]>>,
}

/// Adds `sum` to both columns, which takes two seconds.
async fn write(columns: &mut [u64; 2], sum: u64) {
    for column in columns {
        sleep(Duration::from_secs(1)).await;
        *column += sum;
    }
}

impl Ledger {
    /// Starts the task, which ends when its last ledger is dropped.
    fn open() -> Ledger {
        Ledger {
            columns: Default::default(),
        }
    }

    /// Adds `sum`, and returns the columns. Once it has waited, giving up doesn't stop it.
    async fn add(&self, sum: u64) -> [u64; 2] {
        let mut columns = self.columns.lock().await;
        write(&mut columns, sum).await;
        *columns
    }
}

fn main() {}
