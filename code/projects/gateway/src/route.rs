//! Which requests go where, and through what: a route of the file, ready to use.

use std::sync::Arc;
use std::time::Duration;

use hyper::header::{HeaderName, HeaderValue};
use hyper::{Method, Request};

use crate::config;
use crate::headers::Rules;
use crate::limits::{AtOnce, Rate};
use crate::metrics::RouteMetrics;
use crate::shared::Shared;
use crate::target::Target;
use crate::tokens::{KeyError, Tokens};
use crate::upstream::Upstream;

/// A route.
pub struct Route {
    /// Its name in the file.
    pub name: String,
    /// Who answers.
    pub upstream: Arc<Upstream>,
    /// What is taken away from the beginning of the path: nothing, or all that matched.
    pub strip: String,
    /// Keep answers.
    pub cache: bool,
    /// Compress answers.
    pub compress: bool,
    /// How much one client may send.
    pub rate: Option<Rate>,
    /// Requests at a time.
    pub at_once: Option<AtOnce>,
    /// When a second server is asked.
    pub hedge: Option<Duration>,
    /// Who may ask.
    pub tokens: Option<Tokens>,
    /// Changes to requests.
    pub request: Rules,
    /// Changes to answers.
    pub answer: Rules,
    /// What is counted.
    pub metrics: RouteMetrics,
    matches: Matches,
}

struct Matches {
    host: Option<String>,
    path: String,
    methods: Option<Vec<Method>>,
    headers: Vec<(HeaderName, HeaderValue)>,
}

impl Route {
    /// Reads a route that has been checked.
    ///
    /// # Errors
    ///
    /// If the keys for its tokens can't be read.
    pub fn new(
        route: &config::Route,
        upstream: Arc<Upstream>,
        shared: Option<&Arc<Shared>>,
        metrics: RouteMetrics,
    ) -> Result<Route, KeyError> {
        let path = route.path.get_ref().trim_end_matches('/').to_owned();
        Ok(Route {
            name: route.name.clone(),
            upstream,
            strip: if route.strip {
                path.clone()
            } else {
                String::new()
            },
            cache: route.cache,
            compress: route.compress,
            rate: route
                .rate
                .as_ref()
                .map(|rate| Rate::new(rate, &route.name, shared)),
            at_once: route.at_once.map(AtOnce::new),
            hedge: route.hedge,
            tokens: route.tokens.as_ref().map(Tokens::new).transpose()?,
            request: Rules::new(&route.request).unwrap_or_default(),
            answer: Rules::new(&route.answer).unwrap_or_default(),
            metrics,
            matches: Matches {
                host: route
                    .host
                    .as_ref()
                    .map(|host| host.get_ref().to_ascii_lowercase()),
                path,
                methods: route.methods.clone(),
                headers: route.headers.clone(),
            },
        })
    }

    /// Whether this request goes here.
    pub fn takes<B>(&self, request: &Request<B>, target: &Target) -> bool {
        let Matches {
            host,
            path,
            methods,
            headers,
        } = &self.matches;
        host.as_ref().is_none_or(|host| is_of(host, &target.host))
            && is_below(path, &target.path)
            && methods
                .as_ref()
                .is_none_or(|methods| methods.contains(request.method()))
            && headers
                .iter()
                .all(|(name, value)| request.headers().get(name) == Some(value))
    }
}

fn is_of(pattern: &str, host: &str) -> bool {
    match pattern.strip_prefix('*') {
        Some(end) => host.len() > end.len() && host.ends_with(end),
        None => pattern == host,
    }
}

/// `/tea` and `/tea/green` are below `/tea`, and `/teapot` isn't.
fn is_below(prefix: &str, path: &str) -> bool {
    path.strip_prefix(prefix)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}
