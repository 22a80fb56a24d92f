//! Numbers for Prometheus: how far behind each follower is, and what waits for a person.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use service::metrics::{Registry, add};

use crate::status::Status;

/// The gauges; cheap to clone.
#[derive(Clone, Debug)]
pub struct Numbers {
    events: Gauge,
    lag: Family<Follower, Gauge>,
    outbox_age_ms: Gauge,
    sagas: Family<InState, Gauge>,
    parked: Gauge,
    skipped: Gauge,
    failed_writes: Gauge,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Follower {
    follower: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct InState {
    state: String,
}

impl Numbers {
    /// The gauges and the registry that shows them.
    pub fn new() -> (Numbers, Registry) {
        let mut registry = Registry::with_prefix("orders");
        let its = &mut registry;
        let numbers = Numbers {
            events: add(its, "events", "Events in the log"),
            lag: add(
                its,
                "lag_events",
                "Events that a follower of the log hasn't taken in",
            ),
            outbox_age_ms: add(
                its,
                "outbox_age_ms",
                "How long the oldest event has waited for the relay",
            ),
            sagas: add(its, "sagas", "Sagas by state"),
            parked: add(its, "parked", "Messages that a consumer couldn't deal with"),
            skipped: add(its, "skipped", "Events that a view couldn't take in"),
            failed_writes: add(
                its,
                "view_failed_writes",
                "How often a view had to wait for its disk",
            ),
        };
        (numbers, registry)
    }

    /// Sets them all.
    pub fn refresh(&self, status: &Status) {
        let number = |it: u64| i64::try_from(it).unwrap_or(i64::MAX);
        self.events.set(number(status.head));
        let views = status.views.iter().map(|(name, place)| (*name, *place));
        for (follower, place) in views.chain([("relay", status.relay)]) {
            let follower = Follower {
                follower: follower.to_owned(),
            };
            let lag = number(status.head.saturating_sub(place));
            self.lag.get_or_create_owned(&follower).set(lag);
        }
        self.outbox_age_ms.set(status.outbox_age_ms);
        self.sagas.clear();
        for row in &status.sagas {
            let state = row["state"].as_str().unwrap_or_default().to_owned();
            let sagas = row["sagas"].as_i64().unwrap_or_default();
            self.sagas
                .get_or_create_owned(&InState { state })
                .set(sagas);
        }
        self.parked.set(number(status.parked.len() as u64));
        self.skipped.set(number(status.skipped.len() as u64));
        self.failed_writes.set(number(status.failed_writes));
    }
}
