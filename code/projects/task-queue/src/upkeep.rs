//! The loop that does what time asks for: see [`Broker::upkeep`].
//!
//! Every worker runs it, and every server. That several do at once is harmless, and as long as one
//! of them lives, no lease, delay or schedule is forgotten.

use std::time::Duration;

use tokio::time;
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

use crate::broker::{Broker, Upkeep};
use crate::metrics::Metrics;
use crate::worker::{Outage, changed};

/// Jobs of each kind that one call may move, so that no call holds up the store for long.
const LIMIT: usize = 500;
/// The longest pause, should a store ask for more.
const LONGEST: Duration = Duration::from_secs(1);

/// Calls `upkeep` whenever something is due, until `shutdown`. Lives through outages of the store.
pub async fn run<B: Broker>(broker: B, metrics: Metrics, shutdown: CancellationToken) {
    let mut due = broker.signals().due;
    let mut outage = Outage::new("upkeep", &metrics);
    while !shutdown.is_cancelled() {
        // Seen before the call: what falls due during it wakes the wait below.
        due.borrow_and_update();
        let pause = match shutdown.run_until_cancelled(broker.upkeep(LIMIT)).await {
            None => break,
            Some(Ok(done)) => {
                outage.over();
                log(&done);
                done.next.min(LONGEST)
            }
            Some(Err(error)) => {
                let pause = outage.pause(&error);
                shutdown.run_until_cancelled(time::sleep(pause)).await;
                continue;
            }
        };
        tokio::select! {
            biased;
            () = shutdown.cancelled() => break,
            () = changed(&mut due) => {}
            () = time::sleep(pause) => {}
        }
    }
}

fn log(done: &Upkeep) {
    if done.recovered + done.poisoned > 0 {
        let (recovered, poisoned) = (done.recovered, done.poisoned);
        warn!(recovered, poisoned, "workers were lost");
    }
    if done.promoted + done.scheduled + done.expired > 0 {
        let (promoted, scheduled, expired) = (done.promoted, done.scheduled, done.expired);
        debug!(promoted, scheduled, expired, "upkeep");
    }
}
