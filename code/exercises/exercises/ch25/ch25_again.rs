//! The database refuses a transaction if what it has read was changed before its commit. Then it may
//! be repeated, up to five attempts in all. If the connection is lost at the commit, it may have
//! happened, so it must not be repeated.
//!
//! Complete `order`, which takes one piece from the stock.

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
    // TODO: what is repeated, and when?
    todo!()
}

fn main() {}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(trouble: &[Error]) -> Table {
        let (stock, trouble) = (10, trouble.to_vec());
        Table(Arc::new(Mutex::new(Row {
            stock,
            trouble,
            ..Row::default()
        })))
    }

    /// What is left, and how many transactions were begun.
    fn row(table: &Table) -> (i64, u32) {
        let row = table.0.lock().unwrap();
        (row.stock, row.begun)
    }

    // `tokio::test` runs an async function, here on a virtual clock, as a #[test]
    #[tokio::test(start_paused = true)]
    async fn an_order_takes_one() {
        let table = table(&[]);
        assert_eq!(order(&table).await, Ok(9));
        assert_eq!(row(&table), (9, 1));
    }

    #[tokio::test(start_paused = true)]
    async fn of_two_orders_at_once_none_is_lost() {
        let table = table(&[]);
        let (one, two) = tokio::join!(order(&table), order(&table));
        assert!(one.is_ok() && two.is_ok());
        assert_eq!(row(&table).0, 8);
    }

    #[tokio::test(start_paused = true)]
    async fn the_fifth_refusal_is_the_answer() {
        let table = table(&[Error::Refused; 10]);
        assert_eq!(order(&table).await, Err(Error::Refused));
        assert_eq!(row(&table), (10, 5));
    }

    #[tokio::test(start_paused = true)]
    async fn what_may_have_happened_is_not_repeated() {
        let table = table(&[Error::Lost]);
        assert_eq!(order(&table).await, Err(Error::Lost));
        assert_eq!(row(&table), (10, 1));
    }
}
