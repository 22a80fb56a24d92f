//! The live page, the metrics and the state of health, on an address of their own. The edge that
//! guards them is that of all systems: `service`.

use std::collections::BTreeMap;
use std::fmt;
use std::future::ready;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use axum::extract::State;
use axum::routing::{get, post};
use axum::{Json, Router};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet, EncodeMetric};
use prometheus_client::metrics::TypedMetric;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::ConstGauge;
use serde::Deserialize;
use serde_json::{Value, json};
use service::body::Query;
use service::guard::Guard;
use service::live::{Live, looked_up};
use service::metrics::Registry;
use service::{health, metrics, page};

use crate::connection::Shared;
use crate::upstream::{Server, Upstream};

const FILES: [(&str, &str); 3] = [
    ("/", include_str!("admin/page.html")),
    ("/page.css", include_str!("admin/page.css")),
    ("/page.js", include_str!("admin/page.js")),
];

/// How often the page is told.
const EVERY: Duration = Duration::from_millis(500);

/// The pages, behind `guard`.
pub fn router(shared: &Arc<Shared>, guard: &Guard) -> Router {
    let private = Router::new()
        .route("/events", get(events))
        .route("/state", get(state))
        .route("/purge", post(purge))
        .with_state(Arc::clone(shared))
        .merge(numbers(shared));
    guard.around(private, page::routes(&FILES).merge(is_ready(shared)))
}

fn numbers(shared: &Arc<Shared>) -> Router {
    let it = shared.gateway.load().metrics.clone();
    let mut all = Registry::with_prefix("gateway");
    all.register("refused", "Heads that can be read in two ways", it.refused);
    all.register("connections", "Clients that are connected", it.connections);
    all.register("too_many", "Connections closed at once", it.too_many);
    all.register_collector(Box::new(InForce(Arc::clone(shared))));
    metrics::routes(Arc::new(all), || ready(()))
}

/// The numbers of the routes and servers that are in force. They're looked up for each page, so
/// those that a reload took away are gone from it.
struct InForce(Arc<Shared>);

impl Collector for InForce {
    fn encode(&self, mut to: DescriptorEncoder) -> fmt::Result {
        let gateway = self.0.gateway.load();
        let routes = gateway.counted.iter();
        let answers = routes.clone().flat_map(|(route, it)| {
            let classes = ["1xx", "2xx", "3xx", "4xx", "5xx"].into_iter();
            classes.zip(&it.answers).map(move |(class, count)| {
                ([("route", route.as_str()), ("class", class)], count.clone())
            })
        });
        family(&mut to, "answers", "Answers, by route and class", answers)?;
        let seconds = routes
            .clone()
            .map(|(route, it)| ([("route", route)], it.seconds.clone()));
        family(&mut to, "seconds", "Until an answer began", seconds)?;
        let retries = routes.map(|(route, it)| ([("route", route)], it.retries.clone()));
        family(&mut to, "retries", "Attempts after the first", retries)?;

        // A file may name a server twice, and a page may not.
        let servers = gateway.upstreams.iter().flat_map(|upstream| {
            let servers = upstream.servers.iter();
            servers.map(move |server| ((&upstream.name, server.address), server))
        });
        let servers: BTreeMap<_, _> = servers.collect();
        let mut gauge = |name, help, look: fn(&Server) -> i64| {
            let series = servers.iter().map(|((upstream, server), it)| {
                let (upstream, server) = (upstream.to_string(), server.to_string());
                let labels = [("upstream", upstream), ("server", server)];
                (labels, ConstGauge::new(look(it)))
            });
            family(&mut to, name, help, series)
        };
        let (well, open) = ("What the checks say, 1 or 0", "Its breaker refuses, 1 or 0");
        gauge("server_well", well, |it| it.is_well().into())?;
        gauge("server_open", open, |it| it.is_left_aside().into())?;
        let under_way = "Requests under way";
        gauge("server_under_way", under_way, |it| it.under_way() as i64)
    }
}

impl fmt::Debug for InForce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("InForce")
    }
}

fn family<L: EncodeLabelSet, M: EncodeMetric + TypedMetric>(
    to: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    series: impl Iterator<Item = (L, M)>,
) -> fmt::Result {
    let mut family = to.encode_descriptor(name, help, None, M::TYPE)?;
    for (labels, metric) in series {
        metric.encode(family.encode_family(&labels)?)?;
    }
    Ok(())
}

/// Not ready when a group has no server that is well.
fn is_ready(shared: &Arc<Shared>) -> Router {
    let stop = shared.stop.clone();
    let shared = Arc::clone(shared);
    health::routes(stop, move || {
        let gateway = shared.gateway.load();
        let down = |upstream: &&Arc<Upstream>| !upstream.servers.iter().any(|one| one.is_well());
        ready(match gateway.upstreams.iter().find(down) {
            Some(down) => Err(format!("no server of {} is well", down.name)),
            None => Ok(()),
        })
    })
}

async fn state(State(shared): State<Arc<Shared>>) -> Json<Value> {
    Json(look(&shared))
}

async fn events(State(shared): State<Arc<Shared>>) -> Live {
    let stop = shared.stop.clone();
    looked_up(EVERY, move || ready(Ok(look(&shared))), stop)
}

/// What the page shows.
fn look(shared: &Shared) -> Value {
    let gateway = shared.gateway.load();
    let routes = gateway.routes.iter().map(|route| {
        json!({
            "name": route.says.name,
            "answers": route.metrics.answers.each_ref().map(Counter::get),
            "retries": route.metrics.retries.get(),
        })
    });
    let servers = gateway.upstreams.iter().flat_map(|upstream| {
        upstream.servers.iter().map(|server| {
            json!({
                "upstream": upstream.name,
                "address": server.address,
                "well": server.is_well(),
                "open": server.is_left_aside(),
                "under_way": server.under_way(),
                "answered": server.answered.load(Relaxed),
                "failed": server.failed.load(Relaxed),
                "delay_ms": server.delay() * 1_000.0,
            })
        })
    });
    json!({
        "connections": gateway.metrics.connections.get(),
        "refused": gateway.metrics.refused.get(),
        "routes": routes.collect::<Vec<_>>(),
        "servers": servers.collect::<Vec<_>>(),
    })
}

#[derive(Deserialize)]
struct Purge {
    url: String,
}

/// Forgets what is kept of `?url=http://shop.example/tea`.
async fn purge(
    State(shared): State<Arc<Shared>>,
    Query(Purge { url }): Query<Purge>,
) -> &'static str {
    shared.gateway.load_full().cache.purge(&url).await;
    "purged"
}
