//! Who may use the server.
//!
//! With a token, a request to what is private must carry it: `Authorization: Bearer TOKEN`.
//!
//! Without one, the server listens on loopback, and that alone keeps no one out: every page that a
//! browser on this machine shows may send requests to `127.0.0.1`, also under a name of its own
//! that suddenly points there (DNS rebinding). So then
//!
//! - `Host` must be loopback or allowed by `--allow-host`, otherwise the answer is 421;
//! - `Origin`, which browsers add, must be the server itself, otherwise 403. This holds for reads as
//!   well, since a WebSocket begins with a `GET`;
//! - a write with a body must be JSON, otherwise 415: without asking first, a foreign page can only
//!   send forms and plain text.

use std::net::IpAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};

use crate::options::Edge;
use crate::problem::Problem;

/// The rules of one server; cheap to clone.
#[derive(Clone, Debug)]
pub struct Guard(Arc<Rules>);

#[derive(Debug)]
struct Rules {
    token: Option<String>,
    /// In lower case, without a port.
    hosts: Vec<String>,
}

impl Guard {
    /// By `--token` and `--allow-host`.
    pub fn new(edge: &Edge) -> Self {
        let hosts = edge.allow_host.iter().map(|host| host.to_lowercase());
        Self(Arc::new(Rules {
            token: edge.token.clone(),
            hosts: hosts.collect(),
        }))
    }

    /// Both sets of routes in one router. The token, if there is one, is asked for by `private`
    /// alone; the rules that take its place hold for `public` too.
    pub fn around(&self, private: Router, public: Router) -> Router {
        let layer = middleware::from_fn_with_state(self.clone(), pass);
        match self.0.token {
            Some(_) => public.merge(private.layer(layer)),
            None => public.merge(private).layer(layer),
        }
    }

    /// Whether a request with these may pass.
    ///
    /// For what [`around`](Self::around) cannot wrap; `method` and `headers` are those of the request.
    pub fn check(&self, method: &Method, headers: &HeaderMap) -> Result<(), Problem> {
        match &self.0.token {
            Some(token) => has_token(headers, token),
            None => {
                let host = self.known_host(headers)?;
                own_page(method, headers, host)?;
                json_only(method, headers)
            }
        }
    }

    fn known_host<'a>(&self, headers: &'a HeaderMap) -> Result<&'a str, Problem> {
        let mut hosts = headers.get_all(header::HOST).iter();
        let host = hosts.next().and_then(|host| host.to_str().ok());
        let refused = |detail| Problem::new(StatusCode::MISDIRECTED_REQUEST, "wrong_host", detail);
        let (Some(host), None) = (host, hosts.next()) else {
            return Err(refused("send one Host header".to_owned()));
        };
        let name = without_port(host).to_lowercase();
        match is_loopback(&name) || self.0.hosts.contains(&name) {
            true => Ok(host),
            false => Err(refused(format!(
                "this server is not called {name:?}; its option --allow-host names others"
            ))),
        }
    }
}

async fn pass(State(guard): State<Guard>, request: Request, next: Next) -> Response {
    match guard.check(request.method(), request.headers()) {
        Ok(()) => next.run(request).await,
        Err(problem) => problem.into_response(),
    }
}

fn has_token(headers: &HeaderMap, token: &str) -> Result<(), Problem> {
    let given = headers.get(header::AUTHORIZATION);
    let given = given.and_then(|value| value.as_bytes().strip_prefix(b"Bearer "));
    if given.is_some_and(|given| is_same(given, token.as_bytes())) {
        return Ok(());
    }
    let detail = "send the token: `Authorization: Bearer TOKEN`";
    let status = StatusCode::UNAUTHORIZED;
    Err(Problem::new(status, "unauthorized", detail))
}

/// Compares in a time that tells nothing of where two texts differ.
fn is_same(given: &[u8], token: &[u8]) -> bool {
    let differences = given.iter().zip(token).fold(0, |all, (a, b)| all | (a ^ b));
    given.len() == token.len() && differences == 0
}

fn own_page(method: &Method, headers: &HeaderMap, host: &str) -> Result<(), Problem> {
    let refused = |detail| Problem::new(StatusCode::FORBIDDEN, "wrong_origin", detail);
    if let Some(origin) = headers.get(header::ORIGIN) {
        let origin = String::from_utf8_lossy(origin.as_bytes());
        let page = origin.split_once("://").map_or("", |(_, page)| page);
        if !page.eq_ignore_ascii_case(host) {
            return Err(refused(format!("a page of {origin} may not ask {host}")));
        }
    }
    let site = headers.get("sec-fetch-site").map(|site| site.as_bytes());
    match site {
        Some(b"cross-site" | b"same-site") if !method.is_safe() => {
            Err(refused("a page of another site may not write".to_owned()))
        }
        _ => Ok(()),
    }
}

fn json_only(method: &Method, headers: &HeaderMap) -> Result<(), Problem> {
    let length = headers.get(header::CONTENT_LENGTH);
    let is_empty = length.is_none_or(|length| length == "0")
        && !headers.contains_key(header::TRANSFER_ENCODING);
    let kind = headers.get(header::CONTENT_TYPE);
    let kind = kind.map_or("", |kind| kind.to_str().unwrap_or("?"));
    let essence = kind.split(';').next().unwrap_or_default().trim();
    if method.is_safe() || (is_empty && kind.is_empty()) || is_json(essence) {
        return Ok(());
    }
    let detail = format!("send `Content-Type: application/json`, not {kind:?}");
    let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
    Err(Problem::new(status, "not_json", detail))
}

fn is_json(kind: &str) -> bool {
    let kind = kind.to_ascii_lowercase();
    kind == "application/json" || (kind.starts_with("application/") && kind.ends_with("+json"))
}

fn without_port(host: &str) -> &str {
    match (host.rfind(':'), host.rfind(']')) {
        (Some(colon), bracket) if bracket.is_none_or(|bracket| bracket < colon) => &host[..colon],
        _ => host,
    }
}

fn is_loopback(name: &str) -> bool {
    let address = name.trim_start_matches('[').trim_end_matches(']');
    name == "localhost" || address.parse().is_ok_and(|ip: IpAddr| ip.is_loopback())
}

#[cfg(test)]
mod tests;
