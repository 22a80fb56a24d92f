//! Fields that are taken away, replaced and added on the way through.

use std::net::IpAddr;

use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};
use service::trace::{new_trace, trace_id};

use crate::config;
use crate::json::Json;

/// Fields that concern one connection, by RFC 9110, section 7.6.1.
const HOP_BY_HOP: [HeaderName; 6] = [
    header::CONNECTION,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
    header::PROXY_AUTHORIZATION,
];

/// Those that have no constant.
const HOP_BY_HOP_TOO: [&str; 3] = ["keep-alive", "proxy-connection", "http2-settings"];

/// Fields that say who asks. A client that we don't trust can't set them.
const FORWARDED: [&str; 6] = [
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-proto",
    "x-forwarded-port",
    "x-real-ip",
    "forwarded",
];

// ANCHOR: hop_by_hop
/// Removes the fields of one connection, and those that its other side names as such.
pub fn remove_hop_by_hop(headers: &mut HeaderMap) {
    if headers.contains_key(header::CONNECTION) {
        let named: Vec<_> = headers
            .get_all(header::CONNECTION)
            .iter()
            .flat_map(names)
            .collect();
        for name in named {
            // A client can't have us take away what tells the server whose request it is.
            if name != header::HOST && name != header::CONTENT_LENGTH {
                headers.remove(name);
            }
        }
    }
    for name in HOP_BY_HOP {
        headers.remove(name);
    }
    for name in HOP_BY_HOP_TOO {
        headers.remove(name);
    }
}

fn names(value: &HeaderValue) -> impl Iterator<Item = HeaderName> {
    let names = value.as_bytes().split(|byte| *byte == b',');
    names.filter_map(|name| HeaderName::from_bytes(name.trim_ascii()).ok())
}
// ANCHOR_END: hop_by_hop

/// Says for whom we forward: in place of what the client said, or after it if it's trusted.
/// Call it after [`remove_hop_by_hop`], or a client names `X-Forwarded-For` in `Connection`.
pub fn forward(headers: &mut HeaderMap, client: IpAddr, trusted: bool, scheme: &'static str) {
    let before = headers.get(FORWARDED[0]).filter(|_| trusted).cloned();
    if !trusted {
        for name in FORWARDED {
            headers.remove(name);
        }
    }
    let mut list = before
        .map(|value| value.as_bytes().to_vec())
        .unwrap_or_default();
    if !list.is_empty() {
        list.extend_from_slice(b", ");
    }
    list.extend_from_slice(client.to_string().as_bytes());
    if let Ok(list) = HeaderValue::from_bytes(&list) {
        headers.insert(FORWARDED[0], list);
    }
    if !headers.contains_key(FORWARDED[2]) {
        headers.insert(FORWARDED[2], HeaderValue::from_static(scheme));
    }
    if !headers.contains_key(FORWARDED[1])
        && let Some(host) = headers.get(header::HOST).cloned()
    {
        headers.insert(FORWARDED[1], host);
    }
}

/// Gives the request a place in a trace, by W3C Trace Context: in the client's, if it has one.
pub fn trace(headers: &mut HeaderMap) {
    let theirs = headers
        .get("traceparent")
        .and_then(|value| value.to_str().ok());
    let parent = match theirs.and_then(trace_id) {
        Some(id) => format!("00-{id}-{:016x}-01", fastrand::u64(1..)),
        None => new_trace(),
    };
    if let Ok(parent) = HeaderValue::from_str(&parent) {
        headers.insert("traceparent", parent);
    }
}

/// The rules of a route, read.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    remove: Vec<HeaderName>,
    set: Vec<(HeaderName, HeaderValue)>,
    /// Those for the body.
    pub json: Option<Json>,
}

/// A rule that can't be.
#[derive(Debug, thiserror::Error)]
#[error("{0:?} can't be removed or set: it isn't a field, or it says where a message ends")]
pub struct BadRule(String);

impl Rules {
    /// Reads the rules.
    ///
    /// # Errors
    ///
    /// The first name or value that isn't one, or that would break the framing of messages.
    pub fn new(rules: &config::Rules) -> Result<Rules, BadRule> {
        let name = |text: &String| {
            let name = HeaderName::from_bytes(text.as_bytes()).ok();
            let framing = [
                header::CONTENT_LENGTH,
                header::TRANSFER_ENCODING,
                header::CONNECTION,
            ];
            let name = name.filter(|name| !framing.contains(name));
            name.ok_or_else(|| BadRule(text.clone()))
        };
        let value = |text: &String| HeaderValue::from_str(text).map_err(|_| BadRule(text.clone()));
        let set = rules.set.iter().map(|(n, v)| Ok((name(n)?, value(v)?)));
        Ok(Rules {
            remove: rules.remove.iter().map(name).collect::<Result<_, _>>()?,
            set: set.collect::<Result<_, _>>()?,
            json: rules.json.as_ref().map(Json::new),
        })
    }

    /// Changes the fields.
    pub fn apply(&self, headers: &mut HeaderMap) {
        for name in &self.remove {
            headers.remove(name);
        }
        for (name, value) in &self.set {
            headers.insert(name.clone(), value.clone());
        }
    }
}
