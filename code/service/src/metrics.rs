//! Numbers for Prometheus: a registry and the page that shows it.
//!
//! A label's values must come from a set that senders cannot extend: each is a series, and a series
//! stays for as long as the process lives.

use std::fmt::Debug;
use std::future::Future;
use std::hash::Hash;
use std::sync::Arc;

use axum::Router;
use axum::http::header;
use axum::routing::get;
use prometheus_client::encoding::{EncodeLabelSet, prometheus_text};
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Metric;

pub use prometheus_client::registry::Registry;

/// From 1 ms to 10 minutes, in seconds.
pub const BUCKETS: [f64; 14] = [
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0, 120.0, 600.0,
];

/// Histograms by labels.
pub type Histograms<L> = Family<L, Histogram, fn() -> Histogram>;

/// Registers a number that begins at zero. `help` is a sentence without a full stop.
pub fn add<M: Metric + Default + Clone>(registry: &mut Registry, name: &str, help: &str) -> M {
    let metric = M::default();
    registry.register(name, help, metric.clone());
    metric
}

/// Registers histograms of seconds, with [`BUCKETS`].
pub fn add_histograms<L>(registry: &mut Registry, name: &str, help: &str) -> Histograms<L>
where
    L: EncodeLabelSet + Clone + Hash + Eq + Debug + Send + Sync + 'static,
{
    let new: fn() -> Histogram = || Histogram::new(BUCKETS);
    let histograms = Family::new_with_constructor(new);
    registry.register(name, help, histograms.clone());
    histograms
}

/// Everything, in the text format of Prometheus (version 0.0.4).
pub fn render(registry: &Registry) -> String {
    let mut text = String::new();
    prometheus_text::encode(&mut text, registry)
        .expect("writing to a string does not fail, nor do labels that derive their encoding");
    text
}

/// `/metrics`. `refresh` runs first, for numbers that are looked up rather than counted; it should
/// bound its own time.
pub fn routes<C, F>(registry: Arc<Registry>, refresh: C) -> Router
where
    C: Fn() -> F + Clone + Send + Sync + 'static,
    F: Future<Output = ()> + Send,
{
    let page = move || {
        let (registry, refresh) = (Arc::clone(&registry), refresh.clone());
        async move {
            refresh().await;
            let kind = "text/plain; version=0.0.4; charset=utf-8";
            ([(header::CONTENT_TYPE, kind)], render(&registry))
        }
    };
    Router::new().route("/metrics", get(page))
}

#[cfg(test)]
mod tests {
    use super::*;
    use prometheus_client::metrics::counter::Counter;

    #[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
    struct ByTask {
        task: String,
    }

    #[test]
    fn a_page_has_what_was_counted_and_escapes_labels() {
        let mut registry = Registry::with_prefix("app");
        let retries: Counter = add(&mut registry, "retries", "Calls tried again");
        let runs = add_histograms(&mut registry, "run_seconds", "How long tasks ran");
        retries.inc_by(3);
        let task = "a \"b\"\n".to_owned();
        runs.get_or_create_owned(&ByTask { task }).observe(0.2);
        let page = render(&registry);
        assert!(page.contains("app_retries_total 3\n"), "{page}");
        let line = "app_run_seconds_bucket{task=\"a \\\"b\\\"\\n\",le=\"0.25\"} 1\n";
        assert!(page.contains(line), "{page}");
    }
}
