//! Numbers for Prometheus: how far behind each follower is, and what waits for a person.

use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use service::metrics::{Registry, add};

use crate::status::Status;

/// A label and its value.
type Label = [(&'static str, String); 1];

/// The gauges; cheap to clone.
#[derive(Clone, Debug)]
pub struct Numbers {
    events: Gauge,
    lag: Family<Label, Gauge>,
    outbox_age_ms: Gauge,
    sagas: Family<Label, Gauge>,
    parked: Gauge,
    skipped: Gauge,
    failed_writes: Gauge,
}

impl Numbers {
    /// The gauges and the registry that shows them.
    pub fn new() -> (Numbers, Registry) {
        let mut registry = Registry::with_prefix("orders");
        let its = &mut registry;
        let lag = "Events that a follower of the log hasn't taken in";
        let age = "How long the oldest event has waited for the relay";
        let parked = "Messages that a consumer couldn't deal with";
        let failed = "How often a view had to wait for its disk";
        let numbers = Numbers {
            events: add(its, "events", "Events in the log"),
            lag: add(its, "lag_events", lag),
            outbox_age_ms: add(its, "outbox_age_ms", age),
            sagas: add(its, "sagas", "Sagas by state"),
            parked: add(its, "parked", parked),
            skipped: add(its, "skipped", "Events that a view couldn't take in"),
            failed_writes: add(its, "view_failed_writes", failed),
        };
        (numbers, registry)
    }

    /// Sets them all.
    pub fn refresh(&self, status: &Status) {
        let number = |it: u64| i64::try_from(it).unwrap_or(i64::MAX);
        self.events.set(number(status.head));
        let views = status.views.iter().map(|(name, place)| (*name, *place));
        for (name, place) in views.chain([("relay", status.relay)]) {
            let lag = self
                .lag
                .get_or_create_owned(&[("follower", name.to_owned())]);
            lag.set(number(status.head.saturating_sub(place)));
        }
        self.outbox_age_ms.set(status.outbox_age_ms);
        self.sagas.clear();
        for row in &status.sagas {
            let state = row["state"].as_str().unwrap_or_default().to_owned();
            let sagas = self.sagas.get_or_create_owned(&[("state", state)]);
            sagas.set(row["sagas"].as_i64().unwrap_or_default());
        }
        self.parked.set(number(status.parked.len() as u64));
        self.skipped.set(number(status.skipped.len() as u64));
        self.failed_writes.set(number(status.failed_writes));
    }
}
