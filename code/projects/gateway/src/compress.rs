//! Answers made smaller as they pass, for clients that understand gzip.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use futures::stream::try_unfold;
use http_body_util::{BodyExt, StreamBody};
use hyper::body::{Body as _, Frame};
use hyper::header::{self, HeaderMap, HeaderValue};
use hyper::{Response, StatusCode};

use crate::body::{Body, Error};
use crate::headers::elements;

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
    if let Some(tag) = head.headers.get(header::ETAG)
        && !tag.as_bytes().starts_with(b"W/")
        && let Ok(weak) = HeaderValue::from_bytes(&[b"W/", tag.as_bytes()].concat())
    {
        head.headers.insert(header::ETAG, weak);
    }
    Response::from_parts(head, smaller(body))
}

/// Frame by frame: what the server has sent isn't held back.
fn smaller(body: Body) -> Body {
    let encoder = GzEncoder::new(Vec::new(), Compression::fast());
    let frames = try_unfold(Some((body, encoder)), async |state| {
        let Some((mut body, mut encoder)) = state else {
            return Ok::<_, Error>(None);
        };
        while let Some(frame) = body.frame().await {
            let Ok(data) = frame?.into_data() else {
                continue; // trailers
            };
            encoder.write_all(&data)?;
            encoder.flush()?;
            let bytes = std::mem::take(encoder.get_mut());
            if !bytes.is_empty() {
                return Ok(Some((Frame::data(bytes.into()), Some((body, encoder)))));
            }
        }
        Ok(Some((Frame::data(encoder.finish()?.into()), None)))
    });
    Body::Made(StreamBody::new(frames).boxed())
}

/// Whether a client says that it takes gzip.
pub fn accepts_gzip(headers: &HeaderMap) -> bool {
    elements(headers, header::ACCEPT_ENCODING).any(|coding| {
        let mut parts = coding.split(|byte| *byte == b';').map(<[u8]>::trim_ascii);
        let is_gzip = parts
            .next()
            .is_some_and(|name| name.eq_ignore_ascii_case(b"gzip"));
        is_gzip && !parts.any(|q| matches!(q, b"q=0" | b"q=0.0" | b"q=0.00" | b"q=0.000"))
    })
}

fn is_text(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE);
    let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
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
