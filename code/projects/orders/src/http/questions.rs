//! What only reads.

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use serde_json::Value;
use service::body::{Named, Query};
use service::problem::Problem;
use uuid::Uuid;

use super::{SOON, told};
use crate::command::Aggregate;
use crate::order::Order;
use crate::parked::Entry;
use crate::saga::Saga;
use crate::shop::{READ_PATIENCE, Shop};
use crate::status::Status;
use crate::views::questions::{Fields, MOST_ROWS, ORDERS, SAGAS, SALES, STOCK};

/// Which event the answer has to know, and how much of it.
#[derive(Deserialize)]
pub struct Wanted {
    #[serde(default)]
    after: u64,
    limit: Option<u32>,
}

/// Waits until the view knows the event.
async fn reach(shop: &Shop, view: &str, Wanted { after, .. }: &Wanted) -> Result<(), Problem> {
    let late = || format!("the view {view} hasn't reached event {after}");
    match shop.views.reached(view, *after, READ_PATIENCE).await {
        true => Ok(()),
        false => Err(Problem::unavailable(late(), SOON)),
    }
}

type Rows = Result<Json<Vec<Fields>>, Problem>;

pub async fn order(
    State(shop): State<Shop>,
    Named(order): Named<Uuid>,
    Query(wanted): Query<Wanted>,
) -> Result<Json<Fields>, Problem> {
    reach(&shop, "orders", &wanted).await?;
    let found = shop.views.order(order).await?.map(Json);
    found.ok_or_else(|| Problem::not_found(format!("there is no order {order}")))
}

pub async fn orders(State(shop): State<Shop>, Query(wanted): Query<Wanted>) -> Rows {
    reach(&shop, "orders", &wanted).await?;
    let limit = wanted.limit.unwrap_or(MOST_ROWS).min(MOST_ROWS);
    Ok(Json(shop.views.ask(ORDERS, limit).await?))
}

pub async fn events(
    State(shop): State<Shop>,
    Named(order): Named<Uuid>,
) -> Result<Json<Vec<Value>>, Problem> {
    let mut events = shop.store.stream(&Order::stream(order), 0).await?;
    events.extend(shop.store.stream(&Saga::stream(order), 0).await?);
    events.sort_by_key(|event| event.position);
    Ok(Json(events.iter().map(told).collect()))
}

pub async fn stock(State(shop): State<Shop>, Query(wanted): Query<Wanted>) -> Rows {
    reach(&shop, "stock", &wanted).await?;
    Ok(Json(shop.views.ask(STOCK, ()).await?))
}

pub async fn sales(State(shop): State<Shop>, Query(wanted): Query<Wanted>) -> Rows {
    reach(&shop, "sales", &wanted).await?;
    Ok(Json(shop.views.ask(SALES, ()).await?))
}

/// Which sagas; without a word, those that are stuck.
#[derive(Deserialize)]
pub struct InState {
    state: Option<String>,
}

pub async fn sagas(State(shop): State<Shop>, Query(InState { state }): Query<InState>) -> Rows {
    let state = state.as_deref().unwrap_or("stuck");
    Ok(Json(shop.views.ask(SAGAS, state).await?))
}

pub async fn parked(State(shop): State<Shop>) -> Result<Json<Vec<Entry>>, Problem> {
    Ok(Json(shop.parked.list().await?))
}

pub async fn status(State(shop): State<Shop>) -> Result<Json<Status>, Problem> {
    Ok(Json(shop.status().await?))
}
