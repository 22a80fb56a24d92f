//! Wrong: what was read before the first attempt is written by the second one, which has read nothing.

use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::time::sleep;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Error {
    /// Nothing has happened.
    Refused,
    /// It may have been committed.
    Lost,
}

#[derive(Default)]
struct Row {
    stock: i64,
    version: u32,
    begun: u32,
    /// What the next commits answer, instead of what they'd do.
    trouble: Vec<Error>,
}

/// Clones are the same table.
#[derive(Clone, Default)]
struct Table(Arc<Mutex<Row>>);

struct Transaction {
    table: Table,
    seen: Option<u32>,
    stock: i64,
}

impl Table {
    async fn begin(&self) -> Transaction {
        sleep(Duration::from_millis(1)).await;
        let mut row = self.0.lock().unwrap();
        row.begun += 1;
        Transaction {
            table: self.clone(),
            seen: None,
            stock: row.stock,
        }
    }
}

impl Transaction {
    async fn read(&mut self) -> i64 {
        sleep(Duration::from_millis(1)).await;
        let row = self.table.0.lock().unwrap();
        self.seen = Some(row.version);
        row.stock
    }

    fn write(&mut self, stock: i64) {
        self.stock = stock;
    }

    async fn commit(self) -> Result<(), Error> {
        sleep(Duration::from_millis(1)).await;
        let mut row = self.table.0.lock().unwrap();
        if let Some(trouble) = row.trouble.pop() {
            return Err(trouble);
        }
        if self.seen.is_some_and(|seen| seen != row.version) {
            return Err(Error::Refused);
        }
        row.stock = self.stock;
        row.version += 1;
        Ok(())
    }
}

/// Takes one from the stock. Returns what is left.
async fn order(table: &Table) -> Result<i64, Error> {
    let mut transaction = table.begin().await;
    let left = transaction.read().await - 1;
    for _ in 0..4 {
        transaction.write(left);
        match transaction.commit().await {
            Ok(()) => return Ok(left),
            Err(Error::Refused) => transaction = table.begin().await, // reads nothing
            Err(error) => return Err(error),
        }
    }
    transaction.write(left);
    transaction.commit().await.map(|()| left)
}

fn main() {}
