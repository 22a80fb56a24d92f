//! What the file says, ready to use. A reload makes another one, and requests that have begun
//! keep theirs.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use hyper::Request;

use crate::cache::Cache;
use crate::config::{Config, Times};
use crate::metrics::Metrics;
use crate::route::Route;
use crate::shared::Shared;
use crate::target::Target;
use crate::tokens::KeyError;
use crate::upstream::Upstream;

/// Routes, servers, and what lives as long as they.
pub struct Gateway {
    /// In the order of the file.
    pub routes: Vec<Arc<Route>>,
    /// By name.
    pub upstreams: Vec<Arc<Upstream>>,
    /// Time limits.
    pub times: Times,
    /// The cache, which outlives a reload.
    pub cache: Arc<Cache>,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    shared: Option<Arc<Shared>>,
    trusted: Vec<IpAddr>,
}

impl Gateway {
    /// Makes what a checked file says. What `before` knows of servers and answers is kept.
    ///
    /// # Errors
    ///
    /// If a file that it names can't be read.
    pub fn new(config: &Config, before: Option<&Gateway>) -> Result<Gateway, KeyError> {
        let metrics = before.map_or_else(Arc::default, |before| Arc::clone(&before.metrics));
        let known = |name: &str| {
            before?
                .upstreams
                .iter()
                .find(|one| one.name == name)
                .map(Arc::as_ref)
        };
        let upstreams = config.upstream.iter();
        let upstreams: BTreeMap<_, _> = upstreams
            .map(|(name, upstream)| {
                (
                    name.as_str(),
                    Arc::new(Upstream::new(name, upstream, known(name))),
                )
            })
            .collect();
        let shared = config.redis.as_ref().and_then(|url| {
            let same = before.and_then(|before| before.shared.clone());
            let same = same.filter(|shared| shared.url == *url.get_ref());
            same.or_else(|| Shared::new(url.get_ref()).ok().map(Arc::new))
        });
        let route = |route: &crate::config::Route| {
            let upstream = Arc::clone(&upstreams[route.upstream.get_ref().as_str()]);
            let metrics = metrics.route(&route.name);
            Route::new(route, upstream, shared.as_ref(), metrics).map(Arc::new)
        };
        let cache = || Arc::new(Cache::new(config.cache));
        Ok(Gateway {
            routes: config.route.iter().map(route).collect::<Result<_, _>>()?,
            times: config.times,
            cache: before.map_or_else(cache, |before| Arc::clone(&before.cache)),
            trusted: config.trusted.clone(),
            shared,
            upstreams: upstreams.into_values().collect(),
            metrics,
        })
    }

    /// The first route that takes this request.
    pub fn route<B>(&self, request: &Request<B>, target: &Target) -> Option<Arc<Route>> {
        self.routes
            .iter()
            .find(|route| route.takes(request, target))
            .cloned()
    }

    /// Whether what this peer says of its clients is believed.
    pub fn trusts(&self, peer: IpAddr) -> bool {
        self.trusted.contains(&peer)
    }
}
