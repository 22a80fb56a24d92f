//! What is counted, for Prometheus.

use std::sync::Arc;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use service::metrics::{Registry, add};

use crate::outbox::End;

/// Handles to the numbers; clones share them.
#[derive(Clone, Debug)]
pub struct Metrics {
    connections: Gauge,
    deliveries: Counter,
    refused: Counter,
    closed: Family<Closed, Counter>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Closed {
    code: u32,
}

impl Metrics {
    /// All at zero, and the registry that shows them.
    pub fn new() -> (Metrics, Arc<Registry>) {
        let mut registry = Registry::with_prefix("chat");
        let to = &mut registry;
        let metrics = Metrics {
            connections: add(to, "connections", "WebSockets that are open"),
            deliveries: add(to, "deliveries", "Lines put into a client's outbox"),
            refused: add(to, "refused", "What clients asked for and didn't get"),
            closed: add(to, "closed", "WebSockets that ended, by close code"),
        };
        (metrics, Arc::new(registry))
    }

    /// A line has gone to so many clients.
    pub fn delivered(&self, clients: usize) {
        self.deliveries.inc_by(clients as u64);
    }

    /// Something wasn't done.
    pub fn refused(&self) {
        self.refused.inc();
    }

    /// A connection begins.
    pub fn opened(&self) {
        self.connections.inc();
    }

    /// A connection has ended.
    pub fn closed(&self, end: End) {
        self.connections.dec();
        let code = u32::from(end.code());
        self.closed.get_or_create_owned(&Closed { code }).inc();
    }
}
