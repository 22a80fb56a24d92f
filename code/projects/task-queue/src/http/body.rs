//! Request bodies and parameters, with errors that name the field.

use std::str::FromStr;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Path, Request};
use axum::http::StatusCode;
use axum::http::request::Parts;
use serde::de::DeserializeOwned;
use tokio::time;

use super::ApiError;

/// A body that is slower than this is not waited for.
const BODY: Duration = Duration::from_secs(30);

/// JSON of this type.
pub(super) struct Body<T>(pub(super) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let bytes = time::timeout(BODY, Bytes::from_request(request, state)).await;
        let bytes = bytes
            .map_err(|_| {
                let message = format!("the body took longer than {} s", BODY.as_secs());
                ApiError::new(StatusCode::REQUEST_TIMEOUT, "too_slow", message)
            })?
            .map_err(|error| {
                let code = match error.status() {
                    StatusCode::PAYLOAD_TOO_LARGE => "too_large",
                    _ => "invalid",
                };
                ApiError::new(error.status(), code, error.body_text())
            })?;
        let mut json = serde_json::Deserializer::from_slice(&bytes);
        let body = serde_path_to_error::deserialize(&mut json).map_err(|error| {
            let path = error.path().to_string();
            match path.trim_end_matches(['.', '?']) {
                "" => ApiError::invalid(error.inner().to_string()),
                field => ApiError::invalid(format!("{field}: {}", error.inner())),
            }
        })?;
        json.end()
            .map_err(|error| ApiError::invalid(error.to_string()))?;
        Ok(Self(body))
    }
}

/// The variable part of the address, of this type.
pub(super) struct Named<T>(pub(super) T);

impl<T, S> FromRequestParts<S> for Named<T>
where
    T: FromStr<Err: std::fmt::Display>,
    S: Send + Sync,
{
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let Path(text) = Path::<String>::from_request_parts(parts, state)
            .await
            .map_err(|error| ApiError::invalid(error.body_text()))?;
        text.parse()
            .map(Self)
            .map_err(|error: T::Err| ApiError::invalid(error.to_string()))
    }
}

/// The query of the address, of this type.
pub(super) struct Query<T>(pub(super) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        axum::extract::Query::from_request_parts(parts, state)
            .await
            .map(|axum::extract::Query(query)| Self(query))
            .map_err(|error| ApiError::invalid(error.body_text()))
    }
}
