//! What the file says, ready to use. A reload makes another one, and requests that have begun
//! keep theirs.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use hyper::Request;

use crate::cache::Cache;
use crate::config::{Config, Times};
use crate::metrics::{Metrics, RouteMetrics};
use crate::route::Route;
use crate::shared::Shared;
use crate::target::Target;
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
    /// What is counted of all clients.
    pub metrics: Metrics,
    /// And of the routes, by name.
    pub counted: BTreeMap<String, RouteMetrics>,
    shared: Option<Arc<Shared>>,
    trusted: Vec<IpAddr>,
}

impl Gateway {
    /// Makes what a checked file says. What `before` knows of servers, routes and answers is kept.
    /// Fails if a file that it names can't be read.
    pub fn new(config: &Config, before: Option<&Gateway>) -> anyhow::Result<Gateway> {
        let upstream = |(name, says): (&String, _)| {
            let mut known = before.iter().flat_map(|before| &before.upstreams);
            let known = known.find(|one| one.name == *name);
            Arc::new(Upstream::new(name, says, known.map(Arc::as_ref)))
        };
        let upstreams: Vec<_> = config.upstream.iter().map(upstream).collect();
        let shared = config.redis.as_ref().and_then(|url| {
            let same = before.and_then(|before| before.shared.clone());
            let same = same.filter(|shared| shared.url == *url.get_ref());
            same.or_else(|| Shared::new(url.get_ref()).ok().map(Arc::new))
        });
        let counted = config.route.iter().map(|route| {
            let known = before.and_then(|before| before.counted.get(&route.name));
            (route.name.clone(), known.cloned().unwrap_or_default())
        });
        let counted: BTreeMap<_, _> = counted.collect();
        let routes = config.route.iter().map(|says| {
            let upstream = upstreams
                .iter()
                .find(|one| one.name == *says.upstream.get_ref());
            let upstream = upstream.expect("a checked file names groups that are there");
            Route::new(says, upstream, shared.as_ref(), &counted[&says.name]).map(Arc::new)
        });
        let cache = || Arc::new(Cache::new(config.cache));
        Ok(Gateway {
            routes: routes.collect::<Result<_, _>>()?,
            times: config.times,
            cache: before.map_or_else(cache, |before| Arc::clone(&before.cache)),
            metrics: before.map_or_else(Metrics::default, |before| before.metrics.clone()),
            trusted: config.trusted.clone(),
            shared,
            counted,
            upstreams,
        })
    }

    /// The first route that takes this request.
    pub fn route<B>(&self, request: &Request<B>, target: &Target) -> Option<Arc<Route>> {
        let mut routes = self.routes.iter();
        routes.find(|route| route.takes(request, target)).cloned()
    }

    /// Whether what this peer says of its clients is believed.
    pub fn trusts(&self, peer: IpAddr) -> bool {
        self.trusted.contains(&peer)
    }
}
