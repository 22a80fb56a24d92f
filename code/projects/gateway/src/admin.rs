//! The live page, the metrics and the state of health, on an address of their own. The edge that
//! guards them is that of all systems: `service`.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Serialize;
use service::guard::Guard;
use service::live::{Live, looked_up};
use service::page;
use service::{health, metrics};

use crate::connection::Shared;
use crate::route::Route;
use crate::upstream::Upstream;

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
        .route("/state", get(now))
        .route("/purge", post(purge))
        .with_state(Arc::clone(shared))
        .merge(numbers(shared));
    let public = page::routes(&FILES).merge(is_ready(shared));
    guard.around(private, public)
}

fn numbers(shared: &Arc<Shared>) -> Router {
    let registry = Arc::clone(&shared.gateway.load().metrics.registry);
    let shared = Arc::clone(shared);
    let refresh = move || {
        let gateway = shared.gateway.load();
        gateway.metrics.look_at(&gateway.upstreams);
        std::future::ready(())
    };
    metrics::routes(registry, refresh)
}

/// Not ready when a group has no server that is well.
fn is_ready(shared: &Arc<Shared>) -> Router {
    let stop = shared.stop.clone();
    let shared = Arc::clone(shared);
    let ready = move || {
        let gateway = shared.gateway.load();
        let down = |upstream: &&Arc<Upstream>| !upstream.servers.iter().any(|one| one.is_well());
        let down = gateway.upstreams.iter().find(down);
        let reason = down.map(|upstream| format!("no server of {} is well", upstream.name));
        std::future::ready(reason.map_or(Ok(()), Err))
    };
    health::routes(stop, ready)
}

#[derive(Serialize)]
struct Page {
    connections: i64,
    refused: u64,
    routes: Vec<RouteRow>,
    servers: Vec<ServerRow>,
}

#[derive(Serialize)]
struct RouteRow {
    name: String,
    answers: [u64; 5],
    retries: u64,
}

#[derive(Serialize)]
struct ServerRow {
    upstream: String,
    address: String,
    well: bool,
    open: bool,
    under_way: usize,
    answered: u64,
    failed: u64,
    delay_ms: f64,
}

async fn now(State(shared): State<Arc<Shared>>) -> Json<Page> {
    Json(look(&shared))
}

async fn events(State(shared): State<Arc<Shared>>) -> Live {
    let stop = shared.stop.clone();
    looked_up(EVERY, move || std::future::ready(Ok(look(&shared))), stop)
}

fn look(shared: &Shared) -> Page {
    let gateway = shared.gateway.load();
    let route = |route: &Arc<Route>| RouteRow {
        name: route.name.clone(),
        answers: route.metrics.counts(),
        retries: route.metrics.retries.get(),
    };
    Page {
        connections: gateway.metrics.connections.get(),
        refused: gateway.metrics.refused.get(),
        routes: gateway.routes.iter().map(route).collect(),
        servers: gateway.upstreams.iter().flat_map(rows).collect(),
    }
}

fn rows(upstream: &Arc<Upstream>) -> impl Iterator<Item = ServerRow> {
    upstream.servers.iter().map(|server| ServerRow {
        upstream: upstream.name.clone(),
        address: server.address.to_string(),
        well: server.is_well(),
        open: server.is_left_aside(),
        under_way: server.under_way(),
        answered: server.answered.load(Relaxed),
        failed: server.failed.load(Relaxed),
        delay_ms: server.delay() * 1_000.0,
    })
}

/// Forgets what is kept of `?url=http://shop.example/tea`.
async fn purge(
    State(shared): State<Arc<Shared>>,
    Query(query): Query<HashMap<String, String>>,
) -> (StatusCode, &'static str) {
    let Some(url) = query.get("url") else {
        return (
            StatusCode::BAD_REQUEST,
            "say which: ?url=http://shop.example/tea",
        );
    };
    shared.gateway.load_full().cache.purge(url).await;
    (StatusCode::OK, "purged")
}
