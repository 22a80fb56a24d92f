//! Fields of JSON bodies that are taken away or set on the way through.
//!
//! Such a body is read as a whole, up to a limit. One that can't be changed isn't passed on: what
//! a rule takes away may be a secret.

use std::collections::BTreeMap;

use bytes::Bytes;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::Body as _;
use hyper::header::{self, HeaderMap, HeaderValue};
use hyper::{Request, Response, StatusCode};
use serde_json::value::{RawValue, to_raw_value};

use crate::answers::say;
use crate::body::{Body, Progress};
use crate::config::Json;

/// Changes a request's body. `progress` says how it goes with what the client sends. The error is
/// the answer to one that can't be changed.
pub async fn change_request(
    rules: &Json,
    request: &mut Request<Body>,
    progress: &Progress,
) -> Result<(), Response<Body>> {
    if !is_json(request.headers()) || request.body().is_end_stream() {
        return Ok(());
    }
    if request.headers().contains_key(header::CONTENT_ENCODING) {
        let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
        return Err(say(status, "a coded body can't be changed"));
    }
    let body = std::mem::replace(request.body_mut(), Body::empty());
    let changed = change(rules, body).await;
    let changed =
        changed.map_err(|(status, text)| say(progress.failure().unwrap_or(status), text))?;
    *request.body_mut() = replacement(request.headers_mut(), changed);
    Ok(())
}

/// Changes an answer's body. Its validators go: they are those of other bytes.
pub async fn change_answer(rules: &Json, answer: Response<Body>) -> Response<Body> {
    if !is_json(answer.headers()) {
        return answer;
    }
    let (mut head, body) = answer.into_parts();
    for name in [header::ETAG, header::LAST_MODIFIED, header::ACCEPT_RANGES] {
        head.headers.remove(name);
    }
    if body.is_end_stream() {
        head.headers.remove(header::CONTENT_LENGTH); // that of an answer to HEAD
        return Response::from_parts(head, body);
    }
    if !head.headers.contains_key(header::CONTENT_ENCODING)
        && let Ok(changed) = change(rules, body).await
    {
        let body = replacement(&mut head.headers, changed);
        return Response::from_parts(head, body);
    }
    say(StatusCode::BAD_GATEWAY, "the answer can't be changed")
}

// ANCHOR: change
/// Reads an object, and writes it anew. What no rule names keeps its bytes: a number of forty
/// digits too.
async fn change(rules: &Json, body: Body) -> Result<Bytes, (StatusCode, &'static str)> {
    let no_object = (StatusCode::BAD_REQUEST, "the body is no JSON object");
    let whole = Limited::new(body, rules.at_most).collect().await;
    let whole = whole.map_err(|error| match error.is::<LengthLimitError>() {
        true => (StatusCode::PAYLOAD_TOO_LARGE, "the body is too long"),
        false => (
            StatusCode::BAD_REQUEST,
            "the body is broken, or stood still",
        ),
    })?;
    let object = serde_json::from_slice::<BTreeMap<String, Box<RawValue>>>(&whole.to_bytes());
    let mut object = object.map_err(|_| no_object)?;
    object.retain(|name, _| !rules.remove.contains(name));
    for (name, value) in &rules.set {
        object.insert(name.clone(), to_raw_value(value).map_err(|_| no_object)?);
    }
    let bytes = serde_json::to_vec(&object).map_err(|_| no_object)?;
    Ok(bytes.into())
}
// ANCHOR_END: change

fn replacement(headers: &mut HeaderMap, body: Bytes) -> Body {
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(body.len()));
    Body::from(body)
}

/// `application/json`, or a type of any kind that ends with `+json`: what a rule takes away must
/// not come through under another name.
fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE);
    let kind = kind.map_or("", |kind| kind.to_str().unwrap_or_default());
    let kind = kind.split(';').next().unwrap_or_default().trim();
    let kind = kind.to_ascii_lowercase();
    kind == "application/json" || kind.ends_with("+json")
}
