//! The loop that does what time asks for: see [`Leases::upkeep`].
//!
//! Every worker runs it, and every server. That several do at once is harmless, and as long as one
//! of them lives, no lease, delay or schedule is forgotten.

use std::time::Duration;

use tokio::time::{self, Instant};
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

use crate::broker::{Leases, Upkeep};
use crate::metrics::Metrics;
use crate::outage::{Outage, changed};
use crate::sync::watch;

/// Jobs of each kind that one call may move, so that no call holds up the store for long.
const LIMIT: usize = 500;
/// The longest pause while something can run out.
const SOON: Duration = Duration::from_secs(1);

/// Calls `upkeep` whenever something is due, until `shutdown`. Lives through outages of the store.
pub async fn run<B: Leases>(broker: B, metrics: Metrics, shutdown: CancellationToken) {
    let signals = broker.signals();
    let (mut due, mut leased) = (signals.due, signals.leased);
    let mut outage = Outage::new("upkeep", &metrics);
    while !shutdown.is_cancelled() {
        // Seen before the call: what falls due during it wakes the wait below.
        due.borrow_and_update();
        leased.borrow_and_update();
        let Some(answer) = shutdown.run_until_cancelled(broker.upkeep(LIMIT)).await else {
            break;
        };
        let done = match outage.heard(answer) {
            Ok(done) => done,
            Err(pause) => {
                shutdown.run_until_cancelled(time::sleep(pause)).await;
                continue;
            }
        };
        log(&done);
        let pause = done.next.min(signals.look_every.max(SOON));
        tokio::select! {
            biased;
            () = shutdown.cancelled() => break,
            () = changed(&mut due) => {}
            () = rest(pause, &mut leased) => {}
        }
    }
}

/// Sleeps, but no longer than a second from when a first lease begins.
async fn rest(pause: Duration, leased: &mut watch::Receiver<u64>) {
    let end = Instant::now() + pause;
    if time::timeout_at(end, changed(leased)).await.is_ok() {
        time::sleep_until(end.min(Instant::now() + SOON)).await;
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
