//! A program that a benchmark starts and speaks to, ours or another's, in whatever language.
//!
//! It says `ready` on its standard output when it is. From then on a line on its standard input is
//! an order, and it answers `ok` once that is done; whatever else it says, its driver knows.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow};

/// How long a program may take to start.
pub const STARTING: Duration = Duration::from_secs(30);

/// A program that runs; it is killed when this is dropped.
pub struct Peer {
    child: Child,
    orders: ChildStdin,
    said: Receiver<String>,
    /// Lines that may yet be waited for.
    heard: VecDeque<String>,
    log: std::path::PathBuf,
}

impl Peer {
    /// Starts it and waits until it is ready. What it complains of goes into `log`.
    pub fn start(mut command: Command, log: &Path) -> Result<Self> {
        let complaints = File::create(log)?;
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(complaints)
            .spawn()
            .with_context(|| format!("cannot run {command:?}"))?;
        let orders = child.stdin.take().context("no input")?;
        let output = child.stdout.take().context("no output")?;
        let (sender, said) = mpsc::channel();
        thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
        let log = log.to_owned();
        let mut peer = Self {
            child,
            orders,
            said,
            heard: VecDeque::new(),
            log,
        };
        peer.wait("ready", STARTING)?;
        Ok(peer)
    }

    /// The id of its process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Gives an order, and waits until it is done. Answers how long that took.
    pub fn order(&mut self, order: &str, limit: Duration) -> Result<Duration> {
        let start = Instant::now();
        self.tell(order)?;
        self.wait("ok", limit)?;
        Ok(start.elapsed())
    }

    /// The first line not yet waited for that begins so; [`TooLate`] if none comes within `limit`.
    pub fn wait(&mut self, beginning: &str, limit: Duration) -> Result<String> {
        if let Some(at) = self
            .heard
            .iter()
            .position(|line| line.starts_with(beginning))
        {
            return Ok(self.heard.remove(at).unwrap_or_default());
        }
        let until = Instant::now() + limit;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            match self.said.recv_timeout(left) {
                Ok(line) if line.starts_with(beginning) => return Ok(line),
                Ok(line) => self.heard.push_back(line),
                Err(RecvTimeoutError::Timeout) => {
                    let what = beginning.to_owned();
                    return Err(TooLate { what, limit }.into());
                }
                Err(RecvTimeoutError::Disconnected) => return Err(self.last_words()),
            }
        }
    }

    /// Gives an order, and does not wait.
    pub fn tell(&mut self, order: &str) -> Result<()> {
        writeln!(self.orders, "{order}").map_err(|_| self.last_words())
    }

    /// The error that it ended with, or the last line of what it said.
    fn last_words(&self) -> anyhow::Error {
        let log = std::fs::read_to_string(&self.log).unwrap_or_default();
        let mut lines = log.lines().filter(|line| !line.trim().is_empty());
        let error = lines.clone().find(|line| line.contains("rror: "));
        let words = error.or(lines.next_back()).unwrap_or("without a word");
        anyhow!("it ended: {}", words.trim())
    }
}

/// It did not say in time what it was to say.
#[derive(Debug, thiserror::Error)]
#[error("no {what} within {limit:?}")]
pub struct TooLate {
    what: String,
    limit: Duration,
}

impl Drop for Peer {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
