//! Wrong: who waits has read the moment once, and doesn't hear that the rest has become longer.

use std::sync::Mutex;
use tokio::time::{Duration, Instant, sleep_until};

/// The rest of one host.
struct Rest(Mutex<Instant>);

impl Rest {
    /// The host wants to be left alone for so long, from now on.
    fn at_least(&self, rest: Duration) {
        let mut until = self.0.lock().unwrap();
        *until = (*until).max(Instant::now() + rest);
    }

    /// Waits until the rest is over.
    async fn over(&self) {
        let until = *self.0.lock().unwrap();
        sleep_until(until).await;
    }
}

fn main() {}
