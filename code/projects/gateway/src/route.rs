//! Which requests go where, and through what: a route of the file, ready to use.

use std::sync::Arc;

use hyper::Request;

use crate::config;
use crate::limits::{AtOnce, Rate};
use crate::metrics::RouteMetrics;
use crate::shared::Shared;
use crate::target::Target;
use crate::tokens::Tokens;
use crate::upstream::Upstream;

/// A route.
pub struct Route {
    /// What the file says.
    pub says: config::Route,
    /// Who answers.
    pub upstream: Arc<Upstream>,
    /// How much one client may send.
    pub rate: Option<Rate>,
    /// Requests at a time.
    pub at_once: Option<AtOnce>,
    /// Who may ask.
    pub tokens: Option<Tokens>,
    /// What is counted.
    pub metrics: RouteMetrics,
}

impl Route {
    /// Makes what a checked file says. Fails if the keys for its tokens can't be read.
    pub fn new(
        says: &config::Route,
        upstream: &Arc<Upstream>,
        shared: Option<&Arc<Shared>>,
        metrics: &RouteMetrics,
    ) -> anyhow::Result<Route> {
        let rate = says.rate.as_ref();
        Ok(Route {
            upstream: Arc::clone(upstream),
            rate: rate.map(|rate| Rate::new(rate, &says.name, shared)),
            at_once: says.at_once.map(AtOnce::new),
            tokens: says.tokens.as_ref().map(Tokens::new).transpose()?,
            metrics: metrics.clone(),
            says: says.clone(),
        })
    }

    /// Whether this request goes here.
    pub fn takes<B>(&self, request: &Request<B>, target: &Target) -> bool {
        let says = &self.says;
        let (hosts, methods) = (says.host.as_ref(), says.methods.as_ref());
        let mut fields = says.headers.iter();
        hosts.is_none_or(|pattern| is_of(pattern.get_ref(), &target.host))
            && is_below(self.prefix(), &target.path)
            && methods.is_none_or(|methods| methods.contains(request.method()))
            && fields.all(|(name, value)| request.headers().get(name) == Some(value))
    }

    /// What is taken away from the beginning of the path: nothing, or all that matched.
    pub fn strip(&self) -> &str {
        if self.says.strip { self.prefix() } else { "" }
    }

    fn prefix(&self) -> &str {
        self.says.path.get_ref().trim_end_matches('/')
    }
}

/// `*.shop.example` has all below it, in capitals too.
fn is_of(pattern: &str, host: &str) -> bool {
    match pattern.strip_prefix('*') {
        Some(end) if host.len() > end.len() => {
            host.as_bytes()[host.len() - end.len()..].eq_ignore_ascii_case(end.as_bytes())
        }
        _ => pattern.eq_ignore_ascii_case(host),
    }
}

/// `/tea` and `/tea/green` are below `/tea`, and `/teapot` isn't.
fn is_below(prefix: &str, path: &str) -> bool {
    let rest = path.strip_prefix(prefix);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}
