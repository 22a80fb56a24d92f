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
use crate::config;

/// The longest body, if the file doesn't say.
const AT_MOST: usize = 1 << 20;

/// The rules of a route for the bodies of one direction.
#[derive(Clone, Debug)]
pub struct Json {
    remove: Vec<String>,
    set: Vec<(String, Box<RawValue>)>,
    at_most: usize,
}

/// Why a body can't be changed.
enum Unchangeable {
    TooLong,
    NoObject,
    Broken,
}

impl Json {
    /// Reads the rules.
    pub fn new(json: &config::Json) -> Json {
        let set = json.set.iter();
        let set = set.filter_map(|(name, value)| Some((name.clone(), to_raw_value(value).ok()?)));
        Json {
            remove: json.remove.clone(),
            set: set.collect(),
            at_most: json.at_most.unwrap_or(AT_MOST),
        }
    }

    /// Changes a request's body. `progress` says how it goes with what the client sends.
    ///
    /// # Errors
    ///
    /// The answer to one that can't be changed.
    pub async fn request(
        &self,
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
        let changed = self.change(body).await.map_err(|why| match why {
            Unchangeable::TooLong => say(StatusCode::PAYLOAD_TOO_LARGE, "the body is too long"),
            Unchangeable::NoObject => say(StatusCode::BAD_REQUEST, "the body is no JSON object"),
            Unchangeable::Broken => {
                let status = progress.failure().unwrap_or(StatusCode::BAD_REQUEST);
                say(status, "the request's body is broken, or stood still")
            }
        })?;
        replace(request.headers_mut(), &changed);
        *request.body_mut() = Body::from(changed);
        Ok(())
    }

    /// Changes an answer's body. Its validators go: they are those of other bytes.
    pub async fn answer(&self, answer: Response<Body>) -> Response<Body> {
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
        let changed = match head.headers.contains_key(header::CONTENT_ENCODING) {
            true => Err(Unchangeable::NoObject),
            false => self.change(body).await,
        };
        match changed {
            Ok(changed) => {
                replace(&mut head.headers, &changed);
                Response::from_parts(head, Body::from(changed))
            }
            Err(_) => say(StatusCode::BAD_GATEWAY, "the answer can't be changed"),
        }
    }

    // ANCHOR: change
    /// Reads an object, and writes it anew. What no rule names keeps its bytes: a number of forty
    /// digits too.
    async fn change(&self, body: Body) -> Result<Bytes, Unchangeable> {
        let whole = Limited::new(body, self.at_most).collect().await;
        let whole = whole.map_err(|error| match error.is::<LengthLimitError>() {
            true => Unchangeable::TooLong,
            false => Unchangeable::Broken,
        })?;
        let object = serde_json::from_slice::<BTreeMap<String, Box<RawValue>>>(&whole.to_bytes());
        let mut object = object.map_err(|_| Unchangeable::NoObject)?;
        object.retain(|name, _| !self.remove.contains(name));
        object.extend(self.set.iter().cloned());
        let bytes = serde_json::to_vec(&object).map_err(|_| Unchangeable::NoObject)?;
        Ok(bytes.into())
    }
    // ANCHOR_END: change
}

fn replace(headers: &mut HeaderMap, body: &Bytes) {
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(body.len()));
}

/// `application/json`, or a type that ends with `+json`.
fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE);
    let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    let kind = kind.to_ascii_lowercase();
    kind == "application/json" || kind.ends_with("+json")
}
