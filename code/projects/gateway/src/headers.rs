//! Fields that are taken away, replaced and added on the way through.

use std::net::IpAddr;

use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};
use service::trace::{new_trace, trace_id};

use crate::config;
use crate::json::Json;

/// Fields that concern one connection. RFC 9110, section 7.6.1, names the first six.
/// The others are ours: without `Trailer`, none is written; credentials for a proxy (11.7.2) and
/// the settings of an upgrade to HTTP/2 end here.
static HOP_BY_HOP: [HeaderName; 9] = [
    header::CONNECTION,
    header::TE,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    header::TRAILER,
    header::PROXY_AUTHORIZATION,
    HeaderName::from_static("http2-settings"),
];

/// Fields that say who asks. A client that we don't trust can't set them.
static FORWARDED: [HeaderName; 6] = [
    HeaderName::from_static("x-forwarded-for"),
    HeaderName::from_static("x-forwarded-host"),
    HeaderName::from_static("x-forwarded-proto"),
    HeaderName::from_static("x-forwarded-port"),
    HeaderName::from_static("x-real-ip"),
    header::FORWARDED,
];

static TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

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
    for name in &HOP_BY_HOP {
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
    let before = headers.get(&FORWARDED[0]).filter(|_| trusted).cloned();
    if !trusted {
        for name in &FORWARDED {
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
        headers.insert(FORWARDED[0].clone(), list);
    }
    if !headers.contains_key(&FORWARDED[2]) {
        headers.insert(FORWARDED[2].clone(), HeaderValue::from_static(scheme));
    }
    if !headers.contains_key(&FORWARDED[1])
        && let Some(host) = headers.get(header::HOST).cloned()
    {
        headers.insert(FORWARDED[1].clone(), host);
    }
}

/// Gives the request a place in a trace, by W3C Trace Context: in the client's, if it has one.
pub fn trace(headers: &mut HeaderMap) {
    let theirs = headers
        .get(&TRACEPARENT)
        .and_then(|value| value.to_str().ok());
    let parent = match theirs.and_then(trace_id) {
        Some(id) => format!("00-{id}-{:016x}-01", fastrand::u64(1..)),
        None => new_trace(),
    };
    if let Ok(parent) = HeaderValue::from_str(&parent) {
        headers.insert(TRACEPARENT.clone(), parent);
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
