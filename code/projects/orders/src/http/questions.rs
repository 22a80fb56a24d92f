//! What only reads.

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use serde_json::Value;
use service::body::{Named, Query};
use service::problem::Problem;
use uuid::Uuid;

use super::{Api, Told, database, told};
use crate::order;
use crate::parked::Entry;
use crate::shop::READ_PATIENCE;
use crate::status::Status;
use crate::views::questions::{Fields, MOST_ROWS, ORDERS, Question, SAGAS, SALES, STOCK};

/// Which event the answer has to know, and how much of it.
#[derive(Deserialize)]
pub struct Wanted {
    #[serde(default)]
    after: u64,
    #[serde(default = "all")]
    limit: u32,
}

fn all() -> u32 {
    MOST_ROWS
}

impl Api {
    async fn ask<const N: usize>(&self, question: Question, values: [Value; N]) -> Rows {
        let rows = self.shop.views().ask(question, values).await;
        rows.map(Json).map_err(database)
    }

    /// Waits until the view knows the event.
    async fn reach(&self, view: &str, wanted: &Wanted) -> Result<(), Problem> {
        match self
            .shop
            .views()
            .reached(view, wanted.after, READ_PATIENCE)
            .await
        {
            true => Ok(()),
            false => {
                let detail = format!("the view {view} hasn't reached event {}", wanted.after);
                Err(Problem::unavailable(detail, 1))
            }
        }
    }
}

type Rows = Result<Json<Vec<Fields>>, Problem>;

pub async fn order(
    State(api): State<Api>,
    Named(order): Named<Uuid>,
    Query(wanted): Query<Wanted>,
) -> Result<Json<Fields>, Problem> {
    api.reach("orders", &wanted).await?;
    let found = api.shop.views().order(order).await.map_err(database)?;
    found
        .map(Json)
        .ok_or_else(|| Problem::not_found(format!("there is no order {order}")))
}

pub async fn orders(State(api): State<Api>, Query(wanted): Query<Wanted>) -> Rows {
    api.reach("orders", &wanted).await?;
    api.ask(ORDERS, [wanted.limit.min(MOST_ROWS).into()]).await
}

pub async fn events(
    State(api): State<Api>,
    Named(order): Named<Uuid>,
) -> Result<Json<Vec<Told>>, Problem> {
    let stream = api.shop.store().stream(&order::stream(order), 0).await;
    let saga = api
        .shop
        .store()
        .stream(&crate::saga::stream(order), 0)
        .await;
    let mut events = stream.map_err(database)?;
    events.extend(saga.map_err(database)?);
    events.sort_by_key(|event| event.position);
    Ok(Json(told(events)))
}

pub async fn stock(State(api): State<Api>, Query(wanted): Query<Wanted>) -> Rows {
    api.reach("stock", &wanted).await?;
    api.ask(STOCK, []).await
}

pub async fn sales(State(api): State<Api>, Query(wanted): Query<Wanted>) -> Rows {
    api.reach("sales", &wanted).await?;
    api.ask(SALES, []).await
}

/// Which sagas.
#[derive(Deserialize)]
pub struct InState {
    #[serde(default = "stuck")]
    state: String,
}

fn stuck() -> String {
    "stuck".to_owned()
}

pub async fn sagas(State(api): State<Api>, Query(InState { state }): Query<InState>) -> Rows {
    api.ask(SAGAS, [state.into()]).await
}

pub async fn parked(State(api): State<Api>) -> Result<Json<Vec<Entry>>, Problem> {
    let status = api.shop.status().await.map_err(database)?;
    Ok(Json(status.parked))
}

pub async fn status(State(api): State<Api>) -> Result<Json<Status>, Problem> {
    api.shop.status().await.map(Json).map_err(database)
}
