//! What is counted, for Prometheus and for the live page.

use std::sync::atomic::AtomicU64;

use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use crate::gateway::Gateway;

type Labels = Vec<(&'static str, String)>;
type Seconds = Family<Labels, Histogram, fn() -> Histogram>;

/// All of it. It outlives each reload.
pub struct Metrics {
    registry: Registry,
    requests: Family<Labels, Counter>,
    seconds: Seconds,
    retries: Family<Labels, Counter>,
    /// Heads that were refused before a route was known.
    pub refused: Counter,
    /// Clients that are connected.
    pub connections: Gauge,
    /// Connections that were closed at once, because there were too many.
    pub too_many: Counter,
    server: Family<Labels, Gauge>,
}

/// What is counted for a route, looked up once.
#[derive(Clone)]
pub struct RouteMetrics {
    /// By the first digit of the status, from 1.
    answers: [Counter<u64, AtomicU64>; 5],
    seconds: Histogram,
    /// Attempts after the first one.
    pub retries: Counter,
}

impl Default for Metrics {
    fn default() -> Metrics {
        let mut registry = Registry::with_prefix("gateway");
        let buckets = || Histogram::new([0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0]);
        let metrics = Metrics {
            requests: Family::default(),
            seconds: Seconds::new_with_constructor(buckets),
            retries: Family::default(),
            refused: Counter::default(),
            connections: Gauge::default(),
            too_many: Counter::default(),
            server: Family::default(),
            registry: Registry::default(),
        };
        registry.register("requests", "Answers, by route and class", metrics.requests.clone());
        registry.register("seconds", "Until an answer began, by route", metrics.seconds.clone());
        registry.register("retries", "Attempts after the first, by route", metrics.retries.clone());
        registry.register("refused", "Heads that could be read in two ways", metrics.refused.clone());
        registry.register("connections", "Clients that are connected", metrics.connections.clone());
        registry.register("too_many", "Connections closed at once", metrics.too_many.clone());
        registry.register("server", "What is known of a server", metrics.server.clone());
        Metrics { registry, ..metrics }
    }
}

impl Metrics {
    /// What is counted for a route.
    pub fn route(&self, name: &str) -> RouteMetrics {
        let route = || vec![("route", name.to_owned())];
        RouteMetrics {
            answers: std::array::from_fn(|class| {
                let mut labels = route();
                labels.push(("class", format!("{}xx", class + 1)));
                self.requests.get_or_create_owned(&labels)
            }),
            seconds: self.seconds.get_or_create_owned(&route()),
            retries: self.retries.get_or_create_owned(&route()),
        }
    }

    /// All of it, as text.
    pub fn text(&self, gateway: &Gateway) -> String {
        for upstream in &gateway.upstreams {
            for server in &upstream.servers {
                let set = |what: &str, value: i64| {
                    let labels = vec![
                        ("upstream", upstream.name.clone()),
                        ("server", server.address.to_string()),
                        ("what", what.to_owned()),
                    ];
                    self.server.get_or_create(&labels).set(value);
                };
                set("well", i64::from(server.is_well()));
                set("under_way", i64::try_from(server.under_way()).unwrap_or(i64::MAX));
            }
        }
        let mut text = String::new();
        if encode(&mut text, &self.registry).is_err() {
            text.clear();
        }
        text
    }
}

impl RouteMetrics {
    /// An answer began.
    pub fn answered(&self, status: u16, seconds: f64) {
        let class = usize::from(status / 100).clamp(1, 5) - 1;
        self.answers[class].inc();
        self.seconds.observe(seconds);
    }

    /// Answers so far, by the first digit of the status, from 1.
    pub fn counts(&self) -> [u64; 5] {
        self.answers.each_ref().map(Counter::get)
    }
}
