//! What changes something.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};
use service::body::{Body, Named};
use service::problem::Problem;
use uuid::Uuid;

use super::SOON;
use crate::event::Placement;
use crate::order::MAX_TEXT;
use crate::shop::Shop;
use crate::store::Appended;

/// Where the event of a command stands. A question with `?after=POSITION` knows it.
type Answer = Result<(StatusCode, Json<Value>), Problem>;

fn accepted(order: Option<Uuid>, at: Appended) -> Answer {
    let mut answer = json!({ "position": at.position, "repeated": at.repeated });
    if let Some(order) = order {
        answer["order"] = json!(order);
    }
    Ok((StatusCode::ACCEPTED, Json(answer)))
}

fn key(headers: &HeaderMap) -> Result<&str, Problem> {
    let key = headers.get("idempotency-key");
    let key = key.and_then(|key| key.to_str().ok());
    let fits = key.filter(|key| (1..=MAX_TEXT).contains(&key.len()));
    fits.ok_or_else(|| {
        let wanted = format!("an Idempotency-Key of 1 to {MAX_TEXT} bytes");
        let detail = format!("send {wanted}, the same with each attempt");
        Problem::new(StatusCode::BAD_REQUEST, "no_key", detail)
    })
}

pub async fn place(
    State(shop): State<Shop>,
    headers: HeaderMap,
    Body(placement): Body<Placement>,
) -> Answer {
    let (order, placed) = shop.place(key(&headers)?, placement).await?;
    accepted(Some(order), placed)
}

/// Why an order isn't wanted anymore.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reason {
    reason: String,
}

pub async fn cancel(
    State(shop): State<Shop>,
    Named(order): Named<Uuid>,
    Body(Reason { reason }): Body<Reason>,
) -> Answer {
    accepted(Some(order), shop.cancel(order, &reason).await?)
}

/// Goods that come in.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Goods {
    quantity: u32,
}

pub async fn receive(
    State(shop): State<Shop>,
    Named(sku): Named<String>,
    headers: HeaderMap,
    Body(Goods { quantity }): Body<Goods>,
) -> Answer {
    let received = shop.receive(key(&headers)?, &sku, quantity);
    accepted(None, received.await?)
}

pub async fn resume(State(shop): State<Shop>, Named(order): Named<Uuid>) -> Answer {
    accepted(Some(order), shop.resume(order).await?)
}

pub async fn replay(
    State(shop): State<Shop>,
    Path((consumer, position)): Path<(String, u64)>,
) -> Result<StatusCode, Problem> {
    shop.replay(&consumer, position).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub async fn rebuild(
    State(shop): State<Shop>,
    Named(view): Named<String>,
) -> Result<Json<u64>, Problem> {
    // A task of its own: a client that hangs up doesn't stop it half-way.
    let rebuilding = tokio::spawn(async move { shop.rebuild(&view).await });
    let failed = |error: tokio::task::JoinError| Problem::unavailable(error.to_string(), SOON);
    Ok(Json(rebuilding.await.map_err(failed)??))
}
