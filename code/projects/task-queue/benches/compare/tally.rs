//! What every worker counts: jobs that ran, and how long each had waited.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Says `done` when as many jobs have run as the driver expects.
pub struct Tally {
    expected: usize,
    hold: bool,
    /// Microseconds from just before the job was sent until its handler began.
    waits: Mutex<Vec<u64>>,
}

impl Tally {
    /// From what the driver has put into the environment.
    pub fn of_environment() -> Self {
        let expected = number("EXPECT");
        Self {
            expected,
            hold: std::env::var_os("HOLD").is_some(),
            waits: Mutex::new(Vec::with_capacity(expected)),
        }
    }

    /// A job that was sent at this moment has begun. Answers for how long to hold it.
    pub fn note(&self, sent: u64) -> Option<Duration> {
        if self.hold {
            println!("holding");
            return Some(Duration::from_secs(3600));
        }
        let mut waits = self.waits.lock().unwrap_or_else(PoisonError::into_inner);
        waits.push(micros().saturating_sub(sent));
        if waits.len() == self.expected {
            waits.sort_unstable();
            let at = |percent: usize| waits[(waits.len() - 1) * percent / 100];
            println!("done {} {}", at(50), at(99));
        }
        None
    }

    /// How many have run.
    pub fn count(&self) -> usize {
        let waits = self.waits.lock().unwrap_or_else(PoisonError::into_inner);
        waits.len()
    }
}

/// Now, in microseconds since 1970.
pub fn micros() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_micros() as u64)
}

/// A number that the driver has put into the environment; 0 if it has not.
pub fn number(name: &str) -> usize {
    let value = std::env::var(name).ok();
    value.and_then(|value| value.parse().ok()).unwrap_or(0)
}
