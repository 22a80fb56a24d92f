//! The live page, the metrics and the state of health, on an address of their own.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Query, Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use futures::stream::{self, Stream, StreamExt};
use serde::Serialize;
use tokio::time::interval;

use crate::edge::Shared;

const PAGE: &str = include_str!("admin/page.html");

/// How often the page is told.
const EVERY: Duration = Duration::from_millis(500);

/// The pages.
pub fn router(shared: Arc<Shared>) -> Router {
    Router::new()
        .route("/", get(|| async { Html(PAGE) }))
        .route("/events", get(events))
        .route("/state", get(|State(shared): State<Arc<Shared>>| async move { Json(state(&shared)) }))
        .route("/metrics", get(metrics))
        .route("/healthz", get(|| async { "ok" }))
        .route("/readyz", get(ready))
        .route("/purge", post(purge))
        .layer(middleware::from_fn(guard))
        .with_state(shared)
}

/// Loopback is no authorization: a page of another origin in the operator's browser can send
/// requests here, and a name that resolves to 127.0.0.1 makes them look like ours.
async fn guard(request: Request, next: Next) -> Response {
    let text = |name| request.headers().get(name).and_then(|value| value.to_str().ok());
    let host = text(header::HOST).unwrap_or_default();
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    let origin = text(header::ORIGIN).and_then(|origin| origin.strip_prefix("http://"));
    let own = matches!(name, "localhost" | "127.0.0.1" | "[::1]");
    if !own || origin.is_some_and(|origin| origin != host) {
        return (StatusCode::FORBIDDEN, "not from here").into_response();
    }
    next.run(request).await
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
    breaker: &'static str,
    under_way: usize,
    answered: u64,
    failed: u64,
    delay_ms: f64,
}

fn state(shared: &Shared) -> Page {
    let gateway = shared.gateway.load();
    let route = |route: &Arc<crate::route::Route>| RouteRow {
        name: route.name.clone(),
        answers: route.metrics.counts(),
        retries: route.metrics.retries.get(),
    };
    let servers = gateway.upstreams.iter().flat_map(|upstream| {
        upstream.servers.iter().map(|server| ServerRow {
            upstream: upstream.name.clone(),
            address: server.address.to_string(),
            well: server.is_well(),
            breaker: server.breaker_state(),
            under_way: server.under_way(),
            answered: server.answered.load(std::sync::atomic::Ordering::Relaxed),
            failed: server.failed.load(std::sync::atomic::Ordering::Relaxed),
            delay_ms: server.delay() * 1_000.0,
        })
    });
    Page {
        connections: gateway.metrics.connections.get(),
        refused: gateway.metrics.refused.get(),
        routes: gateway.routes.iter().map(route).collect(),
        servers: servers.collect(),
    }
}

async fn events(
    State(shared): State<Arc<Shared>>,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let stop = shared.stop.clone();
    let ticks = stream::unfold((interval(EVERY), shared), |(mut ticks, shared)| async {
        ticks.tick().await;
        let event = Event::default().json_data(state(&shared)).unwrap_or_default();
        Some((Ok(event), (ticks, shared)))
    });
    Sse::new(ticks.take_until(stop.cancelled_owned())).keep_alive(KeepAlive::default())
}

async fn metrics(State(shared): State<Arc<Shared>>) -> impl IntoResponse {
    let gateway = shared.gateway.load();
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(header::CONTENT_TYPE, kind)], gateway.metrics.text(&gateway))
}

/// Not ready when it stops, or when a group has no server that is well.
async fn ready(State(shared): State<Arc<Shared>>) -> (StatusCode, &'static str) {
    let gateway = shared.gateway.load();
    let served = |upstream: &Arc<crate::upstream::Upstream>| {
        upstream.servers.iter().any(|server| server.is_well())
    };
    if shared.stop.is_cancelled() || !gateway.upstreams.iter().all(served) {
        return (StatusCode::SERVICE_UNAVAILABLE, "not ready");
    }
    (StatusCode::OK, "ready")
}

/// Forgets what is kept of `?url=http://shop.example/tea`.
async fn purge(
    State(shared): State<Arc<Shared>>,
    Query(query): Query<HashMap<String, String>>,
) -> (StatusCode, &'static str) {
    let Some(url) = query.get("url") else {
        return (StatusCode::BAD_REQUEST, "say which: ?url=http://shop.example/tea");
    };
    shared.gateway.load_full().cache.purge(url).await;
    (StatusCode::OK, "purged")
}
