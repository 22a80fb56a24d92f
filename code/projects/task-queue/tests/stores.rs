//! The two stores, as tests want them: empty, private, with a clock that can be moved.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
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
    _server: Option<Server>,
}

impl Redis {
    /// A store on a server that is there already.
    pub async fn on(server: &Server, options: Options) -> Self {
        Self {
            broker: server.broker(options).await,
            _server: None,
        }
    }
}

impl Store for Redis {
    type Broker = RedisBroker;

    async fn open(options: Options) -> Self {
        let server = Server::start(&[]);
        let broker = server.broker(options).await;
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

/// A `redis-server` of one's own on a socket in a temporary folder; it ends with this value.
pub struct Server {
    process: Child,
    arguments: Vec<String>,
    folder: TempDir,
}

impl Server {
    /// Starts it and waits until it answers.
    pub fn start(arguments: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let arguments: Vec<String> = arguments
            .iter()
            .map(|&argument| argument.to_owned())
            .collect();
        let process = launch(&folder, &arguments);
        Self {
            process,
            arguments,
            folder,
        }
    }

    pub fn socket(&self) -> PathBuf {
        self.folder.path().join("redis.sock")
    }

    pub fn url(&self) -> String {
        format!("redis+unix://{}", self.socket().display())
    }

    pub async fn broker(&self, options: Options) -> RedisBroker {
        let namespace = QueueName::new("test").unwrap();
        RedisBroker::connect(&self.url(), &namespace, options)
            .await
            .unwrap()
    }

    /// Sends one command over a connection of its own.
    pub fn command<T: redis::FromRedisValue>(&self, command: &str) -> T {
        let mut words = command.split(' ');
        let mut command = redis::cmd(words.next().unwrap());
        for word in words {
            command.arg(word);
        }
        let client = redis::Client::open(self.url()).unwrap();
        command
            .query(&mut client.get_connection().unwrap())
            .unwrap()
    }

    pub fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// Starts it again in the same folder, after `kill`.
    pub fn restart(&mut self) {
        self.process = launch(&self.folder, &self.arguments);
    }

    /// Sends it a signal, by the name that `kill` knows.
    pub fn signal(&self, name: &str) {
        let id = self.process.id().to_string();
        assert!(
            Command::new("kill")
                .args(["-s", name, &id])
                .status()
                .unwrap()
                .success()
        );
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have been killed already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn launch(folder: &TempDir, arguments: &[String]) -> Child {
    let socket = folder.path().join("redis.sock");
    let _ = std::fs::remove_file(&socket);
    let mut process = Command::new("redis-server")
        .args(["--port", "0", "--save", "", "--unixsocket"])
        .arg(&socket)
        .arg("--dir")
        .arg(folder.path())
        .args(arguments)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("redis-server is installed");
    let client = redis::Client::open(format!("redis+unix://{}", socket.display())).unwrap();
    for _ in 0..500 {
        let connection = client.get_connection();
        if connection.is_ok_and(|mut connection| redis::cmd("PING").exec(&mut connection).is_ok()) {
            return process;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    let _ = process.kill();
    let _ = process.wait();
    panic!("redis-server does not answer after 5 s");
}
