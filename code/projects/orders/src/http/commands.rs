//! What changes something.

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::{Json, response::IntoResponse};
use serde::{Deserialize, Serialize};
use service::body::{Body, Named};
use service::problem::Problem;
use uuid::Uuid;

use super::{Api, problem};
use crate::command::CommandError;
use crate::event::Placement;
use crate::order::{self, MAX_TEXT};
use crate::store::Appended;

/// Where the event of a command stands. A question with `?after=POSITION` knows it.
#[derive(Serialize)]
struct Accepted {
    #[serde(skip_serializing_if = "Option::is_none")]
    order: Option<Uuid>,
    position: u64,
    repeated: bool,
}

fn accepted(order: Option<Uuid>, appended: Appended) -> (StatusCode, Json<Accepted>) {
    let Appended {
        position, repeated, ..
    } = appended;
    (
        StatusCode::ACCEPTED,
        Json(Accepted {
            order,
            position,
            repeated,
        }),
    )
}

fn key(headers: &HeaderMap) -> Result<&str, Problem> {
    let key = headers
        .get("idempotency-key")
        .and_then(|key| key.to_str().ok());
    let detail =
        format!("send an Idempotency-Key of 1 to {MAX_TEXT} bytes, the same with each attempt");
    key.filter(|key| !key.is_empty() && key.len() <= MAX_TEXT)
        .ok_or_else(|| Problem::new(StatusCode::BAD_REQUEST, "no_key", detail))
}

pub async fn place(
    State(api): State<Api>,
    headers: HeaderMap,
    Body(placement): Body<Placement>,
) -> Result<impl IntoResponse, Problem> {
    order::check(&placement).map_err(Problem::invalid)?;
    let placed = api
        .shop
        .place(key(&headers)?, placement)
        .await
        .map_err(problem)?;
    Ok(accepted(Some(placed.0), placed.1))
}

/// Why an order isn't wanted any more.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reason {
    reason: String,
}

pub async fn cancel(
    State(api): State<Api>,
    Named(order): Named<Uuid>,
    Body(Reason { reason }): Body<Reason>,
) -> Result<impl IntoResponse, Problem> {
    if reason.is_empty() || reason.len() > MAX_TEXT {
        return Err(Problem::invalid(format!(
            "reason: between 1 and {MAX_TEXT} bytes"
        )));
    }
    let canceled = api.shop.cancel(order, &reason).await.map_err(problem)?;
    Ok(accepted(Some(order), canceled))
}

/// Goods that come in.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Goods {
    quantity: u32,
}

pub async fn receive(
    State(api): State<Api>,
    Named(sku): Named<String>,
    headers: HeaderMap,
    Body(Goods { quantity }): Body<Goods>,
) -> Result<impl IntoResponse, Problem> {
    if sku.is_empty() || sku.len() > MAX_TEXT {
        return Err(Problem::invalid(format!(
            "sku: between 1 and {MAX_TEXT} bytes"
        )));
    }
    let received = api.shop.receive(key(&headers)?, &sku, quantity).await;
    Ok(accepted(None, received.map_err(problem)?))
}

pub async fn resume(
    State(api): State<Api>,
    Named(order): Named<Uuid>,
) -> Result<impl IntoResponse, Problem> {
    let resumed = api.shop.resume(order).await.map_err(problem)?;
    Ok(accepted(Some(order), resumed))
}

pub async fn replay(
    State(api): State<Api>,
    Path((consumer, position)): Path<(String, u64)>,
) -> Result<StatusCode, Problem> {
    api.shop
        .replay(&consumer, position)
        .await
        .map_err(problem)?;
    Ok(StatusCode::NO_CONTENT)
}

pub async fn rebuild(
    State(api): State<Api>,
    Named(view): Named<String>,
) -> Result<Json<u64>, Problem> {
    // A task of its own: a client that hangs up doesn't stop it half-way.
    let rebuilding = tokio::spawn(async move { api.shop.rebuild(&view).await });
    let rebuilt: Result<_, CommandError> = rebuilding
        .await
        .map_err(|error| Problem::unavailable(error.to_string(), 1))?;
    rebuilt.map(Json).map_err(problem)
}
