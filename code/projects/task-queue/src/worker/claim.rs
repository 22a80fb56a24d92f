//! Claims jobs for the slots that are free.
//!
//! One call asks for as many jobs as there are free slots. A busy worker gets several slots back
//! while a call is under way, so handlers that run one job each still get their jobs in batches.

use std::collections::HashSet;
use std::sync::Arc;

use tokio::sync::mpsc;
use tokio::time::{self, Instant};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::warn;

use crate::broker::{Claim, Finish, Lease, LeaseKey, Leases, Outcome};
use crate::error::{BrokerError, Result};
use crate::name::QueueName;

use super::attempt::{self, Ended};
use super::running::Slot;
use super::{Shared, held_until};
use crate::outage::{Outage, changed, within};

/// The most jobs of one claim: what is claimed and then lost with its worker has to wait for the
/// lease to run out, and beyond this number a larger batch gains little.
const CLAIM_LIMIT: u32 = 32;

pub(super) struct Claimer<B> {
    pub(super) broker: B,
    pub(super) shared: Arc<Shared>,
    pub(super) attempts: TaskTracker,
    pub(super) ends: mpsc::Sender<Ended>,
    /// Claim no more.
    pub(super) shutdown: CancellationToken,
    /// Fires when the worker's future is dropped, and stops all handlers.
    pub(super) alive: CancellationToken,
    /// A claim failed, and may have been done all the same.
    pub(super) in_doubt: bool,
}

impl<B: Leases> Claimer<B> {
    /// Goes on until `shutdown`, or until the broker is closed.
    pub(super) async fn run(mut self) {
        let signals = self.broker.signals();
        let (mut ready, look_every) = (signals.ready, signals.look_every);
        let mut outage = Outage::new("claim", &self.shared.metrics);
        let mut queues = self.shared.settings.queues.clone();
        let shutdown = self.shutdown.clone();
        while let Some(max) = shutdown.run_until_cancelled(self.free()).await {
            // Seen before the claim: a job that becomes ready during it wakes the wait below.
            ready.borrow_and_update();
            let sent = Instant::now();
            // Not given up at shutdown: its answer may be jobs, and they are handed back at once.
            let answer = self.claim(queues.clone(), max).await;
            if matches!(answer, Err(BrokerError::Closed)) {
                break;
            }
            match outage.heard(answer) {
                Ok(leases) if leases.is_empty() => {
                    let look = time::timeout(look_every, changed(&mut ready));
                    shutdown.run_until_cancelled(look).await;
                }
                Ok(leases) => {
                    self.start(leases, sent).await;
                    // No queue is always served first.
                    queues.rotate_left(1);
                }
                Err(pause) => _ = shutdown.run_until_cancelled(time::sleep(pause)).await,
            }
        }
    }

    /// Waits for a free slot, and then for those that are about to be.
    async fn free(&self) -> u32 {
        let free = self.shared.permits.free().await;
        tokio::task::yield_now().await;
        self.shared.permits.free_now().max(free).min(CLAIM_LIMIT)
    }

    /// A claim that takes as long as a lease is worth nothing. After one that failed, what it may have leased
    /// is handed back first: otherwise no one would run it until the lease ends, and it would then count
    /// as lost with its worker.
    async fn claim(&mut self, queues: Vec<QueueName>, max: u32) -> Result<Vec<Lease>> {
        let lease = self.shared.settings.lease;
        if self.in_doubt {
            match within(lease, self.hand_back_unknown()).await {
                Err(error) if error.is_transient() => return Err(error),
                // What it may have leased runs out by itself; that must not keep it from working.
                Err(error) => warn!(%error, "what a lost claim leased is not handed back"),
                Ok(()) => {}
            }
            self.in_doubt = false;
        }
        let claim = Claim {
            queues,
            max: max as usize,
            worker: self.shared.settings.id.clone(),
            lease,
        };
        let answer = within(lease, self.broker.claim(claim)).await;
        self.in_doubt = matches!(answer, Err(BrokerError::Unavailable(_)));
        answer
    }

    /// A claim that the store does only after this is missed: its leases run out.
    async fn hand_back_unknown(&self) -> Result<()> {
        // No one else claims, so what the store says of later is among these, or no one's.
        let known = self.shared.running.slots(false);
        let known: HashSet<LeaseKey> = known.iter().map(|slot| slot.key).collect();
        let held = self.broker.held(self.shared.settings.id.clone()).await?;
        let unknown = held.into_iter().filter(|key| !known.contains(key));
        let release = |key| {
            let outcome = Outcome::Released;
            Finish { key, outcome }
        };
        let finishes: Vec<_> = unknown.map(release).collect();
        if !finishes.is_empty() {
            let jobs = finishes.len();
            self.broker.finish(finishes).await?;
            warn!(
                jobs,
                "handed back the jobs of a claim whose answer was lost"
            );
        }
        Ok(())
    }

    async fn start(&self, leases: Vec<Lease>, sent: Instant) {
        let held_until = held_until(sent, self.shared.settings.lease);
        if held_until <= Instant::now() {
            // They run out by themselves; started now, they might run twice at once.
            warn!(jobs = leases.len(), "a claim was answered too late");
            return;
        }
        for lease in leases {
            if self.shutdown.is_cancelled() {
                self.hand_back(lease).await;
                continue;
            }
            self.shared.observe_wait(&lease);
            let running = &self.shared.running;
            let stop = self.alive.child_token();
            let slot = Slot::new(lease.key, held_until, stop, &running.news);
            running.insert(Arc::clone(&slot));
            let (shared, ends) = (Arc::clone(&self.shared), self.ends.clone());
            let permit = self.shared.permits.take();
            self.attempts
                .spawn(attempt::run(shared, lease, slot, permit, ends));
        }
    }

    async fn hand_back(&self, lease: Lease) {
        let ended = Ended::released(&lease, self.shared.task(&lease.task));
        // The finisher lives as long as this sender.
        let _ = self.ends.send(ended).await;
    }
}
