//! Wrong: the order keeps its connection while it waits for the payment.

use std::sync::Mutex;
use std::time::Duration;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::sleep;

struct Database {
    pool: Semaphore,
    /// Each statement, with the number of its connection: no number is used twice.
    ran: Mutex<Vec<(u32, &'static str)>>,
    taken: Mutex<u32>,
}

struct Connection<'a> {
    number: u32,
    database: &'a Database,
    _permit: SemaphorePermit<'a>,
}

impl Database {
    fn new(size: usize) -> Database {
        Database {
            pool: Semaphore::new(size),
            ran: Mutex::default(),
            taken: Mutex::default(),
        }
    }

    async fn connection(&self) -> Connection<'_> {
        let permit = self.pool.acquire().await.unwrap();
        let mut taken = self.taken.lock().unwrap();
        *taken += 1;
        Connection {
            number: *taken,
            database: self,
            _permit: permit,
        }
    }
}

impl Connection<'_> {
    async fn run(&self, statement: &'static str) {
        sleep(Duration::from_millis(10)).await;
        let mut ran = self.database.ran.lock().unwrap();
        ran.push((self.number, statement));
    }
}

async fn pay() {
    sleep(Duration::from_secs(2)).await;
}

async fn place(database: &Database) {
    let connection = database.connection().await;
    connection.run("insert order").await;
    connection.run("insert log").await;
    pay().await; // and everyone waits
    connection.run("update order").await;
}

fn main() {}
