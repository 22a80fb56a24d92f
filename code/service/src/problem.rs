//! How errors are answered: problem details for HTTP APIs (RFC 9457), with a word to decide by.
//!
//! ```json
//! { "title": "Too Many Requests", "status": 429, "code": "queue_full", "detail": "queue q holds 10 jobs" }
//! ```

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};

/// An error on its way to a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The status of the answer.
    pub status: StatusCode,
    /// One word that programs decide by: `queue_full`.
    pub code: &'static str,
    /// What is wrong, for people: names the thing and the number.
    pub detail: String,
    /// After how many seconds the same request may succeed, as `Retry-After` says it.
    pub retry_after: Option<u32>,
}

/// The body of the answer, as a client reads it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Details {
    /// What the status means, in the words of its standard.
    #[serde(default)]
    pub title: String,
    /// The status of the answer.
    pub status: u16,
    /// One word that programs decide by.
    pub code: String,
    /// What is wrong.
    pub detail: String,
}

impl Problem {
    /// An error that no later request of the same kind escapes, unless
    /// [`retry_after`](Self::retry_after) is set.
    pub fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Self {
        Self {
            status,
            code,
            detail: detail.into(),
            retry_after: None,
        }
    }

    /// 422: the request is understood, and breaks a rule.
    pub fn invalid(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", detail)
    }

    /// 404: what the request names is not there.
    pub fn not_found(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", detail)
    }

    /// 503: come again in `seconds`.
    pub fn unavailable(detail: impl Into<String>, seconds: u32) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", detail).retry_after(seconds)
    }

    /// The same problem, with the time after which it may be over.
    pub fn retry_after(self, seconds: u32) -> Self {
        Self {
            retry_after: Some(seconds),
            ..self
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let details = Details {
            title: self.status.canonical_reason().unwrap_or_default().into(),
            status: self.status.as_u16(),
            code: self.code.into(),
            detail: self.detail,
        };
        let mut response = (self.status, Json(details)).into_response();
        let headers = response.headers_mut();
        let kind = HeaderValue::from_static("application/problem+json");
        headers.insert(header::CONTENT_TYPE, kind);
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, seconds.into());
        }
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

/// The answer of a router for an address that it does not have.
pub async fn no_address() -> Problem {
    Problem::not_found("there is nothing at this address")
}

/// The answer of a router for a method that an address does not take.
pub async fn no_method() -> Problem {
    let detail = "this address does not take this method";
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "wrong_method", detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_problem_is_answered_with_its_status_its_words_and_when_to_come_again() {
        let response = Problem::unavailable("the store is away", 7).into_response();
        assert_eq!(response.status(), 503);
        assert_eq!(response.headers()["retry-after"], "7");
        assert_eq!(
            response.headers()["content-type"],
            "application/problem+json"
        );
        let body = axum::body::to_bytes(response.into_body(), 1000).await;
        let details: Details = serde_json::from_slice(&body.unwrap()).unwrap();
        assert_eq!(details.title, "Service Unavailable");
        assert_eq!(details.code, "unavailable");
        assert_eq!(details.detail, "the store is away");
    }

    #[test]
    fn a_client_without_a_token_is_told_which_kind_to_send() {
        let problem = Problem::new(StatusCode::UNAUTHORIZED, "unauthorized", "send a token");
        let response = problem.into_response();
        assert_eq!(response.headers()["www-authenticate"], "Bearer");
        assert!(!response.headers().contains_key("retry-after"));
    }
}
