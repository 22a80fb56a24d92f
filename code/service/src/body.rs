//! Request bodies and parameters, with errors that name the field.
//!
//! How long a body may be is the router's affair: [`limit`] is the layer that says it.

use std::str::FromStr;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, FromRequest, FromRequestParts, Path, Request};
use axum::http::StatusCode;
use axum::http::request::Parts;
use serde::de::DeserializeOwned;
use tokio::time;

use crate::problem::Problem;

/// A body that is slower than this is not waited for.
pub const SLOWEST: Duration = Duration::from_secs(30);

/// The layer that refuses bodies of more than `bytes` with 413.
pub fn limit(bytes: usize) -> DefaultBodyLimit {
    DefaultBodyLimit::max(bytes)
}

/// The JSON of a request's body, of this type.
#[derive(Debug)]
pub struct Body<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let bytes = time::timeout(SLOWEST, Bytes::from_request(request, state)).await;
        let bytes = bytes.map_err(|_| too_slow())?.map_err(|error| {
            let code = match error.status() {
                StatusCode::PAYLOAD_TOO_LARGE => "too_large",
                _ => "invalid",
            };
            Problem::new(error.status(), code, error.body_text())
        })?;
        parse(&bytes).map(Self)
    }
}

fn too_slow() -> Problem {
    let detail = format!("the body took longer than {} s", SLOWEST.as_secs());
    Problem::new(StatusCode::REQUEST_TIMEOUT, "too_slow", detail)
}

/// Reads JSON; an error names the field and what is wrong with it.
pub fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let body = serde_path_to_error::deserialize(&mut json)
        .map_err(|error| Problem::invalid(fault("", &error)))?;
    json.end()
        .map_err(|error| Problem::invalid(error.to_string()))?;
    Ok(body)
}

/// What is wrong with JSON, and in which field of `what`: `input.size.width: invalid type: …`
pub fn fault(what: &str, error: &serde_path_to_error::Error<serde_json::Error>) -> String {
    // A text that breaks off has a path that ends in `?`; the text as a whole is `.`.
    let path = error.path().to_string();
    let place = match (what, path.trim_end_matches(['.', '?'])) {
        ("", field) => field.to_owned(),
        (what, "") => what.to_owned(),
        (what, field) => format!("{what}.{field}"),
    };
    match place.as_str() {
        "" => error.inner().to_string(),
        place => format!("{place}: {}", error.inner()),
    }
}

/// The variable part of the address, of this type.
#[derive(Debug)]
pub struct Named<T>(pub T);

impl<T, S> FromRequestParts<S> for Named<T>
where
    T: FromStr<Err: std::fmt::Display>,
    S: Send + Sync,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Path(text) = Path::<String>::from_request_parts(parts, state)
            .await
            .map_err(|error| Problem::invalid(error.body_text()))?;
        text.parse()
            .map(Self)
            .map_err(|error: T::Err| Problem::invalid(error.to_string()))
    }
}

/// The query of the address, of this type.
#[derive(Debug)]
pub struct Query<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        axum::extract::Query::from_request_parts(parts, state)
            .await
            .map(|axum::extract::Query(query)| Self(query))
            .map_err(|error| Problem::invalid(error.body_text()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http;
    use serde::Deserialize;
    use std::convert::Infallible;
    use tokio::time::Instant;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Order {
        #[serde(default)]
        lines: Vec<u8>,
    }

    #[test]
    fn an_error_names_the_field_and_the_rule() {
        for (text, expected) in [
            (r#"{"lines": [1, 300]}"#, "lines[1]: invalid value"),
            (r#"{"line": [1]}"#, "line: unknown field"),
            (r#"{"lines": [1]} x"#, "trailing characters"),
            ("", "EOF while parsing"),
        ] {
            let problem = parse::<Order>(text.as_bytes()).unwrap_err();
            assert_eq!(problem.status, 422);
            assert!(problem.detail.starts_with(expected), "{}", problem.detail);
        }
        assert_eq!(parse::<Order>(br#"{"lines": [7]}"#).unwrap().lines, [7]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_does_not_come_is_not_waited_for() {
        let never = tokio_stream::pending::<Result<Bytes, Infallible>>();
        let request = http::Request::new(axum::body::Body::from_stream(never));
        let now = Instant::now();
        let problem = Body::<Order>::from_request(request, &()).await.unwrap_err();
        assert_eq!((problem.status.as_u16(), now.elapsed()), (408, SLOWEST));
    }
}
