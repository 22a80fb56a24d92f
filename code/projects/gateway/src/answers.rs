//! What the gateway says itself.

use std::time::Duration;

use bytes::Bytes;
use hyper::header::{self, HeaderMap, HeaderValue};
use hyper::{Response, StatusCode};

use crate::body::Body;
use crate::head::{REFUSED, Refusal};

/// An answer of ours, with a line of text.
pub fn say(status: StatusCode, text: &'static str) -> Response<Body> {
    let mut answer = Response::new(Body::from(Bytes::from_static(text.as_bytes())));
    *answer.status_mut() = status;
    let plain = HeaderValue::from_static("text/plain");
    answer.headers_mut().insert(header::CONTENT_TYPE, plain);
    answer
}

/// An answer that says when to come again. Whole seconds, rounded up: not a moment too early.
pub fn later(status: StatusCode, text: &'static str, wait: Duration) -> Response<Body> {
    let mut answer = say(status, text);
    let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
    let seconds = HeaderValue::from(seconds.max(1));
    answer.headers_mut().insert(header::RETRY_AFTER, seconds);
    answer
}

/// The answer to a head that was refused, and the end of its connection.
pub fn refuse(refusal: Refusal) -> Response<Body> {
    let status = StatusCode::from_u16(refusal.status).unwrap_or(StatusCode::BAD_REQUEST);
    let mut answer = say(status, refusal.why);
    let close = HeaderValue::from_static("close");
    answer.headers_mut().insert(header::CONNECTION, close);
    answer
}

/// The same, if this head is the one that stands for it.
pub fn refused(headers: &HeaderMap) -> Option<Response<Body>> {
    let refusal = headers.get(REFUSED)?.to_str().ok()?;
    let (status, why) = refusal.split_once(' ')?;
    let mut answer = refuse(Refusal {
        status: status.parse().ok()?,
        why: "",
    });
    *answer.body_mut() = Body::from(Bytes::from(why.to_owned()));
    Some(answer)
}
