//! Heartbeats: one call keeps all leases of the worker.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{self, Instant};

use crate::broker::{BATCH_LIMIT, Extended, Leases};
use crate::error::Result;

use super::running::{Slot, Stop};
use super::{Shared, held_until};
use crate::outage::{Outage, changed, within};

/// Progress is told at most this often.
const NEWS_EVERY: Duration = Duration::from_millis(500);

/// Extends the leases three times in their length, and at once when someone asked for a running job
/// to be canceled. Never ends by itself.
///
/// That heartbeats fail is not the end of a lease: the watch over each handler
/// ([`attempt`](super::attempt)) sees when its time is over.
pub(super) async fn run<B: Leases>(broker: B, shared: Arc<Shared>) {
    let every = shared.settings.lease / 3;
    let mut cancel = broker.signals().cancel;
    let mut outage = Outage::new("extend", &shared.metrics);
    let (mut next, mut next_news) = (Instant::now() + every, Instant::now());
    loop {
        let news = async {
            shared.running.news.notified().await;
            time::sleep_until(next_news).await;
        };
        // A round for all leases tells the news as well.
        let only_news = tokio::select! {
            biased;
            () = time::sleep_until(next) => false,
            () = changed(&mut cancel) => false,
            () = news => true,
        };
        let slots = shared.running.slots(only_news);
        let sent = Instant::now();
        let answer = extend_all(&broker, &slots, shared.settings.lease, every).await;
        next_news = Instant::now() + NEWS_EVERY;
        match outage.heard(answer) {
            Ok(()) if only_news => {}
            Ok(()) => next = sent + every,
            Err(pause) => next = Instant::now() + pause,
        }
    }
}

async fn extend_all<B: Leases>(
    broker: &B,
    slots: &[Arc<Slot>],
    lease: Duration,
    patience: Duration,
) -> Result<()> {
    let mut failure = Ok(());
    for slots in slots.chunks(BATCH_LIMIT) {
        let heartbeats: Vec<_> = slots.iter().map(|slot| slot.heartbeat()).collect();
        let sent = Instant::now();
        match within(patience, broker.extend(heartbeats.clone(), lease)).await {
            Ok(answers) => {
                for (slot, answer) in slots.iter().zip(answers) {
                    note(slot, answer, held_until(sent, lease));
                }
            }
            Err(error) => {
                for (slot, heartbeat) in slots.iter().zip(heartbeats) {
                    if let Some(progress) = heartbeat.progress {
                        slot.progress.put_back(progress);
                    }
                }
                failure = Err(error);
            }
        }
    }
    failure
}

fn note(slot: &Slot, answer: Extended, held_until: Instant) {
    match answer {
        Extended::Held => slot.extend(held_until),
        Extended::CancelRequested => {
            slot.extend(held_until);
            slot.stop(Stop::Canceled);
        }
        // Also the answer for a job whose end the store took in since; no one listens then.
        Extended::Lost => slot.stop(Stop::LeaseLost),
    }
}
