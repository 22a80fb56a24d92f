//! The loops of a worker against a store in which something happens at any moment: no wake-up is lost.
//!
//! The clock stands still, so nothing but the bell can help a loop that went to sleep (see
//! [`every_order`]).

use std::future::pending;

use super::*;
use crate::broker::{
    Claim, Enqueued, Extended, Finish, Finished, Heartbeat, LeaseKey, Signals, Stats, Upkeep,
    WorkerReport,
};
use crate::error::BrokerError;
use crate::job::{JobId, NewJob};
use crate::name::WorkerId;
use crate::sync::model::{every_order, spawn_task};
use crate::sync::{Mutex, watch};

/// A store in which one thing happens once. A loop ends when it has seen it.
#[derive(Clone)]
struct Store {
    happened: Arc<Mutex<bool>>,
    bell: Arc<watch::Sender<u64>>,
    /// Of the time before it happened: a loop that starts late finds the bell rung.
    signals: Signals,
    /// Fires when `upkeep` sees it.
    seen: CancellationToken,
}

impl Store {
    fn new() -> Self {
        let bell = watch::Sender::new(0);
        let signals = Signals {
            ready: bell.subscribe(),
            due: bell.subscribe(),
            cancel: bell.subscribe(),
            leased: bell.subscribe(),
            look_every: Duration::from_secs(1),
        };
        Self {
            happened: Arc::new(Mutex::new(false)),
            bell: Arc::new(bell),
            signals,
            seen: CancellationToken::new(),
        }
    }

    fn ring(&self) {
        self.bell.send_modify(|count| *count += 1);
    }

    fn happen(&self) {
        *self.happened.lock().unwrap() = true;
        self.ring();
    }

    fn has_happened(&self) -> bool {
        *self.happened.lock().unwrap()
    }
}

impl Leases for Store {
    async fn claim(&self, _: Claim) -> Result<Vec<Lease>> {
        match self.has_happened() {
            true => Err(BrokerError::Closed),
            false => Ok(Vec::new()),
        }
    }

    async fn extend(&self, _: Vec<Heartbeat>, _: Duration) -> Result<Vec<Extended>> {
        Ok(vec![match self.has_happened() {
            true => Extended::CancelRequested,
            false => Extended::Held,
        }])
    }

    async fn upkeep(&self, _: usize) -> Result<Upkeep> {
        if self.has_happened() {
            self.seen.cancel();
            pending::<()>().await;
        }
        Ok(Upkeep {
            next: Duration::from_secs(1),
            ..Upkeep::default()
        })
    }

    fn signals(&self) -> Signals {
        self.signals.clone()
    }

    async fn held(&self, _: WorkerId) -> Result<Vec<LeaseKey>> {
        unreachable!()
    }

    async fn enqueue(&self, _: Vec<NewJob>) -> Result<Vec<Enqueued>> {
        unreachable!()
    }

    async fn finish(&self, _: Vec<Finish>) -> Result<Vec<Finished>> {
        unreachable!()
    }

    async fn stats(&self) -> Result<Stats> {
        unreachable!()
    }

    async fn report_worker(&self, _: WorkerReport, _: Duration) -> Result<()> {
        unreachable!()
    }
}

fn shared() -> Arc<Shared> {
    let queues = vec![QueueName::new("q").unwrap()];
    let settings = Settings::standard(queues, WorkerId::new("w").unwrap());
    Arc::new(Shared::new(Registry::new(), settings, Metrics::new()))
}

// ANCHOR: claimed
#[test]
fn a_job_that_becomes_ready_is_claimed_whenever_it_comes() {
    every_order(|| {
        let store = Store::new();
        let claimer = Claimer {
            broker: store.clone(),
            shared: shared(),
            attempts: TaskTracker::new(),
            ends: mpsc::channel(1).0,
            shutdown: CancellationToken::new(),
            alive: CancellationToken::new(),
            in_doubt: false,
        };
        let claimer = spawn_task(claimer.run());
        store.happen();
        claimer.join().unwrap();
    });
}
// ANCHOR_END: claimed

#[test]
fn what_falls_due_is_seen_to_whenever_that_is_known() {
    every_order(|| {
        let store = Store::new();
        let upkeep = upkeep::run(store.clone(), Metrics::new(), store.seen.clone());
        let upkeep = spawn_task(upkeep);
        store.happen();
        upkeep.join().unwrap();
    });
}

#[test]
fn a_handler_is_told_that_its_job_is_canceled_whenever_somebody_asks_for_it() {
    let job = JobId::new();
    every_order(move || {
        let (store, shared) = (Store::new(), shared());
        let key = LeaseKey { job, token: 1 };
        let stop = CancellationToken::new();
        let news = &shared.running.news;
        let slot = running::Slot::new(key, Instant::now(), stop.clone(), news);
        shared.running.insert(slot);
        let heartbeats = heartbeat::run(store.clone(), shared);
        let heartbeats = spawn_task(async move { stop.run_until_cancelled(heartbeats).await });
        // Another worker's job, for which the loop may be on its way to the store.
        store.ring();
        store.happen();
        heartbeats.join().unwrap();
    });
}
