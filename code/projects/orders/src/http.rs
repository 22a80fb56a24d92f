//! The HTTP API: commands, questions, what is stuck or parked, and a live page.
//!
//! A command answers with the position of its event. A question that names a position,
//! `?after=N`, waits until its view knows that event.

mod commands;
mod questions;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::routing::{get, post};
use futures::TryFutureExt;
use serde::Serialize;
use serde_json::{Value, json};
use service::guard::Guard;
use service::live::{self, Live};
use service::options::Edge;
use service::page;
use service::problem::{Problem, no_address, no_method};
use service::{body, health, metrics};
use tokio_util::sync::CancellationToken;

use crate::command::CommandError;
use crate::database::{DatabaseError, Result};
use crate::numbers::Numbers;
use crate::shop::Shop;
use crate::status::Status;
use crate::store::Recorded;
use crate::views::questions::{Fields, SAGAS};

const FILES: [(&str, &str); 3] = [
    ("/", include_str!("page/index.html")),
    ("/orders.css", include_str!("page/orders.css")),
    ("/orders.js", include_str!("page/orders.js")),
];

const OPENAPI: &str = include_str!("page/openapi.json");

/// How often the page hears how things are.
const PERIOD: Duration = Duration::from_millis(500);
/// So many of the newest events are on the page.
const NEWEST: u64 = 15;

/// When a busy or full store may be asked again, in seconds.
const SOON: u32 = 1;

/// All routes, behind the guard.
pub fn router(shop: Shop, edge: &Edge, stop: CancellationToken) -> Router {
    let (told, until) = (shop.clone(), stop.clone());
    let live = async move || live_page(told, until);
    let private = Router::new()
        .route("/v1/orders", post(commands::place).get(questions::orders))
        .route("/v1/orders/{id}", get(questions::order))
        .route("/v1/orders/{id}/events", get(questions::events))
        .route("/v1/orders/{id}/cancel", post(commands::cancel))
        .route("/v1/stock", get(questions::stock))
        .route("/v1/stock/{sku}", post(commands::receive))
        .route("/v1/sales", get(questions::sales))
        .route("/v1/sagas", get(questions::sagas))
        .route("/v1/sagas/{id}/resume", post(commands::resume))
        .route("/v1/parked", get(questions::parked))
        .route(
            "/v1/parked/{consumer}/{position}/replay",
            post(commands::replay),
        )
        .route("/v1/views/{view}/rebuild", post(commands::rebuild))
        .route("/v1/status", get(questions::status))
        .route("/v1/live", get(live))
        .layer(body::limit(edge.max_body as usize))
        .with_state(shop.clone());
    let json = [(CONTENT_TYPE, "application/json")];
    let public = page::routes(&FILES)
        .route("/openapi.json", get(async move || (json, OPENAPI)))
        .merge(health(shop.clone(), stop))
        .merge(numbers(shop));
    Guard::new(edge)
        .around(private, public)
        .fallback(no_address)
        .method_not_allowed_fallback(no_method)
}

fn health(shop: Shop, stop: CancellationToken) -> Router {
    let ready = |shop: Shop| async move {
        let status = shop.status().await;
        status.map(drop).map_err(|error| error.to_string())
    };
    health::routes(stop, move || ready(shop.clone()))
}

fn numbers(shop: Shop) -> Router {
    let (numbers, registry) = Numbers::new();
    let refresh = |shop: Shop, numbers: Numbers| async move {
        if let Ok(status) = shop.status().await {
            numbers.refresh(&status);
        }
    };
    let refresh = move || refresh(shop.clone(), numbers.clone());
    metrics::routes(Arc::new(registry), refresh)
}

/// What the page shows.
#[derive(Serialize)]
struct Shown {
    #[serde(flatten)]
    status: Status,
    stuck: Vec<Fields>,
    newest: Vec<Value>,
}

/// An event as it's shown.
fn told(recorded: &Recorded) -> Value {
    json!({
        "position": recorded.position,
        "stream": recorded.stream,
        "version": recorded.version,
        "at_ms": recorded.at_ms,
        "event": recorded.event().ok(),
    })
}

fn live_page(shop: Shop, stop: CancellationToken) -> Live {
    let look = move || shown(shop.clone()).map_err(|error| error.to_string());
    live::looked_up(PERIOD, look, stop)
}

async fn shown(shop: Shop) -> Result<Shown> {
    let status = shop.status().await?;
    let newest = shop.store.after(status.head.saturating_sub(NEWEST)).await?;
    Ok(Shown {
        status,
        stuck: shop.views.ask(SAGAS, "stuck").await?,
        newest: newest.iter().rev().map(told).collect(),
    })
}

impl From<CommandError> for Problem {
    fn from(error: CommandError) -> Problem {
        let told = error.to_string();
        let (status, code) = match error {
            CommandError::Invalid(_) => return Problem::invalid(told),
            CommandError::Refused(_) => (StatusCode::CONFLICT, "refused"),
            CommandError::Reused => (StatusCode::UNPROCESSABLE_ENTITY, "key_reused"),
            CommandError::Busy(_) => return Problem::unavailable(told, SOON),
            CommandError::Unreadable(_) => (StatusCode::INTERNAL_SERVER_ERROR, "unreadable"),
            CommandError::Database(error) => return error.into(),
        };
        Problem::new(status, code, told)
    }
}

impl From<DatabaseError> for Problem {
    fn from(error: DatabaseError) -> Problem {
        let told = error.to_string();
        match error {
            DatabaseError::Full => {
                Problem::new(StatusCode::INSUFFICIENT_STORAGE, "disk_full", told)
            }
            _ => Problem::unavailable(told, SOON),
        }
    }
}
