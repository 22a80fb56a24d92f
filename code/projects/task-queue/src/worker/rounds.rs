//! What a worker does every now and then: scale, and tell that it lives.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use chrono::{DateTime, Utc};
use tokio::time::{self, MissedTickBehavior};
use tokio_util::sync::CancellationToken;
use tracing::info;

use crate::broker::{Leases, WorkerReport};
use crate::error::Result;
use crate::job::Timestamp;
use crate::scale::{Law, Observation, Scale};

use super::{SCALE_EVERY, Shared};
use crate::outage::Outage;

/// How often a worker tells that it lives, and for how long that holds.
const REPORT_EVERY: Duration = Duration::from_secs(5);
const REPORT_HOLDS: Duration = Duration::from_secs(15);

/// Changes the number of slots by the rule of [`crate::scale`]. Never ends by itself.
pub(super) async fn scale<B: Leases>(broker: B, shared: Arc<Shared>) {
    let law = shared.settings.scale;
    let mut scale = Scale::new(&law);
    let mut outage = Outage::new("stats", &shared.metrics);
    let mut ticks = time::interval(SCALE_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        shared.metrics.set_running(shared.permits.used());
        let seen = match outage.heard(observe(&broker, &shared, &law, scale).await) {
            Ok(seen) => seen,
            Err(pause) => {
                time::sleep(pause).await;
                continue;
            }
        };
        let next = scale.next(&law, seen);
        if next.slots != scale.slots {
            let (slots, busy, depth, wait) = (next.slots, seen.busy, seen.depth, seen.wait);
            info!(slots, busy, depth, ?wait, "scaled");
            shared.permits.set_limit(next.slots);
            shared.metrics.set_slots(next.slots);
        }
        scale = next;
    }
}

/// Asks the store only when its answer can matter, so a worker that is not full asks nothing.
async fn observe<B: Leases>(
    broker: &B,
    shared: &Shared,
    law: &Law,
    scale: Scale,
) -> Result<Observation> {
    let mut seen = Observation {
        busy: shared.permits.take_peak(),
        ..Observation::default()
    };
    if seen.busy >= scale.slots && scale.slots < law.bounds.max {
        let stats = broker.stats().await?;
        for queue in &stats.queues {
            if !queue.paused && shared.settings.queues.contains(&queue.queue) {
                seen.depth += queue.depth();
                seen.wait = seen.wait.max(queue.head_wait.unwrap_or_default());
            }
        }
    }
    Ok(seen)
}

/// Tells the others that this worker lives, and when it begins to shut down. Never ends by itself.
pub(super) async fn report<B: Leases>(broker: B, shared: Arc<Shared>, shutdown: CancellationToken) {
    let started_at = DateTime::<Utc>::from(SystemTime::now()).timestamp_millis();
    let mut tasks: Vec<_> = shared.tasks.keys().cloned().collect();
    tasks.sort();
    let mut outage = Outage::new("report_worker", &shared.metrics);
    loop {
        let report = WorkerReport {
            id: shared.settings.id.clone(),
            process: std::process::id(),
            tasks: tasks.clone(),
            queues: shared.settings.queues.clone(),
            concurrency: shared.permits.limit(),
            running: shared.permits.used(),
            draining: shutdown.is_cancelled(),
            started_at: Timestamp(started_at),
        };
        let answer = outage.heard(broker.report_worker(report, REPORT_HOLDS).await);
        let pause = answer.err().unwrap_or(REPORT_EVERY);
        if shutdown.is_cancelled() {
            time::sleep(pause).await;
        } else {
            shutdown.run_until_cancelled(time::sleep(pause)).await;
        }
    }
}
