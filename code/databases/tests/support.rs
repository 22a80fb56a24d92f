//! A database for one test, and what the tests ask it.

use std::time::Duration;

use databases::pool::{self, Limits};
use deadpool_postgres::Pool;
use testbed::postgres::Postgres;
use tokio_postgres::{Client, Config, NoTls};

/// Longer than anything takes that isn't stuck.
pub const LONG: Duration = Duration::from_secs(60);

/// Limits that no test reaches by accident.
pub const LIMITS: Limits = Limits {
    size: 4,
    wait: LONG,
    connect: LONG,
    statement: LONG,
};

/// A database of its own, on a server that the tests share.
pub struct Database(Config);

impl Database {
    pub fn config(&self) -> Config {
        self.0.clone()
    }
}

pub async fn server() -> Database {
    let database = Postgres::shared().database().await;
    Database(database.url().parse().unwrap())
}

pub fn pool(server: &Database, size: usize) -> Pool {
    pool::open(&server.config(), Limits { size, ..LIMITS }).unwrap()
}

/// A connection outside of any pool.
pub async fn connect(server: &Database) -> Client {
    let (client, connection) = server.config().connect(NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

/// The first column of the only row, which is a number.
pub async fn number(client: &Client, query: &str) -> i64 {
    client.query_one(query, &[]).await.unwrap().get(0)
}

/// Asks until the answer is this.
pub async fn until(client: &Client, query: &str, wanted: i64) {
    while number(client, query).await != wanted {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
