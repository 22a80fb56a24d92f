//! What is kept of one path.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http_cache_semantics::{BeforeRequest, CachePolicy};
use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};
use hyper::http::response::Parts;
use hyper::{Request, Response, StatusCode};
use tokio::time::Instant;

use crate::body::Body;

/// A path may have so many answers that differ by what `Vary` names. The oldest one goes.
const VARIANTS: usize = 8;

/// How a client learns where its answer comes from, by RFC 9211.
const STATUS: HeaderName = HeaderName::from_static("cache-status");

/// An answer, and the rules under which it's given again.
pub struct Stored {
    pub(super) policy: CachePolicy,
    pub(super) body: Bytes,
    status: StatusCode,
    headers: HeaderMap,
    /// When it came.
    at: Instant,
    /// Its age when it becomes stale.
    life: Duration,
    /// So long after that, it's given while a new one is fetched.
    meanwhile: Duration,
    /// And so long if that fails.
    if_error: Duration,
}

impl Stored {
    pub(super) fn new(policy: CachePolicy, head: Parts, body: Bytes, now: SystemTime) -> Stored {
        let strict = ["must-revalidate", "proxy-revalidate", "no-cache"];
        let strict = strict.iter().any(|name| has(&head.headers, name));
        let after = |name| match directive(&head.headers, name) {
            Some(seconds) if !strict => Duration::from_secs(seconds),
            _ => Duration::ZERO,
        };
        let (meanwhile, if_error) = (after("stale-while-revalidate"), after("stale-if-error"));
        let mut headers = head.headers;
        headers.remove(header::DATE); // hyper sets its own
        Stored {
            at: Instant::now(),
            life: policy.age(now) + policy.time_to_live(now),
            policy,
            body,
            status: head.status,
            headers,
            meanwhile,
            if_error,
        }
    }

    fn fresh(&self, request: &Request<()>, now: SystemTime) -> Option<Response<Body>> {
        let fresh = self
            .policy
            .before_request(request, now)
            .satisfies_without_revalidation();
        fresh.then(|| self.answer(now, "gateway; hit"))
    }

    fn is_for(&self, request: &Request<()>, now: SystemTime) -> bool {
        match self.policy.before_request(request, now) {
            BeforeRequest::Fresh(_) => true,
            BeforeRequest::Stale { matches, .. } => matches,
        }
    }

    /// It's given although it's old, if it isn't too old.
    fn stale(&self, at_most: Duration, now: SystemTime) -> Option<Response<Body>> {
        let over = self.policy.age(now).saturating_sub(self.life);
        (over < at_most).then(|| self.answer(now, "gateway; hit; detail=stale"))
    }

    /// It's given because no new one can be had.
    pub(super) fn despite_error(&self, now: SystemTime) -> Option<Response<Body>> {
        self.stale(self.if_error, now)
    }

    pub(super) fn answer(&self, now: SystemTime, status: &'static str) -> Response<Body> {
        let mut answer = Response::new(Body::from(self.body.clone()));
        *answer.status_mut() = self.status;
        *answer.headers_mut() = self.headers.clone();
        let age = HeaderValue::from(self.policy.age(now).as_secs());
        answer.headers_mut().insert(header::AGE, age);
        answer
            .headers_mut()
            .insert(STATUS, HeaderValue::from_static(status));
        answer
    }
}

/// What is kept of one path.
#[derive(Default)]
pub struct Entry {
    variants: Vec<Arc<Stored>>,
    /// Until then, each request is answered by a server.
    pass_until: Option<Instant>,
}

impl Entry {
    pub(super) fn fresh(&self, request: &Request<()>, now: SystemTime) -> Option<Response<Body>> {
        self.variants
            .iter()
            .find_map(|stored| stored.fresh(request, now))
    }

    /// A fresh one, or one that came after the request: as good as if it had been asked for.
    pub(super) fn since(
        &self,
        asked: Instant,
        request: &Request<()>,
        now: SystemTime,
    ) -> Option<Response<Body>> {
        let new = || {
            self.matching(request, now)
                .filter(|stored| stored.at >= asked)
        };
        let shared = || Some(new()?.answer(now, "gateway; fwd=miss; collapsed"));
        self.fresh(request, now).or_else(shared)
    }

    /// An old one, and a new one is to be fetched meanwhile.
    pub(super) fn meanwhile(
        &self,
        request: &Request<()>,
        now: SystemTime,
    ) -> Option<Response<Body>> {
        let stored = self.matching(request, now)?;
        stored.stale(stored.meanwhile, now)
    }

    /// The one for this request, fresh or not.
    pub(super) fn matching(&self, request: &Request<()>, now: SystemTime) -> Option<Arc<Stored>> {
        self.variants
            .iter()
            .find(|stored| stored.is_for(request, now))
            .cloned()
    }

    /// Whether it says what to do with this request: answer it, or let it pass.
    pub(super) fn decides(&self, request: &Request<()>, now: SystemTime) -> bool {
        let pass = self.pass_until.is_some_and(|until| Instant::now() < until);
        pass || self.fresh(request, now).is_some()
    }

    /// The same with a new answer, in place of the one that this request had.
    pub(super) fn with(&self, new: Stored, request: &Request<()>, now: SystemTime) -> Entry {
        let others = self
            .variants
            .iter()
            .filter(|stored| !stored.is_for(request, now));
        let mut variants: Vec<_> = others.cloned().collect();
        if variants.len() >= VARIANTS {
            variants.remove(0);
        }
        variants.push(Arc::new(new));
        let pass_until = None;
        Entry {
            variants,
            pass_until,
        }
    }

    /// The same, and requests pass until then.
    pub(super) fn passing(&self, until: Instant) -> Entry {
        let (variants, pass_until) = (self.variants.clone(), Some(until));
        Entry {
            variants,
            pass_until,
        }
    }

    /// Bytes, roughly.
    pub(super) fn weight(&self) -> usize {
        let bodies = self.variants.iter().map(|stored| stored.body.len() + 1_024);
        bodies.sum::<usize>() + 256
    }
}

/// Whether `Cache-Control` has this directive.
fn has(headers: &HeaderMap, name: &str) -> bool {
    directives(headers).any(|one| {
        one.split('=')
            .next()
            .is_some_and(|one| one.eq_ignore_ascii_case(name))
    })
}

/// The number of a directive of `Cache-Control`.
fn directive(headers: &HeaderMap, name: &str) -> Option<u64> {
    let mut pairs = directives(headers).filter_map(|one| one.split_once('='));
    let value = pairs.find(|(one, _)| one.eq_ignore_ascii_case(name))?.1;
    value.trim_matches('"').parse().ok()
}

fn directives(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    let values = headers.get_all(header::CACHE_CONTROL).iter();
    let values = values.filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).map(str::trim)
}
