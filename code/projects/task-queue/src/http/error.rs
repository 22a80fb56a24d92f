//! How errors are answered.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::error::BrokerError;

/// When to come again, in seconds, as `Retry-After` says it: jobs move all the time, and a store comes back
/// by itself.
pub(super) const SOON: HeaderValue = HeaderValue::from_static("1");
/// Somebody has to make room first.
const LATER: HeaderValue = HeaderValue::from_static("10");

/// An error on its way to a client.
#[derive(Debug)]
pub struct ApiError {
    status: StatusCode,
    /// One word that programs decide by.
    code: &'static str,
    message: String,
}

impl ApiError {
    /// The request cannot be understood.
    pub(super) fn invalid(message: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", message)
    }

    /// What the request names is not there.
    pub(super) fn not_found(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", message)
    }

    pub(super) fn wrong_method() -> Self {
        let message = "this address does not take this method";
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "wrong_method", message)
    }

    pub(super) fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            code,
            message: message.into(),
        }
    }
}

impl From<BrokerError> for ApiError {
    fn from(error: BrokerError) -> Self {
        let (status, code) = match &error {
            BrokerError::Invalid { .. } => (StatusCode::UNPROCESSABLE_ENTITY, "invalid"),
            BrokerError::UnknownDependency { .. } => (StatusCode::CONFLICT, "unknown_dependency"),
            BrokerError::QueueFull { .. } => (StatusCode::TOO_MANY_REQUESTS, "queue_full"),
            BrokerError::Unavailable { .. } => (StatusCode::SERVICE_UNAVAILABLE, "unavailable"),
            BrokerError::NoRoom { .. } => (StatusCode::INSUFFICIENT_STORAGE, "no_room"),
            BrokerError::Closed => (StatusCode::SERVICE_UNAVAILABLE, "closed"),
            BrokerError::Damaged { .. } => (StatusCode::INTERNAL_SERVER_ERROR, "damaged"),
            BrokerError::Refused { .. } => (StatusCode::INTERNAL_SERVER_ERROR, "refused"),
        };
        Self::new(status, code, error.to_string())
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let Self {
            status,
            code,
            message,
        } = self;
        let body = Json(json!({ "error": { "code": code, "message": message } }));
        let mut response = (status, body).into_response();
        let headers = response.headers_mut();
        match status {
            StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => {
                headers.insert(header::RETRY_AFTER, SOON);
            }
            StatusCode::INSUFFICIENT_STORAGE => {
                headers.insert(header::RETRY_AFTER, LATER);
            }
            StatusCode::UNAUTHORIZED => {
                headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            }
            _ => {}
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::name::QueueName;

    #[test]
    fn what_may_succeed_later_says_when_to_come_again() {
        let reason = || "away".to_owned();
        let full = BrokerError::QueueFull {
            queue: QueueName::new("q").unwrap(),
            depth: 10,
            sent: 1,
            limit: 10,
        };
        for (error, status, after) in [
            (full, 429, Some("1")),
            (BrokerError::unavailable("away"), 503, Some("1")),
            (BrokerError::Closed, 503, Some("1")),
            (BrokerError::NoRoom { reason: reason() }, 507, Some("10")),
            (BrokerError::Refused { reason: reason() }, 500, None),
            (BrokerError::invalid("jobs", "too many"), 422, None),
        ] {
            let response = ApiError::from(error).into_response();
            let said = response.headers().get(header::RETRY_AFTER);
            let said = said.map(|after| after.to_str().unwrap());
            assert_eq!((response.status().as_u16(), said), (status, after));
        }
    }
}
