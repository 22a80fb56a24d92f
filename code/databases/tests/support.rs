//! A server for one test, and what the tests ask it.

use std::time::Duration;

use databases::pool::{self, Limits};
use databases::server::Server;
use deadpool_postgres::Pool;
use tokio_postgres::{Client, NoTls};

/// Longer than anything takes that isn't stuck.
pub const LONG: Duration = Duration::from_secs(60);

/// Limits that no test reaches by accident.
pub const LIMITS: Limits = Limits {
    size: 4,
    wait: LONG,
    connect: LONG,
    statement: LONG,
};

pub fn server() -> Server {
    Server::start().unwrap()
}

pub fn pool(server: &Server, size: usize) -> Pool {
    pool::open(&server.config(), Limits { size, ..LIMITS }).unwrap()
}

/// A connection outside of any pool.
pub async fn connect(server: &Server) -> Client {
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
