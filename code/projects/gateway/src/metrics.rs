//! What is counted. What is known of servers isn't counted here: the page looks it up.

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use service::metrics::BUCKETS;

/// What is counted of all clients. It outlives each reload.
#[derive(Clone, Default)]
pub struct Metrics {
    /// Heads that were refused before a route was known.
    pub refused: Counter,
    /// Clients that are connected.
    pub connections: Gauge,
    /// Connections that were closed at once, because there were too many.
    pub too_many: Counter,
}

/// What is counted for a route, for as long as files have a route of this name.
#[derive(Clone)]
pub struct RouteMetrics {
    /// Answers, by the first digit of their status, from 1.
    pub answers: [Counter; 5],
    /// Seconds until an answer began.
    pub seconds: Histogram,
    /// Attempts after the first one.
    pub retries: Counter,
}

impl Default for RouteMetrics {
    fn default() -> RouteMetrics {
        RouteMetrics {
            answers: Default::default(),
            seconds: Histogram::new(BUCKETS),
            retries: Counter::default(),
        }
    }
}

impl RouteMetrics {
    /// An answer began.
    pub fn answered(&self, status: u16, seconds: f64) {
        self.answers[usize::from(status / 100).clamp(1, 5) - 1].inc();
        self.seconds.observe(seconds);
    }
}
