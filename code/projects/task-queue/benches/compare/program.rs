//! The programs of the systems, and the words that they and the driver use.
//!
//! A program is started with its role, `worker` or `producer` (or `both`, where a store belongs to one
//! process), and with `STORE`, `PORT`, `JOBS` (how many to run at once), `LEASE` (seconds), `EXPECT` and
//! perhaps `HOLD` in its environment. It says `ready` when it is.
//!
//! - A producer answers `ok` once it has done what a line says: `single N` (one job a call, 32 calls at once),
//!   `bulk N` (500 jobs a call, four at once), `later N MS` (the same, to start after a delay), `pace N RATE`
//!   (one after the other, so many a second).
//! - A worker says `done P50 P99` when `EXPECT` jobs have run: microseconds from just before a job was sent
//!   until its handler began. Asked to `count`, it says `count N`. With `HOLD` it says `holding` when the
//!   handler of a job begins, and never ends it.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail};

/// How long a program may take to start.
const STARTING: Duration = Duration::from_secs(30);

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Role {
    Worker,
    Producer,
    Both,
}

/// A program that runs; it is killed when this is dropped.
pub struct Program {
    child: Child,
    orders: ChildStdin,
    said: Receiver<String>,
    /// Lines that somebody may yet wait for.
    heard: VecDeque<String>,
    log: std::path::PathBuf,
}

impl Program {
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
        let mut program = Self {
            child,
            orders,
            said,
            heard: VecDeque::new(),
            log,
        };
        program.wait("ready", STARTING)?;
        Ok(program)
    }

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

    /// Waits until `expected` jobs have run. Answers the median and the 99th percentile of their waits.
    pub fn done(&mut self, expected: usize, limit: Duration) -> Result<(Duration, Duration)> {
        let waited = self.wait("done", limit);
        let line = match waited {
            Ok(line) => line,
            Err(error) if error.is::<TooLate>() => {
                self.tell("count")?;
                let line = self.wait("count", STARTING)?;
                let ran = line.trim_start_matches("count ").to_owned();
                bail!("{ran} of {expected} jobs had run after {limit:?}");
            }
            Err(error) => return Err(error),
        };
        let mut waits = line
            .split(' ')
            .skip(1)
            .map(str::parse)
            .map(|micros| micros.map(Duration::from_micros));
        match (waits.next(), waits.next()) {
            (Some(Ok(median)), Some(Ok(late))) => Ok((median, late)),
            _ => bail!("a worker said {line:?}"),
        }
    }

    /// The first line not yet waited for that begins so.
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

    fn tell(&mut self, order: &str) -> Result<()> {
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

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
