//! What is kept of one path.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http_cache_semantics::{BeforeRequest, CachePolicy};
use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};
use hyper::{Request, Response};
use tokio::time::Instant;

use crate::body::Body;
use crate::headers::elements;

/// A path may have so many answers that differ by what `Vary` names. The oldest one goes.
const VARIANTS: usize = 8;

/// How a client learns where its answer comes from, by RFC 9211.
const STATUS: HeaderName = HeaderName::from_static("cache-status");

/// An answer, and the rules under which it's given again.
pub(super) struct Stored {
    pub policy: CachePolicy,
    pub answer: Response<Bytes>,
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
    pub fn new(policy: CachePolicy, mut answer: Response<Bytes>, now: SystemTime) -> Stored {
        let said = directives(answer.headers());
        let strict = ["must-revalidate", "proxy-revalidate", "no-cache"];
        let strict = strict.iter().any(|name| said.contains_key(*name));
        let after = |name| match said.get(name).and_then(|value| value.parse().ok()) {
            Some(seconds) if !strict => Duration::from_secs(seconds),
            _ => Duration::ZERO,
        };
        let (meanwhile, if_error) = (after("stale-while-revalidate"), after("stale-if-error"));
        answer.headers_mut().remove(header::DATE); // hyper sets its own
        Stored {
            at: Instant::now(),
            life: policy.age(now) + policy.time_to_live(now),
            policy,
            answer,
            meanwhile,
            if_error,
        }
    }

    fn fresh(&self, request: &Request<()>, now: SystemTime) -> Option<Response<Body>> {
        let before = self.policy.before_request(request, now);
        let fresh = before.satisfies_without_revalidation();
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
    pub fn despite_error(&self, now: SystemTime) -> Option<Response<Body>> {
        self.stale(self.if_error, now)
    }

    pub fn answer(&self, now: SystemTime, status: &'static str) -> Response<Body> {
        let mut answer = self.answer.clone().map(Body::from);
        let headers = answer.headers_mut();
        headers.insert(header::AGE, self.policy.age(now).as_secs().into());
        headers.insert(STATUS, HeaderValue::from_static(status));
        answer
    }
}

/// What is kept of one path.
#[derive(Default)]
pub(super) struct Entry {
    variants: Vec<Arc<Stored>>,
    /// Until then, each request is answered by a server.
    pass_until: Option<Instant>,
    /// Whether a new one is fetched in the background.
    pub refreshing: AtomicBool,
}

impl Entry {
    pub fn fresh(&self, request: &Request<()>, now: SystemTime) -> Option<Response<Body>> {
        let mut variants = self.variants.iter();
        variants.find_map(|stored| stored.fresh(request, now))
    }

    /// A fresh one, or one that came after the request: as good as if it had been asked for.
    pub fn since(
        &self,
        asked: Instant,
        request: &Request<()>,
        now: SystemTime,
    ) -> Option<Response<Body>> {
        self.fresh(request, now).or_else(|| {
            let new = self.matching(request, now);
            let new = new.filter(|stored| stored.at >= asked)?;
            Some(new.answer(now, "gateway; fwd=miss; collapsed"))
        })
    }

    /// An old one, and a new one is to be fetched meanwhile.
    pub fn meanwhile(&self, request: &Request<()>, now: SystemTime) -> Option<Response<Body>> {
        let stored = self.matching(request, now)?;
        stored.stale(stored.meanwhile, now)
    }

    /// The one for this request, fresh or not.
    pub fn matching(&self, request: &Request<()>, now: SystemTime) -> Option<Arc<Stored>> {
        let mut variants = self.variants.iter();
        variants.find(|stored| stored.is_for(request, now)).cloned()
    }

    /// Whether it says what to do with this request: answer it, or let it pass.
    pub fn decides(&self, request: &Request<()>, now: SystemTime) -> bool {
        let pass = self.pass_until.is_some_and(|until| Instant::now() < until);
        pass || self.fresh(request, now).is_some()
    }

    /// The same with a new answer, in place of the one that this request had.
    pub fn with(&self, new: Stored, request: &Request<()>, now: SystemTime) -> Entry {
        let mut variants = self.variants.clone();
        variants.retain(|stored| !stored.is_for(request, now));
        if variants.len() >= VARIANTS {
            variants.remove(0);
        }
        variants.push(Arc::new(new));
        Entry {
            variants,
            ..Entry::default()
        }
    }

    /// The same, and requests pass until then.
    pub fn passing(&self, until: Instant) -> Entry {
        Entry {
            variants: self.variants.clone(),
            pass_until: Some(until),
            ..Entry::default()
        }
    }

    /// Bytes, roughly.
    pub fn weight(&self) -> usize {
        let bodies = self
            .variants
            .iter()
            .map(|it| it.answer.body().len() + 1_024);
        bodies.sum::<usize>() + 256
    }
}

/// The directives of `Cache-Control`, in small letters, and their values.
fn directives(headers: &HeaderMap) -> HashMap<String, String> {
    let directives = elements(headers, header::CACHE_CONTROL).map(|one| {
        let one = String::from_utf8_lossy(one);
        let (name, value) = one.split_once('=').unwrap_or((&one, ""));
        (
            name.to_ascii_lowercase(),
            value.trim_matches('"').to_owned(),
        )
    });
    directives.collect()
}
