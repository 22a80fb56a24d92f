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
    drop(connection);
    pay().await;
    let connection = database.connection().await;
    connection.run("update order").await;
}

fn main() {}

#[cfg(test)]
mod tests {
    use super::*;

    use futures::future::join_all;
    use tokio::time::{Instant, timeout};

    const HOUR: Duration = Duration::from_secs(3600);

    // `tokio::test` runs an async function, here on a virtual clock, as a #[test]
    #[tokio::test(start_paused = true)]
    async fn one_connection_is_enough_for_an_order() {
        let database = Database::new(1);
        assert!(timeout(HOUR, place(&database)).await.is_ok(), "it hangs");
        let ran = database.ran.lock().unwrap();
        let statements = ran.iter().map(|(_, statement)| *statement);
        let wanted = ["insert order", "insert log", "update order"];
        assert!(statements.eq(wanted), "{ran:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn the_order_and_its_log_are_written_on_one_connection() {
        let database = Database::new(5);
        place(&database).await;
        let ran = database.ran.lock().unwrap();
        assert_eq!(ran[0].0, ran[1].0);
    }

    #[tokio::test(start_paused = true)]
    async fn payments_do_not_wait_for_connections() {
        let (start, database) = (Instant::now(), Database::new(1));
        join_all((0..10).map(|_| place(&database))).await;
        let time = start.elapsed();
        assert!(time < Duration::from_secs(3), "{time:?} for ten orders");
    }
}
