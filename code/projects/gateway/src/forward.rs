//! From the request to a server's answer: retry, balance, breaker, connection.

use std::net::IpAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use hyper::body::Body as _;
use hyper::client::conn::TrySendError;
use hyper::upgrade::OnUpgrade;
use hyper::{Method, Request, Response, StatusCode, Version};
use patterns::breaker::Permit;
use patterns::deadline::Deadline;
use patterns::hedge::hedge;
use patterns::retry::{Backoff, Failure, retry};
use tokio::time::{Instant, timeout};

use crate::answers::{later, say};
use crate::body::{Body, Progress, Stream};
use crate::gateway::Gateway;
use crate::headers::remove_hop_by_hop;
use crate::pool::{Busy, ConnectError, Pool};
use crate::route::Route;
use crate::strict::Switch;
use crate::tunnel;
use crate::upstream::{Server, UnderWay};

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
    /// For the ring.
    pub key: u64,
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
        let methods = [
            Method::GET,
            Method::HEAD,
            Method::OPTIONS,
            Method::PUT,
            Method::DELETE,
        ];
        methods.contains(self.request.method()) && self.request.body().is_end_stream()
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

/// An attempt without a good answer.
struct Failed {
    /// What the client gets if there's no other attempt.
    answer: Response<Body>,
    /// The request, if not a byte of it went out.
    unsent: Option<Request<Body>>,
}

// ANCHOR: forward
/// Sends the request to one server after another, as long as it may be repeated and the budget
/// pays. What a server hasn't seen may be repeated whatever it is. If the route says so, a server
/// that takes long is overtaken by another.
pub async fn forward(mut call: Call) -> Response<Body> {
    let upstream = Arc::clone(&call.way.route.upstream);
    let again = call.may_repeat().then(|| head_of(&call.request));
    let first = std::mem::replace(&mut call.request, Request::new(Body::empty()));
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
            let picked = upstream.pick(next.1, call.way.key);
            if let Ok((number, _)) = &picked {
                next.1 = upstream.others(next.1, *number);
            }
            (request, picked)
        };
        let bad = StatusCode::BAD_GATEWAY;
        let request = request.ok_or_else(|| Failure::Final(say(bad, "sent once, and lost")))?;
        let none = |wait| later(StatusCode::SERVICE_UNAVAILABLE, "no server is well", wait);
        let (number, permit) = picked.map_err(|wait| Failure::Final(none(wait)))?;
        call.attempt(number, permit, request)
            .await
            .map_err(|failed| {
                let repeat = failed.unsent.is_some() || again.is_some();
                next.lock().unwrap_or_else(PoisonError::into_inner).0 = failed.unsent;
                if repeat {
                    Failure::Again(failed.answer)
                } else {
                    Failure::Final(failed.answer)
                }
            })
    };
    let hedged = || async {
        match call.way.route.hedge {
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
// ANCHOR_END: forward

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

    // ANCHOR: send
    /// Sends the request on a connection to this server, and waits for the head of its answer.
    async fn send(
        &self,
        server: &Arc<Server>,
        request: Request<Body>,
    ) -> Result<Response<Body>, Box<Failed>> {
        let under_way = server.enter();
        let times = self.way.gateway.times;
        let mut request = request;
        let (sender, answer) = loop {
            let mut connection = match self
                .way
                .client
                .pool
                .get(server.address, times.connect)
                .await
            {
                Ok(connection) => connection,
                Err(error) => return Err(Failed::unconnected(&error, request)),
            };
            let mut answer = pin!(connection.sender.try_send_request(request));
            let answer = loop {
                match timeout(times.first_byte, answer.as_mut()).await {
                    Ok(answer) => break answer,
                    Err(_) if self.progress.has_moved() => {} // the client is still sending
                    Err(_) => return Err(Failed::after_bytes(StatusCode::GATEWAY_TIMEOUT)),
                }
            };
            match answer {
                Ok(answer) => break (connection.sender, answer),
                Err(error) => match unsent(error, connection.used) {
                    Some(same) => request = same, // the connection was closed while it was idle
                    None => {
                        let status = self.progress.failure().unwrap_or(StatusCode::BAD_GATEWAY);
                        return Err(Failed::after_bytes(status));
                    }
                },
            }
        };
        if answer.status() == StatusCode::SWITCHING_PROTOCOLS {
            return self.switch(answer, under_way);
        }
        let is_bad = matches!(answer.status().as_u16(), 502..=504);
        let (mut head, body) = answer.into_parts();
        head.version = Version::HTTP_11;
        remove_hop_by_hop(&mut head.headers);
        let busy = Box::new(Busy {
            pool: Arc::clone(&self.way.client.pool),
            server: server.address,
            sender,
            under_way,
        });
        let body = Body::Stream(Stream::new(body, times.still).and_then(busy));
        let answer = Response::from_parts(head, body);
        if is_bad {
            let unsent = None;
            return Err(Box::new(Failed { answer, unsent }));
        }
        Ok(answer)
    }
    // ANCHOR_END: send

    fn switch(
        &self,
        answer: Response<hyper::body::Incoming>,
        under_way: UnderWay,
    ) -> Result<Response<Body>, Box<Failed>> {
        let Some(upgrade) = self.upgrade.clone() else {
            return Err(Failed::after_bytes(StatusCode::BAD_GATEWAY)); // no one asked for it
        };
        let switch = &self.way.client.switch;
        Ok(tunnel::open(switch, upgrade, answer, under_way))
    }
}

/// The request, if this connection was used before and closed before it saw a byte of it.
fn unsent(mut error: TrySendError<Request<Body>>, used: bool) -> Option<Request<Body>> {
    error.take_message().filter(|_| used)
}

impl Failed {
    fn unconnected(error: &ConnectError, request: Request<Body>) -> Box<Failed> {
        let (status, text) = match error {
            ConnectError::Slow(_) => (StatusCode::GATEWAY_TIMEOUT, "the server can't be reached"),
            ConnectError::Io(_) | ConnectError::Http(_) => {
                (StatusCode::BAD_GATEWAY, "the server refuses")
            }
        };
        let (answer, unsent) = (say(status, text), Some(request));
        Box::new(Failed { answer, unsent })
    }

    fn after_bytes(status: StatusCode) -> Box<Failed> {
        let text = match status {
            StatusCode::GATEWAY_TIMEOUT => "the server is too slow",
            StatusCode::BAD_REQUEST => "the request's body is broken",
            StatusCode::REQUEST_TIMEOUT => "the request's body stood still",
            _ => "the server doesn't answer",
        };
        let (answer, unsent) = (say(status, text), None);
        Box::new(Failed { answer, unsent })
    }
}
