//! Answers made smaller as they pass, for clients that understand gzip.

use hyper::body::Body as _;
use hyper::header::{self, HeaderMap, HeaderValue};
use hyper::{Response, StatusCode};

use crate::body::{Body, Gzip};

/// Smaller bodies stay as they are.
const SMALLEST: u64 = 512;

/// Compresses an answer if the client takes it and it's worth it. It then says that it depends
/// on `Accept-Encoding`, and its validator becomes a weak one: the bytes are others.
pub fn compress(accepts: bool, answer: Response<Body>) -> Response<Body> {
    if !is_text(answer.headers()) || answer.status() != StatusCode::OK {
        return answer;
    }
    let (mut head, body) = answer.into_parts();
    let vary = HeaderValue::from_static("accept-encoding");
    head.headers.append(header::VARY, vary);
    if !accepts || body.size_hint().exact().is_some_and(|size| size < SMALLEST) {
        return Response::from_parts(head, body);
    }
    let gzip = HeaderValue::from_static("gzip");
    head.headers.insert(header::CONTENT_ENCODING, gzip);
    head.headers.remove(header::CONTENT_LENGTH);
    head.headers.remove(header::ACCEPT_RANGES);
    if let Some(tag) = head
        .headers
        .get(header::ETAG)
        .filter(|tag| !tag.as_bytes().starts_with(b"W/"))
        && let Ok(weak) = HeaderValue::from_bytes(&[b"W/", tag.as_bytes()].concat())
    {
        head.headers.insert(header::ETAG, weak);
    }
    Response::from_parts(head, Body::Gzip(Box::new(Gzip::new(body))))
}

/// Whether a client says that it takes gzip.
pub fn accepts_gzip(headers: &HeaderMap) -> bool {
    let values = headers.get_all(header::ACCEPT_ENCODING).iter();
    let mut codings = values
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','));
    codings.any(|coding| {
        let mut parts = coding.split(';').map(str::trim);
        let is_gzip = parts
            .next()
            .is_some_and(|name| name.eq_ignore_ascii_case("gzip"));
        is_gzip && !parts.any(|q| matches!(q, "q=0" | "q=0.0" | "q=0.00" | "q=0.000"))
    })
}

fn is_text(headers: &HeaderMap) -> bool {
    let kind = headers
        .get(header::CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok())
        .unwrap_or_default();
    let texts = [
        "text/",
        "application/json",
        "application/javascript",
        "image/svg+xml",
    ];
    let coded = headers.contains_key(header::CONTENT_ENCODING);
    let events = kind.starts_with("text/event-stream"); // each event must leave at once
    !coded && !events && texts.iter().any(|text| kind.starts_with(text))
}
