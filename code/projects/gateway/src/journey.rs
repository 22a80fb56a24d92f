//! One request, from its head to the answer: the layers, in their order.
//!
//! Each of them relies on those before it. The order is part of the design, and chapter 31 shows
//! what breaks when it's another.

use std::sync::Arc;

use hyper::body::{Body as _, Incoming};
use hyper::header::{self, HeaderMap, HeaderValue};
use hyper::{Request, Response, StatusCode, Uri, Version};
use tokio::time::Instant;
use tracing::info;

use crate::answers::{later, refuse, refused, say};
use crate::balance::hash;
use crate::body::{Body, Progress, Stream};
use crate::cache;
use crate::compress::{accepts_gzip, compress};
use crate::forward::{Call, Client, Way, forward};
use crate::gateway::Gateway;
use crate::headers;
use crate::route::Route;
use crate::target::Target;
use crate::tokens::SUBJECT;
use crate::tunnel;

// ANCHOR: journey
/// Answers a request.
pub async fn answer(
    gateway: Arc<Gateway>,
    client: Arc<Client>,
    request: Request<Incoming>,
) -> Response<Body> {
    let start = Instant::now();
    if request.version() <= Version::HTTP_11
        && let Some(refused) = refused(request.headers())
    {
        gateway.metrics.refused.inc();
        return refused;
    }
    let switches = tunnel::is_wanted(&request);
    let (method, uri) = (request.method().clone(), request.uri().clone());
    let (answer, route) = match Target::read(&uri, request.headers()) {
        Err(refusal) => (refuse(refusal), None),
        Ok(target) => match gateway.route(&request, &target) {
            None => (say(StatusCode::NOT_FOUND, "no route takes this"), None),
            Some(route) => {
                let answer = through(&gateway, &client, &route, target, request).await;
                (answer, Some(route))
            }
        },
    };
    if switches && answer.status() != StatusCode::SWITCHING_PROTOCOLS {
        client.switch.refuse();
    }
    let status = answer.status().as_u16();
    if let Some(route) = route {
        route
            .metrics
            .answered(status, start.elapsed().as_secs_f64());
        let ms = start.elapsed().as_millis() as u64;
        let (client, route) = (client.address, route.name.as_str());
        info!(target: "access", %client, %method, %uri, route, status, ms);
    }
    answer
}

/// The layers of a route.
async fn through(
    gateway: &Arc<Gateway>,
    client: &Arc<Client>,
    route: &Arc<Route>,
    target: Target,
    mut request: Request<Incoming>,
) -> Response<Body> {
    // Before anything that costs: how much this client may send.
    if let Some(rate) = &route.rate
        && let Err(wait) = rate.check(client.address, request.headers()).await
    {
        let mut answer = later(StatusCode::TOO_MANY_REQUESTS, "slow down", wait);
        if let Ok(policy) = HeaderValue::from_str(&rate.policy) {
            answer.headers_mut().insert("ratelimit-policy", policy);
        }
        return answer;
    }
    // Before the cache: what it keeps is for those who may see it.
    request.headers_mut().remove(SUBJECT);
    if let Some(tokens) = &route.tokens {
        let Some(subject) = tokens.subject(request.headers()) else {
            let mut answer = say(StatusCode::UNAUTHORIZED, "a valid token is needed");
            let bearer = HeaderValue::from_static("Bearer");
            answer
                .headers_mut()
                .insert(header::WWW_AUTHENTICATE, bearer);
            return answer;
        };
        request.headers_mut().insert(SUBJECT, subject);
    }
    let _place = match &route.at_once {
        None => None,
        Some(at_once) => match at_once.enter().await {
            None => return later(StatusCode::SERVICE_UNAVAILABLE, "busy", Default::default()),
            place => place,
        },
    };
    let gzip = route.compress && accepts_gzip(request.headers());
    let tag = request.headers().get(header::IF_NONE_MATCH).cloned();
    let Some(mut call) = prepare(gateway, client, route, &target, request) else {
        return say(StatusCode::BAD_REQUEST, "the target can't be forwarded");
    };
    if let Some(json) = &route.request.json
        && let Err(refused) = json.request(&mut call.request, &call.progress).await
    {
        return refused;
    }
    let key = route
        .cache
        .then(|| cache::key(client.scheme, &target, &call.request))
        .flatten();
    let mut answer = match key {
        None => forward(call).await,
        Some(key) => {
            let way = call.way;
            let (mut head, _) = call.request.into_parts();
            head.headers = cache::for_all(head.headers);
            let fetch = move |request| forward(Call::new(&way, request));
            let request = Request::from_parts(head, ());
            let answer = Box::pin(gateway.cache.answer(key, request, fetch)).await;
            cache::not_modified(tag.as_ref(), answer)
        }
    };
    if let Some(json) = &route.answer.json {
        answer = json.answer(answer).await;
    }
    // After the cache: it keeps one form, and each client gets its own.
    if route.compress {
        answer = compress(gzip, answer);
    }
    route.answer.apply(answer.headers_mut());
    answer
}
// ANCHOR_END: journey

/// Makes the request that a server gets.
fn prepare(
    gateway: &Arc<Gateway>,
    client: &Arc<Client>,
    route: &Arc<Route>,
    target: &Target,
    mut request: Request<Incoming>,
) -> Option<Call> {
    let upgrade = tunnel::prepare(&mut request);
    let (mut head, body) = request.into_parts();
    head.uri = Uri::from(target.forwarded(&route.strip)?);
    head.version = Version::HTTP_11;
    rewrite(gateway, client, route, target, &mut head.headers);
    if upgrade.is_some() {
        tunnel::ask(&mut head.headers);
    }
    let progress = Arc::new(Progress::default());
    let body = if body.is_end_stream() {
        Body::empty()
    } else {
        Body::Stream(Stream::new(body, gateway.times.still).telling(Arc::clone(&progress)))
    };
    let key = if route.upstream.by_path {
        hash(&target.path)
    } else {
        hash(client.address)
    };
    let way = Way {
        gateway: Arc::clone(gateway),
        client: Arc::clone(client),
        route: Arc::clone(route),
        key,
    };
    Some(Call {
        way: Arc::new(way),
        request: Request::from_parts(head, body),
        progress,
        upgrade,
    })
}

fn rewrite(
    gateway: &Gateway,
    client: &Client,
    route: &Route,
    target: &Target,
    fields: &mut HeaderMap,
) {
    let is_same = |host: &HeaderValue| host.as_bytes() == target.authority.as_bytes();
    if !fields.get(header::HOST).is_some_and(is_same)
        && let Ok(host) = HeaderValue::from_str(&target.authority)
    {
        fields.insert(header::HOST, host); // HTTP/2 has it in its target
    }
    headers::remove_hop_by_hop(fields);
    fields.remove(header::EXPECT); // hyper has said "continue" itself
    headers::forward(
        fields,
        client.address,
        gateway.trusts(client.address),
        client.scheme,
    );
    headers::trace(fields);
    let changes = route.answer.json.is_some();
    if changes {
        fields.remove(header::RANGE); // a part can't be changed
    }
    if changes || route.compress {
        fields.remove(header::ACCEPT_ENCODING); // the server sends one form, and we make the other
    }
    route.request.apply(fields);
}
