//! A worker: claims jobs, runs their handlers, keeps their leases, reports their ends.
//!
//! ```text
//!            free slots                   one task each              one call for many
//!   claimer ────────────► store ─ leases ─► attempt ──── ends ────► finisher ───────────► store
//!      ▲                                    │  ▲ ▲                     │
//!      └────────────── permit ──────────────┘  │ └─ stop: canceled, lost, timed out, shut down
//!                                  heartbeats ─┘    every third of a lease, for all in one call
//! ```
//!
//! - At most [`Settings::scale`] jobs run in the process. A slot is free again when its handler has
//!   ended *and* the finisher has taken the end in, so an outage cannot pile up results without limit.
//! - **A lease is trusted only as long as it certainly holds.** It counts from when the claim (or
//!   heartbeat) was sent, less a tenth. Over without an answer, it is lost: the handler's token
//!   fires, and its result is not reported.
//! - **An end is reported until the store answers.** Until then the lease gets heartbeats, and after it
//!   the token decides: reporting twice, or too late, changes nothing.
//! - **What a lost answer leased is handed back.** After a claim that failed, the claimer asks the store
//!   what this worker holds, and releases what it does not know of.
//! - When the store is away, each loop calls it again after a pause of at most a second; nothing else changes.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use prometheus_client::metrics::histogram::Histogram;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{self, Instant};
use tokio_util::sync::CancellationToken;
use tokio_util::task::{AbortOnDropHandle, TaskTracker};
use tracing::info;

use crate::broker::{Lease, Leases};
use crate::error::Result;
use crate::handler::{Handler, Registry};
use crate::metrics::{Metrics, TaskMetrics};
use crate::name::{QueueName, TaskName};
use crate::scale::Bounds;
use crate::upkeep;

mod attempt;
mod claim;
mod finish;
mod heartbeat;
mod permits;
mod rounds;
mod running;
mod settings;
#[cfg(test)]
mod wakeups;

pub use settings::Settings;

use claim::Claimer;
use finish::Finisher;
use permits::Permits;
use running::{Running, Stop};

/// How often the number of slots is reconsidered.
const SCALE_EVERY: Duration = Duration::from_millis(500);
/// Ends that may wait for the finisher. Beyond them, attempts keep their slots.
const ENDS: usize = 1024;

/// Runs jobs. See the [module](self).
pub struct Worker<B> {
    broker: B,
    registry: Registry,
    settings: Settings,
    metrics: Metrics,
}

/// What a worker did, from start to end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Attempts that ended, in whatever way.
    pub attempts: u64,
    /// Jobs the store called completed.
    pub completed: u64,
    /// Attempts that will be followed by another.
    pub retried: u64,
    /// Jobs that became dead letters.
    pub dead: u64,
    /// Jobs that ended by request.
    pub canceled: u64,
    /// Jobs handed back.
    pub released: u64,
    /// Leases lost before the end was reported.
    pub leases_lost: u64,
    /// Handlers that panicked.
    pub panics: u64,
    /// Handlers that ran for too long.
    pub timeouts: u64,
    /// Handlers that did not stop and could not be stopped.
    pub abandoned: u64,
    /// Ends the store could not be told of. Their leases run out, and the jobs run again.
    pub unreported: u64,
}

/// What the parts of a worker share.
struct Shared {
    settings: Settings,
    tasks: HashMap<TaskName, Arc<Task>>,
    /// For tasks without a handler.
    unknown: Arc<Task>,
    waits: HashMap<QueueName, Histogram>,
    metrics: Metrics,
    permits: Arc<Permits>,
    running: Running,
}

struct Task {
    handler: Option<Handler>,
    metrics: TaskMetrics,
}

impl<B: Leases> Worker<B> {
    /// Checks the settings.
    pub fn new(broker: B, registry: Registry, settings: Settings) -> Result<Self> {
        settings.check()?;
        Ok(Self {
            broker,
            registry,
            settings,
            metrics: Metrics::new(),
        })
    }

    /// Counts into the metrics of the process instead of its own.
    #[must_use]
    pub fn with_metrics(self, metrics: Metrics) -> Self {
        Self { metrics, ..self }
    }

    /// Works until `shutdown` fires, then drains: no job is claimed anymore; those that run get
    /// [`Settings::drain`] to end, are then told to stop, and handed back if they did not end.
    ///
    /// Returns at the latest after `drain`, `grace` and `flush` together. A blocking handler that does
    /// not stop may then still run: end the process without waiting for it
    /// (`Runtime::shutdown_background`). Dropping this future stops all handlers.
    pub async fn run(self, shutdown: CancellationToken) -> Summary {
        let shared = Arc::new(Shared::new(self.registry, self.settings, self.metrics));
        let alive = CancellationToken::new();
        let _stop_when_dropped = alive.clone().drop_guard();
        let mut rounds = start_rounds(&self.broker, &shared, &shutdown);

        let (ends, receiver) = mpsc::channel(ENDS);
        let give_up = CancellationToken::new();
        let finisher = Finisher::new(&self.broker, &shared, receiver, give_up.clone());
        // Not aborted when this future is dropped: it ends after the last handler has stopped.
        let mut finisher = tokio::spawn(finisher.run());

        let attempts = TaskTracker::new();
        let claimer = Claimer {
            broker: self.broker,
            shared: Arc::clone(&shared),
            attempts: attempts.clone(),
            ends,
            shutdown: shutdown.clone(),
            alive,
            in_doubt: false,
        };
        let mut claimer = AbortOnDropHandle::new(tokio::spawn(claimer.run()));
        tokio::select! {
            () = shutdown.cancelled() => {}
            _ = &mut claimer => {} // the broker was closed
        }
        drain(&shared.running, &shared.settings, claimer, attempts).await;

        let end = Instant::now() + shared.settings.grace + shared.settings.flush;
        let summary = tokio::select! {
            summary = &mut finisher => summary,
            () = time::sleep_until(end) => {
                give_up.cancel();
                finisher.await
            }
        };
        rounds.shutdown().await;
        let summary = summary.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()));
        info!(?summary, "worker stopped");
        summary
    }
}

/// Starts what goes on until the last end is reported.
fn start_rounds<B: Leases>(
    broker: &B,
    shared: &Arc<Shared>,
    shutdown: &CancellationToken,
) -> JoinSet<()> {
    let metrics = shared.metrics.clone();
    let Bounds { min, max } = shared.settings.scale.bounds;
    let mut rounds = JoinSet::new();
    rounds.spawn(heartbeat::run(broker.clone(), shared.clone()));
    rounds.spawn(upkeep::run(
        broker.clone(),
        metrics,
        CancellationToken::new(),
    ));
    if min < max {
        rounds.spawn(rounds::scale(broker.clone(), shared.clone()));
    }
    let report = rounds::report(broker.clone(), shared.clone(), shutdown.clone());
    rounds.spawn(report);
    rounds
}

/// Lets running jobs end, and tells those to stop that have not after the time for it.
async fn drain(
    running: &Running,
    settings: &Settings,
    mut claimer: AbortOnDropHandle<()>,
    attempts: TaskTracker,
) {
    let deadline = Instant::now() + settings.drain;
    let (jobs, patience) = (attempts.len(), settings.drain);
    info!(jobs, ?patience, "draining");
    // A claim may be under way; its jobs are handed back.
    if !claimer.is_finished() {
        let _ = time::timeout_at(deadline, &mut claimer).await;
    }
    drop(claimer);
    attempts.close();
    if time::timeout_at(deadline, attempts.wait()).await.is_err() {
        info!(jobs = attempts.len(), "time to drain is over");
        running.stop_all(Stop::ShutDown);
    }
}

impl Shared {
    fn new(registry: Registry, settings: Settings, metrics: Metrics) -> Self {
        let slots = settings.scale.bounds.min;
        metrics.set_slots(slots);
        let task = |name: Option<&TaskName>, handler| {
            let metrics = metrics.task(name);
            Arc::new(Task { handler, metrics })
        };
        let tasks = registry.into_handlers().into_iter();
        let tasks = tasks.map(|(name, handler)| (name.clone(), task(Some(&name), Some(handler))));
        let waits = settings.queues.iter();
        let waits = waits.map(|queue| (queue.clone(), metrics.wait(queue)));
        Self {
            tasks: tasks.collect(),
            unknown: task(None, None),
            waits: waits.collect(),
            permits: Permits::new(slots),
            running: Running::default(),
            metrics,
            settings,
        }
    }

    fn task(&self, name: &TaskName) -> Arc<Task> {
        Arc::clone(self.tasks.get(name).unwrap_or(&self.unknown))
    }

    fn observe_wait(&self, lease: &Lease) {
        if let Some(waits) = self.waits.get(&lease.queue) {
            waits.observe(lease.waited.as_secs_f64());
        }
    }
}

/// Until when a lease certainly holds that was asked for at `sent`. The store counts from later on;
/// the tenth is for the handler, which hears of it before anybody else may start the job.
fn held_until(sent: Instant, lease: Duration) -> Instant {
    sent + lease - lease / 10
}
