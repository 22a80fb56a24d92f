//! Fields that are taken away, replaced and added on the way through.

use std::net::IpAddr;

use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};
use service::trace::{new_trace, trace_id};

use crate::config::Rules;

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

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// Fields that say who asks. A client that we don't trust can't set them.
static FORWARDED: [HeaderName; 6] = [
    FORWARDED_FOR,
    FORWARDED_HOST,
    FORWARDED_PROTO,
    HeaderName::from_static("x-forwarded-port"),
    HeaderName::from_static("x-real-ip"),
    header::FORWARDED,
];

// ANCHOR: hop_by_hop
/// Removes the fields of one connection, and those that its other side names as such.
pub fn remove_hop_by_hop(headers: &mut HeaderMap) {
    if headers.contains_key(header::CONNECTION) {
        let named = elements(headers, header::CONNECTION);
        let named = named.filter_map(|name| HeaderName::from_bytes(name).ok());
        for name in named.collect::<Vec<_>>() {
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

/// The elements of all the lists that a field has.
pub fn elements(headers: &HeaderMap, name: HeaderName) -> impl Iterator<Item = &[u8]> {
    let lists = headers.get_all(name).iter();
    lists.flat_map(|list| elements_of(list.as_bytes()))
}

/// The elements of a list, such as `keep-alive, X-Own`.
pub fn elements_of(list: &[u8]) -> impl Iterator<Item = &[u8]> {
    list.split(|byte| *byte == b',').map(<[u8]>::trim_ascii)
}
// ANCHOR_END: hop_by_hop

/// Says for whom we forward: in place of what the client said, or after it if it's trusted.
/// Call it after [`remove_hop_by_hop`], or a client names `X-Forwarded-For` in `Connection`.
pub fn forward(headers: &mut HeaderMap, client: IpAddr, trusted: bool, scheme: &'static str) {
    if !trusted {
        for name in &FORWARDED {
            headers.remove(name);
        }
    }
    let before = headers
        .get(FORWARDED_FOR)
        .map_or(&b""[..], HeaderValue::as_bytes);
    let comma = if before.is_empty() { "" } else { ", " };
    let list = [before, format!("{comma}{client}").as_bytes()].concat();
    if let Ok(list) = HeaderValue::from_bytes(&list) {
        headers.insert(FORWARDED_FOR, list);
    }
    let scheme = || HeaderValue::from_static(scheme);
    headers.entry(FORWARDED_PROTO).or_insert_with(scheme);
    if let Some(host) = headers.get(header::HOST).cloned() {
        headers.entry(FORWARDED_HOST).or_insert(host);
    }
}

/// Gives the request a place in a trace, by W3C Trace Context: in the client's, if it has one.
pub fn trace(headers: &mut HeaderMap) {
    let theirs = headers.get(TRACEPARENT);
    let theirs = theirs.and_then(|value| trace_id(value.to_str().ok()?));
    let parent = match theirs {
        Some(id) => format!("00-{id}-{:016x}-01", fastrand::u64(1..)),
        None => new_trace(),
    };
    if let Ok(parent) = HeaderValue::from_str(&parent) {
        headers.insert(TRACEPARENT, parent);
    }
}

/// Changes fields as a route says.
pub fn change(headers: &mut HeaderMap, rules: &Rules) {
    for name in &rules.remove {
        headers.remove(name);
    }
    for (name, value) in &rules.set {
        headers.insert(name, value.clone());
    }
}
