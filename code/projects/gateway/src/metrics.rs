//! What is counted, for Prometheus and for the live page.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use service::metrics::{Histograms, add, add_histograms};

use crate::upstream::Upstream;

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfRoute {
    route: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfAnswer {
    route: String,
    class: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfServer {
    upstream: String,
    server: String,
}

/// All of it. It outlives each reload.
pub struct Metrics {
    /// To be shown.
    pub registry: Arc<Registry>,
    /// Heads that were refused before a route was known.
    pub refused: Counter,
    /// Clients that are connected.
    pub connections: Gauge,
    /// Connections that were closed at once, because there were too many.
    pub too_many: Counter,
    answers: Family<OfAnswer, Counter>,
    seconds: Histograms<OfRoute>,
    retries: Family<OfRoute, Counter>,
    well: Family<OfServer, Gauge>,
    open: Family<OfServer, Gauge>,
    under_way: Family<OfServer, Gauge>,
    /// The servers that were written down last. Short sections, without awaits.
    written: Mutex<HashSet<OfServer>>,
}

/// What is counted for a route, looked up once.
#[derive(Clone)]
pub struct RouteMetrics {
    /// By the first digit of the status, from 1.
    answers: [Counter; 5],
    seconds: Histogram,
    /// Attempts after the first one.
    pub retries: Counter,
}

impl Default for Metrics {
    fn default() -> Metrics {
        let mut registry = Registry::with_prefix("gateway");
        let all = &mut registry;
        Metrics {
            refused: add(all, "refused", "Heads that could be read in two ways"),
            connections: add(all, "connections", "Clients that are connected"),
            too_many: add(all, "too_many", "Connections closed at once"),
            answers: add(all, "answers", "Answers, by route and class"),
            seconds: add_histograms(all, "seconds", "Until an answer began"),
            retries: add(all, "retries", "Attempts after the first"),
            well: add(all, "server_well", "What the checks say, 1 or 0"),
            open: add(all, "server_open", "Its breaker refuses, 1 or 0"),
            under_way: add(all, "server_under_way", "Requests under way"),
            written: Mutex::default(),
            registry: Arc::new(registry),
        }
    }
}

impl Metrics {
    /// What is counted for a route.
    pub fn route(&self, name: &str) -> RouteMetrics {
        let route = name.to_owned();
        let of_route = OfRoute {
            route: route.clone(),
        };
        RouteMetrics {
            answers: std::array::from_fn(|class| {
                let (route, class) = (route.clone(), format!("{}xx", class + 1));
                self.answers.get_or_create_owned(&OfAnswer { route, class })
            }),
            seconds: self.seconds.get_or_create_owned(&of_route),
            retries: self.retries.get_or_create_owned(&of_route),
        }
    }

    /// Writes down what is known of these servers, and strikes out those that a reload took away.
    pub fn look_at(&self, upstreams: &[Arc<Upstream>]) {
        let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        let mut gone = std::mem::take(&mut *written);
        for upstream in upstreams {
            for server in &upstream.servers {
                let labels = OfServer {
                    upstream: upstream.name.clone(),
                    server: server.address.to_string(),
                };
                let set = |gauges: &Family<OfServer, Gauge>, number| {
                    gauges.get_or_create(&labels).set(number);
                };
                set(&self.well, server.is_well().into());
                set(&self.open, server.is_left_aside().into());
                let under_way = i64::try_from(server.under_way()).unwrap_or(i64::MAX);
                set(&self.under_way, under_way);
                gone.remove(&labels);
                written.insert(labels);
            }
        }
        for labels in &gone {
            for gauges in [&self.well, &self.open, &self.under_way] {
                gauges.remove(labels);
            }
        }
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
