//! A `redis-server` of one's own.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use tempfile::TempDir;

use crate::program::PATIENCE;
use crate::{machine, services, signal};

/// A server on a socket in a temporary folder; it ends with this value.
pub struct Redis {
    child: Child,
    arguments: Vec<String>,
    port: u16,
    folder: TempDir,
}

impl Redis {
    /// Starts it with these arguments (`&["--maxmemory", "10mb"]`) and waits until it answers.
    /// It keeps nothing on the disk unless they say so.
    #[track_caller]
    pub fn start(arguments: &[&str]) -> Self {
        Self::start_in(TempDir::new().expect("a folder"), arguments, 0)
    }

    /// The same, on a port of its own too, for a client that knows no sockets. Another program
    /// may take the port between its choice and its use.
    #[track_caller]
    pub fn start_on_port(arguments: &[&str]) -> Self {
        let folder = TempDir::new().expect("a folder");
        Self::start_in(folder, arguments, machine::free_port())
    }

    /// The same, in a folder on a disk of one's choice; port 0 stands for none.
    #[track_caller]
    pub fn start_in(folder: TempDir, arguments: &[&str], port: u16) -> Self {
        let arguments = arguments.iter().map(|&argument| argument.to_owned());
        let arguments: Vec<String> = arguments.collect();
        let child = launch(&folder, &arguments, port);
        let redis = Self {
            child,
            arguments,
            port,
            folder,
        };
        redis.until_it_answers();
        redis
    }

    /// Its socket.
    pub fn socket(&self) -> PathBuf {
        self.folder.path().join("redis.sock")
    }

    /// Its address on the socket, as the crate `redis` reads it.
    pub fn url(&self) -> String {
        format!("redis+unix://{}", self.socket().display())
    }

    /// Its port; 0 if it has none.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The id of its process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends one command, its words separated by spaces, over a connection of its own.
    #[track_caller]
    pub fn command<T: redis::FromRedisValue>(&self, command: &str) -> T {
        let mut words = command.split(' ');
        let mut call = redis::cmd(words.next().unwrap_or_default());
        for word in words {
            call.arg(word);
        }
        let client = redis::Client::open(self.url()).expect("a valid address");
        let answer = client
            .get_connection()
            .and_then(|mut redis| call.query(&mut redis));
        answer.unwrap_or_else(|error| panic!("{command}: {error}"))
    }

    /// Sends one command whose words may have spaces in them, and passes its answer over.
    #[track_caller]
    pub fn call(&self, words: &[&str]) {
        let client = redis::Client::open(self.url()).expect("a valid address");
        let (command, arguments) = words.split_first().expect("a command");
        let mut call = redis::cmd(command);
        call.arg(arguments);
        let answer = client
            .get_connection()
            .and_then(|mut redis| call.exec(&mut redis));
        answer.unwrap_or_else(|error| panic!("{words:?}: {error}"));
    }

    /// Commands that it has run so far, those that scripts call among them, `INFO` not.
    pub fn commands(&self) -> u64 {
        let about: String = self.command("INFO commandstats");
        let lines = about
            .lines()
            .filter(|line| !line.starts_with("cmdstat_info:"));
        let calls = lines.filter_map(|line| {
            let (_, calls) = line.split_once("calls=")?;
            calls.split(',').next()?.parse::<u64>().ok()
        });
        calls.sum()
    }

    /// Ends it with SIGKILL, as a crash would, and waits until it is gone.
    pub fn kill(&mut self) {
        self.child.kill().expect("a child may be killed");
        self.child.wait().expect("a child can be waited for");
    }

    /// Starts it again in the same folder, after [`kill`](Self::kill).
    #[track_caller]
    pub fn restart(&mut self) {
        let _ = std::fs::remove_file(self.socket());
        self.child = launch(&self.folder, &self.arguments, self.port);
        self.until_it_answers();
    }

    /// Stops it where it is: connections stay open, nothing is answered.
    pub fn stop(&self) {
        signal::send(&self.child, Signal::STOP);
    }

    /// Lets it go on after [`stop`](Self::stop).
    pub fn go_on(&self) {
        signal::send(&self.child, Signal::CONT);
    }

    #[track_caller]
    fn until_it_answers(&self) {
        let client = redis::Client::open(self.url()).expect("a valid address");
        let until = Instant::now() + PATIENCE;
        let answers = || {
            let mut redis = client.get_connection().ok()?;
            redis::cmd("PING").exec(&mut redis).ok()
        };
        while answers().is_none() {
            assert!(Instant::now() < until, "redis-server does not answer");
            thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        // It may have been killed already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[track_caller]
fn launch(folder: &TempDir, arguments: &[String], port: u16) -> Child {
    Command::new(services::required("redis-server", "redis-server"))
        .args(["--bind", "127.0.0.1", "--port", &port.to_string()])
        .args(["--save", "", "--unixsocket"])
        .arg(folder.path().join("redis.sock"))
        .arg("--dir")
        .arg(folder.path())
        .args(arguments)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("redis-server can be run")
}
