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

use std::time::Duration;

use anyhow::{Result, bail};
use testbed::peer::{Peer, STARTING, TooLate};

/// What a program is started to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Role {
    Worker,
    Producer,
    Both,
}

/// Waits until `expected` jobs have run. Answers the median and the 99th percentile of their waits.
pub fn done(worker: &mut Peer, expected: usize, limit: Duration) -> Result<(Duration, Duration)> {
    let line = match worker.wait("done", limit) {
        Ok(line) => line,
        Err(error) if error.is::<TooLate>() => {
            worker.tell("count")?;
            let line = worker.wait("count", STARTING)?;
            let ran = line.trim_start_matches("count ");
            bail!("{ran} of {expected} jobs had run after {limit:?}");
        }
        Err(error) => return Err(error),
    };
    let numbers = line.split(' ').skip(1).map(str::parse);
    let mut waits = numbers.map(|micros| micros.map(Duration::from_micros));
    match (waits.next(), waits.next()) {
        (Some(Ok(median)), Some(Ok(late))) => Ok((median, late)),
        _ => bail!("a worker said {line:?}"),
    }
}
