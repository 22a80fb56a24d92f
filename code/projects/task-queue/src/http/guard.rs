//! Who may use the API.

use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::broker::Broker;

use super::{ApiError, App};

/// Passes requests on that carry the token, if there is one to carry.
pub(super) async fn guard<B: Broker>(
    State(app): State<App<B>>,
    request: Request,
    next: Next,
) -> Response {
    if let Some(token) = &app.0.token {
        let given = request.headers().get(header::AUTHORIZATION);
        let given = given.and_then(|value| value.as_bytes().strip_prefix(b"Bearer "));
        if !given.is_some_and(|given| is_same(given, token.as_bytes())) {
            let message = "send the token: `Authorization: Bearer TOKEN`";
            let error = ApiError::new(StatusCode::UNAUTHORIZED, "unauthorized", message);
            return error.into_response();
        }
    }
    next.run(request).await
}

/// Compares in a time that tells nothing of where two texts differ.
fn is_same(given: &[u8], token: &[u8]) -> bool {
    let differences = given.iter().zip(token).fold(0, |all, (a, b)| all | (a ^ b));
    given.len() == token.len() && differences == 0
}

#[cfg(test)]
mod tests {
    use super::is_same;

    #[test]
    fn only_the_whole_token_is_the_token() {
        assert!(is_same(b"secret", b"secret"));
        assert!(!is_same(b"secre", b"secret"));
        assert!(!is_same(b"secrets", b"secret"));
        assert!(!is_same(b"Secret", b"secret"));
        assert!(!is_same(b"", b"secret"));
    }
}
