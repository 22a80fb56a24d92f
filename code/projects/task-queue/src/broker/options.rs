//! The numbers that a store works by.

use std::time::Duration;

/// The numbers a store works by. All processes on one store should agree on them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// How long a wait one level of priority is worth. Ready jobs are claimed in the order of
    /// *ready since − priority × aging*, so a job of priority p is overtaken only by jobs of a
    /// higher priority q that became ready less than (q − p) × aging after it. With 10 s, nothing
    /// that comes more than 90 s later can pass.
    pub aging: Duration,
    /// The most jobs that may wait (ready, delayed or blocked) in one queue.
    pub max_depth: u64,
    /// The most dead letters a queue keeps; beyond that, `upkeep` deletes the oldest.
    pub max_dead: u64,
    /// The longest payload and the longest result, in bytes.
    pub max_payload: usize,
    /// How many workers a job may lose: when one more is lost, it is a dead letter.
    pub max_recoveries: u32,
    /// From the second lost worker on, a job waits up to this long until it is handed out again.
    /// Jobs that were lost together so come back apart: only the one that takes its workers along
    /// goes on to lose them.
    pub recovery_spread: Duration,
}

impl Options {
    /// 10 s a level; 1,000,000 jobs and 100,000 dead letters a queue; 256 KiB; 3 recoveries, spread over 5 s.
    pub const STANDARD: Self = Self {
        aging: Duration::from_secs(10),
        max_depth: 1_000_000,
        max_dead: 100_000,
        max_payload: 256 * 1024,
        max_recoveries: 3,
        recovery_spread: Duration::from_secs(5),
    };
}
