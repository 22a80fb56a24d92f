//! Wrong: the heartbeats come after the handler, when there is no lease left to keep.

use std::sync::Mutex;
use std::time::Duration;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

#[derive(Debug, PartialEq, Eq)]
struct LeaseLost;

/// The store's side of one lease. Somebody else waits for the job and gets it in the
/// moment in which the lease runs out.
struct Store {
    length: Duration,
    /// How long a call is on its way.
    latency: Duration,
    until: Mutex<Instant>,
    /// How much of the lease was left at each heartbeat.
    left: Mutex<Vec<Duration>>,
    reported: Mutex<Vec<&'static str>>,
}

impl Store {
    /// A store that has lent its job in this moment.
    fn new(length: Duration, latency: Duration) -> Self {
        Self {
            length,
            latency,
            until: Mutex::new(Instant::now() + length),
            left: Mutex::default(),
            reported: Mutex::default(),
        }
    }

    /// A heartbeat: the lease holds for its whole length from now on, if it is not lost.
    async fn extend(&self) -> Result<(), LeaseLost> {
        sleep(self.latency).await;
        let now = Instant::now();
        let mut until = self.until.lock().unwrap();
        if *until <= now {
            return Err(LeaseLost);
        }
        self.left.lock().unwrap().push(*until - now);
        *until = now + self.length;
        Ok(())
    }

    async fn report(&self, result: &'static str) {
        sleep(self.latency).await;
        self.reported.lock().unwrap().push(result);
    }

    /// The job goes to somebody else.
    fn revoke(&self) {
        *self.until.lock().unwrap() = Instant::now();
    }
}

#[derive(Debug, PartialEq, Eq)]
enum End {
    Reported,
    LeaseLost,
}

/// Runs `handler` and reports its result, unless the lease is lost on the way.
async fn run<F>(store: &Store, handler: impl FnOnce(CancellationToken) -> F) -> End
where
    F: Future<Output = &'static str>,
{
    let stop = CancellationToken::new();
    let start = Instant::now();
    let result = handler(stop.clone()).await;
    let mut due = start + store.length / 3;
    while due <= Instant::now() {
        if store.extend().await.is_err() {
            stop.cancel();
            return End::LeaseLost;
        }
        due += store.length / 3;
    }
    store.report(result).await;
    End::Reported
}

fn main() {}
