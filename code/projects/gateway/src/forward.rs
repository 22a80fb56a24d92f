//! From the request to a server's answer: retry, balance, breaker, connection.

use std::io;
use std::net::IpAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use hyper::body::Body as _;
use hyper::upgrade::OnUpgrade;
use hyper::{Request, Response, StatusCode, Version};
use patterns::breaker::Permit;
use patterns::deadline::Deadline;
use patterns::hedge::hedge;
use patterns::retry::{Backoff, Failure, retry};
use tokio::time::{Instant, timeout};

use crate::answers::{later, say};
use crate::balance::hash;
use crate::body::{Body, Progress, Stream};
use crate::config::Balance;
use crate::gateway::Gateway;
use crate::headers::remove_hop_by_hop;
use crate::pool::Pool;
use crate::route::Route;
use crate::strict::Switch;
use crate::tunnel;
use crate::upstream::Server;

/// Three attempts. The waits are short, since another server is asked.
const BACKOFF: Backoff = Backoff {
    first: Duration::from_millis(5),
    longest: Duration::from_millis(50),
    attempts: 3,
};

/// Who is connected.
pub struct Client {
    /// The peer's address.
    pub address: IpAddr,
    /// `http` or `https`.
    pub scheme: &'static str,
    /// To be told what became of a WebSocket.
    pub switch: Arc<Switch>,
    /// The connections of this worker.
    pub pool: Arc<Pool>,
}

/// Who asks, and through what.
pub struct Way {
    /// What it runs by.
    pub gateway: Arc<Gateway>,
    /// Who asks.
    pub client: Arc<Client>,
    /// Through what.
    pub route: Arc<Route>,
}

/// A request on its way to a server.
pub struct Call {
    /// Its way.
    pub way: Arc<Way>,
    /// As the server gets it.
    pub request: Request<Body>,
    /// How it goes with the client's body.
    pub progress: Arc<Progress>,
    /// The client's side of a WebSocket.
    pub upgrade: Option<OnUpgrade>,
}

impl Call {
    /// A call without a body and without a WebSocket.
    pub fn new(way: &Arc<Way>, request: Request<()>) -> Call {
        Call {
            way: Arc::clone(way),
            request: request.map(|()| Body::empty()),
            progress: Arc::default(),
            upgrade: None,
        }
    }

    /// Whether a second time has the effect of once, and the body can be had a second time.
    fn may_repeat(&self) -> bool {
        self.request.method().is_idempotent() && self.request.body().is_end_stream()
    }
}

/// A server that was asked, and when. However that ends, we have waited so long for it: also if
/// another one was faster.
struct Asked<'a>(&'a Server, Instant);

impl Drop for Asked<'_> {
    fn drop(&mut self) {
        self.0.kept_waiting(self.1.elapsed());
    }
}

/// Sends the request to one server after another, as long as it may be repeated and the budget
/// pays. What a server hasn't seen may be repeated whatever it is. If the route says so, a server
/// that takes long is overtaken by another.
pub async fn forward(mut call: Call) -> Response<Body> {
    let upstream = Arc::clone(&call.way.route.upstream);
    let again = call.may_repeat().then(|| head_of(&call.request));
    let first = std::mem::replace(&mut call.request, Request::new(Body::empty()));
    let key = match upstream.says.balance {
        Balance::HashPath => hash(first.uri().path()),
        Balance::HashClient => hash(call.way.client.address),
        _ => 0, // no one asks for it
    };
    // What the next attempt sends, and the servers that it may ask.
    let next = Mutex::new((Some(first), upstream.candidates()));
    let attempts = AtomicU32::new(0);
    let attempt = || async {
        if attempts.fetch_add(1, Relaxed) > 0 {
            call.way.route.metrics.retries.inc();
        }
        let (request, picked) = {
            let mut next = next.lock().unwrap_or_else(PoisonError::into_inner);
            let request = next.0.take().or_else(|| again.as_ref().map(head_of));
            let picked = upstream.pick(next.1, key);
            if let Ok((number, _)) = &picked {
                next.1 = upstream.others(next.1, *number);
            }
            (request, picked)
        };
        let bad = StatusCode::BAD_GATEWAY;
        let request = request.ok_or_else(|| Failure::Final(say(bad, "sent once, and lost")))?;
        let none = |wait| later(StatusCode::SERVICE_UNAVAILABLE, "no server is well", wait);
        let (number, permit) = picked.map_err(|wait| Failure::Final(none(wait)))?;
        let answer = call.attempt(number, permit, request).await;
        answer.map_err(|failed| {
            let repeat = failed.unsent.is_some() || again.is_some();
            next.lock().unwrap_or_else(PoisonError::into_inner).0 = failed.unsent;
            match repeat {
                true => Failure::Again(failed.answer),
                false => Failure::Final(failed.answer),
            }
        })
    };
    let hedged = || async {
        match call.way.route.says.hedge {
            Some(after) if again.is_some() => {
                Box::pin(hedge(after, &upstream.hedges, attempt)).await
            }
            _ => attempt().await,
        }
    };
    let deadline = Deadline::after(call.way.gateway.times.total);
    let answer = retry(&BACKOFF, &upstream.budget, deadline, fastrand::f64, hedged).await;
    answer.unwrap_or_else(|failed| failed)
}

fn head_of(request: &Request<Body>) -> Request<Body> {
    let mut copy = Request::new(Body::empty());
    *copy.method_mut() = request.method().clone();
    *copy.uri_mut() = request.uri().clone();
    *copy.headers_mut() = request.headers().clone();
    copy
}

impl Call {
    /// Asks one server.
    async fn attempt(
        &self,
        number: usize,
        permit: Permit<'_>,
        request: Request<Body>,
    ) -> Result<Response<Body>, Box<Failed>> {
        let server = &self.way.route.upstream.servers[number];
        let asked = Asked(server, Instant::now());
        let outcome = self.send(server, request).await;
        match &outcome {
            Ok(_) => {
                server.answered_after(asked.1.elapsed());
                std::mem::forget(asked);
                permit.succeeded();
            }
            Err(_) if self.progress.failure().is_some() => drop(permit), // not the server's fault
            Err(_) => {
                server.failed.fetch_add(1, Relaxed);
                permit.failed();
            }
        }
        outcome
    }

    /// Sends the request on a connection to this server, and waits for the head of its answer.
    async fn send(
        &self,
        server: &Arc<Server>,
        mut request: Request<Body>,
    ) -> Result<Response<Body>, Box<Failed>> {
        let under_way = server.enter();
        let (times, pool) = (self.way.gateway.times, &self.way.client.pool);
        let (sender, answer) = loop {
            let (mut sender, used) = match pool.get(server.address, times.connect).await {
                Ok(connection) => connection,
                Err(error) if error.kind() == io::ErrorKind::TimedOut => {
                    return Err(failed(StatusCode::GATEWAY_TIMEOUT, Some(request)));
                }
                Err(_) => return Err(failed(StatusCode::BAD_GATEWAY, Some(request))),
            };
            let mut answer = pin!(sender.try_send_request(request));
            let answer = loop {
                match timeout(times.first_byte, answer.as_mut()).await {
                    Ok(answer) => break answer,
                    Err(_) if self.progress.has_moved() => {} // the client is still sending
                    Err(_) => return Err(failed(StatusCode::GATEWAY_TIMEOUT, None)),
                }
            };
            match answer.map_err(|mut error| error.take_message()) {
                Ok(answer) => break (sender, answer),
                Err(Some(unsent)) if used => request = unsent, // closed while it was idle
                Err(_) => {
                    let status = self.progress.failure();
                    return Err(failed(status.unwrap_or(StatusCode::BAD_GATEWAY), None));
                }
            }
        };
        if answer.status() == StatusCode::SWITCHING_PROTOCOLS {
            let Some(upgrade) = self.upgrade.clone() else {
                return Err(failed(StatusCode::BAD_GATEWAY, None)); // no one asked for it
            };
            let switch = &self.way.client.switch;
            return Ok(tunnel::open(switch, upgrade, answer, under_way));
        }
        let (mut head, body) = answer.into_parts();
        head.version = Version::HTTP_11;
        remove_hop_by_hop(&mut head.headers);
        let (pool, address) = (Arc::clone(pool), server.address);
        let at_end = move || {
            pool.give_back(address, sender);
            drop(under_way); // it counts as long as the answer comes
        };
        let body = Body::Stream(Stream::new(body, times.still).and_then(Box::new(at_end)));
        let answer = Response::from_parts(head, body);
        match answer.status().as_u16() {
            502..=504 => Err(Box::new(Failed {
                answer,
                unsent: None,
            })),
            _ => Ok(answer),
        }
    }
}

/// An attempt without a good answer.
struct Failed {
    /// What the client gets if there's no other attempt.
    answer: Response<Body>,
    /// The request, if not a byte of it went out.
    unsent: Option<Request<Body>>,
}

fn failed(status: StatusCode, unsent: Option<Request<Body>>) -> Box<Failed> {
    let text = match (status, &unsent) {
        (StatusCode::GATEWAY_TIMEOUT, Some(_)) => "the server can't be reached",
        (_, Some(_)) => "the server refuses",
        (StatusCode::GATEWAY_TIMEOUT, _) => "the server is too slow",
        (StatusCode::BAD_REQUEST, _) => "the request's body is broken",
        (StatusCode::REQUEST_TIMEOUT, _) => "the request's body stood still",
        _ => "the server doesn't answer",
    };
    let answer = say(status, text);
    Box::new(Failed { answer, unsent })
}
