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
use crate::body::{Body, Progress, Stream};
use crate::cache;
use crate::compress::{accepts_gzip, compress};
use crate::forward::{Call, Client, Way, forward};
use crate::gateway::Gateway;
use crate::headers;
use crate::json::{change_answer, change_request};
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
    let (answer, way) = match Target::read(&request) {
        Err(refusal) => {
            gateway.metrics.refused.inc();
            (refuse(refusal), None)
        }
        Ok(target) => match gateway.route(&request, &target) {
            None => (say(StatusCode::NOT_FOUND, "no route takes this"), None),
            Some(route) => {
                let client = Arc::clone(&client);
                let way = Arc::new(Way {
                    gateway,
                    client,
                    route,
                });
                (through(&way, target, request).await, Some(way))
            }
        },
    };
    if switches && answer.status() != StatusCode::SWITCHING_PROTOCOLS {
        client.switch.refuse();
    }
    if let Some(way) = way {
        let (took, status) = (start.elapsed(), answer.status().as_u16());
        way.route.metrics.answered(status, took.as_secs_f64());
        let (ms, client) = (took.as_millis() as u64, client.address);
        let route = way.route.says.name.as_str();
        info!(target: "access", %client, %method, %uri, route, status, ms);
    }
    answer
}

/// The layers of a route.
async fn through(way: &Arc<Way>, target: Target, mut request: Request<Incoming>) -> Response<Body> {
    let (route, client) = (&way.route, &way.client);
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
            let (name, bearer) = (header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            answer.headers_mut().insert(name, bearer);
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
    let says = &route.says;
    let gzip = says.compress && accepts_gzip(request.headers());
    let tag = request.headers().get(header::IF_NONE_MATCH).cloned();
    let Some(mut call) = prepare(way, &target, request) else {
        return say(StatusCode::BAD_REQUEST, "the target can't be forwarded");
    };
    if let Some(rules) = &says.request.json
        && let Err(refused) = change_request(rules, &mut call.request, &call.progress).await
    {
        return refused;
    }
    let key = || cache::key(client.scheme, &target, &call.request);
    let key = says.cache.then(key).flatten();
    let mut answer = match key {
        None => forward(call).await,
        Some(key) => {
            let (mut head, _) = call.request.into_parts();
            head.headers = cache::for_all(head.headers);
            let fetch = move |request| forward(Call::new(&call.way, request));
            let request = Request::from_parts(head, ());
            let answer = Box::pin(way.gateway.cache.answer(key, request, fetch)).await;
            cache::not_modified(tag.as_ref(), answer)
        }
    };
    if let Some(rules) = &says.answer.json {
        answer = change_answer(rules, answer).await;
    }
    // After the cache: it keeps one form, and each client gets its own.
    if says.compress {
        answer = compress(gzip, answer);
    }
    headers::change(answer.headers_mut(), &says.answer);
    answer
}
// ANCHOR_END: journey

/// Makes the request that a server gets.
fn prepare(way: &Arc<Way>, target: &Target, mut request: Request<Incoming>) -> Option<Call> {
    let upgrade = tunnel::prepare(&mut request);
    let (mut head, body) = request.into_parts();
    head.uri = Uri::from(target.forwarded(way.route.strip())?);
    head.version = Version::HTTP_11;
    rewrite(way, target, &mut head.headers);
    if upgrade.is_some() {
        tunnel::ask(&mut head.headers);
    }
    let progress = Arc::new(Progress::default());
    let body = match body.is_end_stream() {
        true => Body::empty(),
        false => {
            let stream = Stream::new(body, way.gateway.times.still);
            Body::Stream(stream.telling(Arc::clone(&progress)))
        }
    };
    Some(Call {
        way: Arc::clone(way),
        request: Request::from_parts(head, body),
        progress,
        upgrade,
    })
}

fn rewrite(way: &Way, target: &Target, fields: &mut HeaderMap) {
    let authority = target.authority.as_str();
    if fields
        .get(header::HOST)
        .is_none_or(|host| host.as_bytes() != authority.as_bytes())
        && let Ok(host) = HeaderValue::from_str(authority)
    {
        fields.insert(header::HOST, host); // HTTP/2 has it in its target
    }
    headers::remove_hop_by_hop(fields);
    fields.remove(header::EXPECT); // hyper has said "continue" itself
    let (client, says) = (&way.client, &way.route.says);
    let trusted = way.gateway.trusts(client.address);
    headers::forward(fields, client.address, trusted, client.scheme);
    headers::trace(fields);
    let changes = says.answer.json.is_some();
    if changes {
        fields.remove(header::RANGE); // a part can't be changed
    }
    if changes || says.compress {
        fields.remove(header::ACCEPT_ENCODING); // the server sends one form, and we make the other
    }
    headers::change(fields, &says.request);
}
