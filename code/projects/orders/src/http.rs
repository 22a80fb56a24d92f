//! The HTTP API: commands, questions, what is stuck or parked, and a live page.
//!
//! A command answers with the position of its event. A question that names a position,
//! `?after=N`, waits until its view knows that event.

mod commands;
mod questions;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::routing::{get, post};
use serde::Serialize;
use service::guard::Guard;
use service::live::{self, Live};
use service::options::Edge;
use service::page;
use service::problem::{Problem, no_address, no_method};
use service::{body, health, metrics};
use tokio_util::sync::CancellationToken;

use crate::command::CommandError;
use crate::database::DatabaseError;
use crate::event::Event;
use crate::numbers::Numbers;
use crate::shop::Shop;
use crate::status::Status;
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

#[derive(Clone)]
struct Api {
    shop: Shop,
    stop: CancellationToken,
}

/// All routes, behind the guard.
pub fn router(shop: Shop, edge: &Edge, stop: CancellationToken) -> Router {
    let api = Api {
        shop: shop.clone(),
        stop: stop.clone(),
    };
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
        .route("/v1/live", get(live_page))
        .layer(body::limit(edge.max_body as usize))
        .with_state(api);
    let json = [(CONTENT_TYPE, "application/json")];
    let public = page::routes(&FILES)
        .route("/openapi.json", get(async move || (json, OPENAPI)))
        .merge(health(&shop, stop))
        .merge(numbers(shop));
    Guard::new(edge)
        .around(private, public)
        .fallback(no_address)
        .method_not_allowed_fallback(no_method)
}

fn health(shop: &Shop, stop: CancellationToken) -> Router {
    let shop = shop.clone();
    health::routes(stop, move || {
        let shop = shop.clone();
        async move {
            shop.status()
                .await
                .map(drop)
                .map_err(|error| error.to_string())
        }
    })
}

fn numbers(shop: Shop) -> Router {
    let (numbers, registry) = Numbers::new();
    metrics::routes(Arc::new(registry), move || {
        let (numbers, shop) = (numbers.clone(), shop.clone());
        async move {
            if let Ok(status) = shop.status().await {
                numbers.refresh(&status);
            }
        }
    })
}

/// What the page shows.
#[derive(Serialize)]
struct Shown {
    #[serde(flatten)]
    status: Status,
    stuck: Vec<Fields>,
    newest: Vec<Told>,
}

/// An event as it's shown.
#[derive(Serialize)]
struct Told {
    position: u64,
    stream: String,
    version: u64,
    at_ms: i64,
    event: Option<Event>,
}

fn told(recorded: Vec<crate::store::Recorded>) -> Vec<Told> {
    let told = recorded.into_iter().map(|it| Told {
        position: it.position,
        version: it.version,
        at_ms: it.at_ms,
        event: it.event().ok(),
        stream: it.stream,
    });
    told.collect()
}

async fn live_page(State(api): State<Api>) -> Live {
    let shop = api.shop;
    let look = move || {
        let shop = shop.clone();
        async move { shown(&shop).await.map_err(|error| error.to_string()) }
    };
    live::looked_up(PERIOD, look, api.stop)
}

async fn shown(shop: &Shop) -> Result<Shown, DatabaseError> {
    let status = shop.status().await?;
    let mut newest = shop
        .store()
        .after(status.head.saturating_sub(NEWEST))
        .await?;
    newest.reverse();
    let stuck = shop.views().ask(SAGAS, ["stuck".into()]).await?;
    Ok(Shown {
        status,
        stuck,
        newest: told(newest),
    })
}

fn problem(error: CommandError) -> Problem {
    match error {
        CommandError::Refused(reason) => Problem::new(StatusCode::CONFLICT, "refused", reason),
        CommandError::Reused => Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "key_reused",
            error.to_string(),
        ),
        CommandError::Busy(_) => Problem::unavailable(error.to_string(), SOON),
        CommandError::Unreadable(error) => Problem::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "unreadable",
            error.to_string(),
        ),
        CommandError::Database(error) => database(error),
    }
}

fn database(error: DatabaseError) -> Problem {
    match error {
        DatabaseError::Full => Problem::new(
            StatusCode::INSUFFICIENT_STORAGE,
            "disk_full",
            error.to_string(),
        ),
        error => Problem::unavailable(error.to_string(), SOON),
    }
}
