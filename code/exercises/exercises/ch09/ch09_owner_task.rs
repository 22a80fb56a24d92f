//! A ledger writes each sum twice, and each writing takes a second. Callers may give up waiting,
//! and the two columns must agree all the same.
//!
//! Complete `Ledger`: a task owns the columns; `add` sends it a request and waits for the answer.

#![allow(unused_imports)]

use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio::time::sleep;

#[derive(Clone)]
struct Ledger {
    // TODO: how does a request get to the task?
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
        todo!()
    }

    /// Adds `sum`, and returns the columns. Once it has waited, giving up doesn't stop it.
    async fn add(&self, sum: u64) -> [u64; 2] {
        let _ = write;
        todo!()
    }
}

fn main() {
    // You can experiment here; the tests decide.
}

#[cfg(test)]
mod tests {
    use super::*;

    use tokio::time::timeout;

    // `tokio::test` runs an async function, here on a virtual clock, as a #[test]
    #[tokio::test(start_paused = true)]
    async fn sums_are_added_in_both_columns() {
        let ledger = Ledger::open();
        assert_eq!(ledger.add(5).await, [5, 5]);
        assert_eq!(ledger.clone().add(2).await, [7, 7]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_caller_that_gives_up_cuts_nothing_in_half() {
        let ledger = Ledger::open();
        let patience = Duration::from_millis(1_500); // one column is written
        assert!(timeout(patience, ledger.add(5)).await.is_err());
        assert_eq!(ledger.add(2).await, [7, 7]);
    }

    #[tokio::test(start_paused = true)]
    async fn many_callers_take_turns() {
        let ledger = Ledger::open();
        tokio::join!(ledger.add(1), ledger.add(2), ledger.add(3));
        assert_eq!(ledger.add(0).await, [6, 6]);
    }
}
