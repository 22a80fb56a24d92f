//! A server stops for five seconds. How long do its clients notice?
//!
//! ```console
//! cargo run -p examples --bin ch26-outage
//! ```
//!
//! 50 calls a second go to a server that can do 66. From second 10 to 15 it does nothing. Each
//! client waits for one second, and what it does then differs. Printed is how many calls were
//! answered in each second of a minute; chapter 26 draws it. The clock is virtual.

use std::cell::Cell;
use std::sync::Arc;

use patterns::deadline::{Deadline, Expired};
use patterns::retry::{Backoff, Failure, RetryBudget, retry};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{Duration, Instant, sleep};

const SECOND: Duration = Duration::from_secs(1);
/// How long the server takes for a call, ten of which it does side by side.
const WORK: Duration = Duration::from_millis(150);
const CALLS_PER_SECOND: u32 = 50;

/// What differs.
#[derive(Clone, Copy)]
struct Way {
    name: &'static str,
    attempts: u32,
    /// The longest wait before the second attempt, of which the dice take a part.
    wait: Duration,
    /// One retry for so many calls; 1 is no bound here.
    calls_per_retry: u32,
    /// The server leaves a call aside if its client waits no longer than this.
    useful: Option<Duration>,
}

const ONCE: Way = Way {
    name: "no retry",
    attempts: 1,
    wait: Duration::ZERO,
    calls_per_retry: 1,
    useful: None,
};

const WAYS: [Way; 6] = [
    ONCE,
    Way {
        name: "one retry, at once",
        attempts: 2,
        ..ONCE
    },
    Way {
        name: "one retry, full jitter up to 8 s",
        attempts: 2,
        wait: Duration::from_secs(8),
        ..ONCE
    },
    Way {
        name: "full jitter, and a budget of a tenth",
        attempts: 2,
        wait: Duration::from_secs(8),
        calls_per_retry: 10,
        ..ONCE
    },
    Way {
        name: "full jitter, and the server leaves aside what is past its deadline",
        attempts: 2,
        wait: Duration::from_secs(8),
        useful: Some(Duration::ZERO),
        ..ONCE
    },
    Way {
        name: "full jitter, and the server leaves aside what it can't do in time",
        attempts: 2,
        wait: Duration::from_secs(8),
        useful: Some(WORK),
        ..ONCE
    },
];

struct World {
    way: Way,
    budget: RetryBudget,
    server: Semaphore,
}

impl World {
    async fn serve(&self, deadline: Deadline) -> Result<(), Expired> {
        let _place = self.server.acquire().await.expect("never closed");
        if self
            .way
            .useful
            .is_some_and(|useful| deadline.remaining() <= useful)
        {
            return Err(Expired);
        }
        sleep(WORK).await;
        Ok(())
    }

    /// When the answer came, if it did. `dice` is where this call's die begins.
    async fn call(self: Arc<Self>, dice: f64) -> Option<Instant> {
        let backoff = Backoff {
            first: self.way.wait,
            longest: self.way.wait,
            attempts: self.way.attempts,
        };
        let attempt = async || {
            let (world, deadline) = (Arc::clone(&self), Deadline::after(SECOND));
            // A task: the server doesn't see that its client has gone.
            let work = tokio::spawn(async move { world.serve(deadline).await });
            match deadline.run(work).await {
                Ok(answer) => answer.expect("no panic").map_err(Failure::Again)?,
                Err(expired) => return Err(Failure::Again(expired)),
            }
            Ok(Instant::now())
        };
        let day = Deadline::after(24 * 3600 * SECOND);
        retry(&backoff, &self.budget, day, || dice, attempt)
            .await
            .ok()
    }
}

/// The calls answered in each second of a minute.
async fn minute(way: Way) -> Vec<u32> {
    let world = Arc::new(World {
        way,
        budget: RetryBudget::new(10, way.calls_per_retry),
        server: Semaphore::new(10),
    });
    let (start, mut calls) = (Instant::now(), JoinSet::new());
    let stopped = Cell::new(None);
    for tick in 0..60 * CALLS_PER_SECOND {
        if tick == 10 * CALLS_PER_SECOND {
            stopped.set(world.server.acquire_many(10).await.ok());
        } else if tick == 15 * CALLS_PER_SECOND {
            stopped.set(None);
        }
        // Multiples of the golden ratio stand for dice: they fill a span evenly.
        let dice = (f64::from(tick) * 0.618_033_988_749_895).fract();
        calls.spawn(Arc::clone(&world).call(dice));
        sleep(SECOND / CALLS_PER_SECOND).await;
    }
    let mut answered = vec![0; 60];
    while start.elapsed() < 80 * SECOND
        && let Some(call) = calls.join_next().await
    {
        let second = call.expect("no panic").map(|at| (at - start).as_secs());
        if let Some(count) = second.and_then(|second| answered.get_mut(second as usize)) {
            *count += 1;
        }
    }
    answered
}

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() {
    for way in WAYS {
        println!("{}: {:?}", way.name, minute(way).await);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The seconds from the first to the last without an answer, as the book draws them.
    #[tokio::test(start_paused = true)]
    async fn how_long_each_way_is_down() {
        let mut down = Vec::new();
        for way in WAYS {
            let answered = minute(way).await;
            down.push(answered.iter().filter(|calls| **calls < 5).count());
        }
        assert_eq!(down, [16, 49, 49, 22, 49, 4]);
    }
}
