//! A database for one test, and what the tests ask it.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use databases::pool::{self, Limits};
use databases::server::Server;
use deadpool_postgres::Pool;
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

/// A database of its own, on a server that tests share as long as one of them runs.
pub struct Database {
    config: Config,
    _server: Arc<Server>,
}

impl Database {
    pub fn config(&self) -> Config {
        self.config.clone()
    }
}

static SHARED: Mutex<Weak<Server>> = Mutex::new(Weak::new());
static NUMBER: AtomicUsize = AtomicUsize::new(0);

pub fn server() -> Database {
    let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
    let server = shared.upgrade().unwrap_or_else(|| {
        let server = Arc::new(Server::start().unwrap());
        *shared = Arc::downgrade(&server);
        server
    });
    let name = format!("test_{}", NUMBER.fetch_add(1, Relaxed));
    let config = server.database(&name).unwrap();
    Database {
        config,
        _server: server,
    }
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
