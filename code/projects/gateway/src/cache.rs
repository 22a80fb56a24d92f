//! Answers that may be kept for all, by RFC 9111: `http-cache-semantics` says which and for how
//! long, `moka` keeps them, and one of those who ask fetches for the others.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, SystemTime};

use http_body_util::BodyExt;
use http_cache_semantics::{AfterResponse, BeforeRequest, CachePolicy};
use hyper::body::Body as _;
use hyper::header::{self, HeaderMap, HeaderValue};
use hyper::{Method, Request, Response, StatusCode};
use tokio::time::Instant;

use crate::answers::say;
use crate::body::Body;
use crate::config::CacheSize;
use crate::headers::elements_of;
use crate::target::Target;
use entry::{Entry, Stored};

mod entry;

/// For so long we remember that a path's answers aren't for all. Those who come then don't wait
/// for one another: they'd get the answer of none.
const PASS: Duration = Duration::from_secs(5);

/// And that they were errors.
const PASS_ERRORS: Duration = Duration::from_secs(1);

/// What is kept.
pub struct Cache {
    entries: moka::future::Cache<String, Arc<Entry>>,
    one: u64,
    /// The wall clock when the cache was made, and ours: a clock that's set back changes nothing.
    start: (SystemTime, Instant),
}

impl Cache {
    /// An empty one, of so many bytes.
    pub fn new(size: CacheSize) -> Cache {
        let entries = moka::future::Cache::builder().max_capacity(size.total);
        let entries = entries.weigher(|key: &String, entry: &Arc<Entry>| {
            u32::try_from(key.len() + entry.weight()).unwrap_or(u32::MAX)
        });
        Cache {
            entries: entries.build(),
            one: size.one,
            start: (SystemTime::now(), Instant::now()),
        }
    }

    fn now(&self) -> SystemTime {
        self.start.0 + self.start.1.elapsed()
    }

    /// Forgets what is kept under this key.
    pub async fn purge(&self, key: &str) {
        self.entries.invalidate(key).await;
    }

    // ANCHOR: answer
    /// Answers from what is kept, or by `fetch`.
    ///
    /// Cancel safe: if the one that fetches is dropped, one that waits fetches instead.
    pub async fn answer<F>(
        self: &Arc<Cache>,
        key: String,
        request: Request<()>,
        fetch: impl Fn(Request<()>) -> F + Clone + Send + Sync + 'static,
    ) -> Response<Body>
    where
        F: Future<Output = Response<Body>> + Send,
    {
        let (asked, now) = (Instant::now(), self.now());
        if let Some(entry) = self.entries.get(&key).await {
            if let Some(answer) = entry.fresh(&request, now) {
                return answer;
            }
            if let Some(answer) = entry.meanwhile(&request, now) {
                self.refresh(entry, key, request, fetch);
                return answer;
            }
        }
        let mut own = None; // the answer of the one that fetches
        let look = self.fetch(&key, &request, &fetch, &mut own);
        let is_old = |entry: &Arc<Entry>| !entry.decides(&request, now);
        let entry = self
            .entries
            .entry_by_ref(&key)
            .or_insert_with_if(look, is_old)
            .await;
        if let Some(answer) = own {
            return answer;
        }
        match entry.value().since(asked, &request, now) {
            Some(answer) => answer,
            None => fetch(request).await,
        }
    }
    // ANCHOR_END: answer

    /// Fetches beside the request that noticed, unless that's under way.
    fn refresh<F>(
        self: &Arc<Cache>,
        entry: Arc<Entry>,
        key: String,
        request: Request<()>,
        fetch: impl Fn(Request<()>) -> F + Send + Sync + 'static,
    ) where
        F: Future<Output = Response<Body>> + Send,
    {
        if entry.refreshing.swap(true, Relaxed) {
            return;
        }
        let cache = Arc::clone(self);
        tokio::spawn(async move {
            let new = cache.fetch(&key, &request, &fetch, &mut None).await;
            cache.entries.insert(key, new).await;
            entry.refreshing.store(false, Relaxed); // it may be the same: there was no new one
        });
    }

    /// Fetches an answer, leaves it in `own`, and returns what is to be kept.
    async fn fetch<F>(
        &self,
        key: &str,
        request: &Request<()>,
        fetch: &impl Fn(Request<()>) -> F,
        own: &mut Option<Response<Body>>,
    ) -> Arc<Entry>
    where
        F: Future<Output = Response<Body>>,
    {
        let old = self.entries.get(key).await.unwrap_or_default();
        let stale = old.matching(request, self.now());
        let before = |stored: &Arc<Stored>| stored.policy.before_request(request, self.now());
        let asked = match stale.as_ref().map(before) {
            Some(BeforeRequest::Stale { request, .. }) => Request::from_parts(request, ()),
            _ => request.clone(),
        };
        let answer = fetch(asked).await;
        let failed = answer.status().is_server_error();
        if let Some(stale) = stale {
            if failed && let Some(answer) = stale.despite_error(self.now()) {
                *own = Some(answer);
                return old;
            }
            if answer.status() == StatusCode::NOT_MODIFIED
                && let AfterResponse::NotModified(policy, head) =
                    stale.policy.after_response(request, &answer, self.now())
            {
                let answer = Response::from_parts(head, stale.answer.body().clone());
                let stored = Stored::new(policy, answer, self.now());
                *own = Some(stored.answer(self.now(), "gateway; hit; detail=validated"));
                return Arc::new(old.with(stored, request, self.now()));
            }
        }
        match self.keep(request, answer).await {
            Ok(stored) => {
                *own = Some(stored.answer(self.now(), "gateway; fwd=miss; stored"));
                Arc::new(old.with(stored, request, self.now()))
            }
            Err(answer) => {
                *own = Some(answer);
                Arc::new(old.passing(Instant::now() + if failed { PASS_ERRORS } else { PASS }))
            }
        }
    }

    /// Reads an answer that may be kept for all. Another is given back as it came.
    async fn keep(
        &self,
        request: &Request<()>,
        answer: Response<Body>,
    ) -> Result<Stored, Response<Body>> {
        let headers = answer.headers();
        let policy = CachePolicy::new_options(request, &answer, self.now(), options());
        let mut varies = headers.get_all(header::VARY).iter();
        let is_old = policy.time_to_live(self.now()).is_zero();
        let can_be_validated = [header::ETAG, header::LAST_MODIFIED];
        let can_be_validated = can_be_validated.iter().any(|it| headers.contains_key(it));
        let length = answer.body().size_hint().exact();
        if !policy.is_storable()
            || (is_old && !can_be_validated)
            || headers.contains_key(header::SET_COOKIE)
            || varies.any(|vary| vary == "*")
            || length.is_none_or(|length| length > self.one)
        {
            return Err(answer);
        }
        let (head, body) = answer.into_parts();
        let Ok(body) = body.collect().await else {
            return Err(say(StatusCode::BAD_GATEWAY, "the server stopped half-way"));
        };
        let answer = Response::from_parts(head, body.to_bytes());
        Ok(Stored::new(policy, answer, self.now()))
    }
}

fn options() -> http_cache_semantics::CacheOptions {
    http_cache_semantics::CacheOptions {
        cache_heuristic: 0.0, // kept is what the server says may be kept
        ..Default::default()
    }
}

/// What a request is known by here: all that chooses the server or the answer. `None`: it's for
/// one client alone, or for a part.
pub fn key(scheme: &str, target: &Target, request: &Request<Body>) -> Option<String> {
    let alone = [header::AUTHORIZATION, header::COOKIE, header::RANGE];
    let headers = request.headers();
    let for_all = request.method() == Method::GET
        && request.body().is_end_stream()
        && !alone.iter().any(|name| headers.contains_key(name));
    let (host, path, query) = (&target.authority, &target.path, &target.query);
    for_all.then(|| format!("{scheme}://{host}{path}{query}"))
}

/// The request that is asked for all: without what a client says for itself. With its
/// `no-cache`, one client could send all the load to the servers.
pub fn for_all(mut headers: HeaderMap) -> HeaderMap {
    let own = [
        header::CACHE_CONTROL,
        header::PRAGMA,
        header::IF_NONE_MATCH,
        header::IF_MODIFIED_SINCE,
        header::IF_MATCH,
        header::IF_UNMODIFIED_SINCE,
        header::IF_RANGE,
    ];
    for name in own {
        headers.remove(name);
    }
    headers
}

/// 304, if that's what the client has already.
pub fn not_modified(tags: Option<&HeaderValue>, mut answer: Response<Body>) -> Response<Body> {
    let weak = |tag: &[u8]| tag.strip_prefix(b"W/").unwrap_or(tag).to_owned();
    let ours = answer.headers().get(header::ETAG);
    let ours = ours.map(|tag| weak(tag.as_bytes()));
    let has = |tags: &HeaderValue| {
        elements_of(tags.as_bytes()).any(|tag| tag == b"*" || ours == Some(weak(tag)))
    };
    if answer.status() == StatusCode::OK && ours.is_some() && tags.is_some_and(has) {
        *answer.status_mut() = StatusCode::NOT_MODIFIED;
        answer.headers_mut().remove(header::CONTENT_LENGTH);
        *answer.body_mut() = Body::empty();
    }
    answer
}
