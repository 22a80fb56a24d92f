//! The two stores, as tests want them: empty, private, with a clock that can be moved.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use task_queue::broker::redis::RedisBroker;
use task_queue::broker::sqlite::{SqliteBroker, Sync};
use task_queue::broker::{Broker, Options};
use task_queue::name::QueueName;
use tempfile::TempDir;

/// A store for one test.
pub trait Store: Sized {
    /// The broker on it.
    type Broker: Broker;

    /// Makes an empty store.
    async fn open(options: Options) -> Self;

    /// A handle.
    fn broker(&self) -> Self::Broker;

    /// Lets time pass, by the store's clock.
    fn advance(&self, span: Duration) {
        self.move_clock(i64::try_from(span.as_micros()).unwrap());
    }

    /// Sets the clock forward or back, in microseconds.
    fn move_clock(&self, micros: i64);
}

pub struct Sqlite {
    pub path: PathBuf,
    clock: Arc<AtomicI64>,
    broker: SqliteBroker,
    _folder: TempDir,
}

impl Store for Sqlite {
    type Broker = SqliteBroker;

    async fn open(options: Options) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("queue.db");
        let clock = Arc::new(AtomicI64::new(1_700_000_000_000_000));
        let reader = clock.clone();
        let moving = Arc::new(move || reader.load(Ordering::Relaxed));
        let broker = SqliteBroker::open_with_clock(&path, Sync::Normal, options, moving)
            .await
            .unwrap();
        Self {
            path,
            clock,
            broker,
            _folder: folder,
        }
    }

    fn broker(&self) -> SqliteBroker {
        self.broker.clone()
    }

    fn move_clock(&self, micros: i64) {
        self.clock.fetch_add(micros, Ordering::Relaxed);
    }
}

pub struct Redis {
    broker: RedisBroker,
    _server: Option<testbed::redis::Redis>,
}

impl Redis {
    /// A store on a server that is there already.
    pub async fn on(server: &testbed::redis::Redis, options: Options) -> Self {
        Self {
            broker: on_redis(server, options).await,
            _server: None,
        }
    }
}

impl Store for Redis {
    type Broker = RedisBroker;

    async fn open(options: Options) -> Self {
        let server = testbed::redis::Redis::start(&[]);
        let broker = on_redis(&server, options).await;
        Self {
            broker,
            _server: Some(server),
        }
    }

    fn broker(&self) -> RedisBroker {
        self.broker.clone()
    }

    fn move_clock(&self, micros: i64) {
        self.broker.move_clock(micros);
    }
}

/// A broker on a server of the tests' own.
pub async fn on_redis(server: &testbed::redis::Redis, options: Options) -> RedisBroker {
    connect(&server.url(), options).await
}

pub async fn connect(url: &str, options: Options) -> RedisBroker {
    let namespace = QueueName::new("test").unwrap();
    let broker = RedisBroker::connect(url, &namespace, options).await;
    broker.unwrap()
}
