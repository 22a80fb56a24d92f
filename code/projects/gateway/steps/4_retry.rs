//! Step 4: asks another server if one fails, within a budget, and lets one probe at a time through.
//!
//! `cargo run -p gateway --example gateway-4-retry`

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{Either, Full};
use hyper::body::{Body as _, Incoming};
use hyper::header::{self, HeaderMap, HeaderName};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use patterns::breaker::{Breaker, Law, Permit};
use patterns::deadline::Deadline;
use patterns::retry::{Backoff, Failure, RetryBudget, retry};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

/// What comes from a server, or what we say ourselves.
type Body = Either<Incoming, Full<Bytes>>;
type Answer = Response<Body>;

/// Fields that concern one connection and end with it, by RFC 9110, section 7.6.1.
const HOP_BY_HOP: [&str; 7] = [
    "connection",
    "keep-alive",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// How long a server has until its answer begins.
const FIRST_BYTE: Duration = Duration::from_secs(5);

/// How long a request has until its answer begins, with all its attempts.
const TOTAL: Duration = Duration::from_secs(15);

/// Three attempts, and no wait between them: another server is asked.
const BACKOFF: Backoff = Backoff {
    first: Duration::ZERO,
    longest: Duration::ZERO,
    attempts: 3,
};

/// A server is left aside when two thirds of its requests fail.
const LAW: Law = Law {
    window: Duration::from_secs(10),
    calls: 3,
    ratio: 0.66,
    pause: Duration::from_secs(10),
    probes: 1,
};

#[tokio::main(flavor = "current_thread")]
async fn main() -> io::Result<()> {
    let servers = vec![shop().await?, dead().await?, shop().await?]; // one is down
    let gateway = start(Gateway::new(servers)).await?;
    for number in 1..=9 {
        let answer = ask(gateway, GET_TEA).await?;
        println!("{number}: {}", answer.lines().next().unwrap_or_default());
    }
    Ok(())
}

/// Knows the servers.
struct Gateway {
    servers: Vec<Server>,
    /// Five retries, and one for ten requests.
    budget: RetryBudget,
    /// Where the next search for a server begins.
    next: AtomicUsize,
}

/// A server, and what we have seen of it.
struct Server {
    address: SocketAddr,
    under_way: AtomicUsize,
    breaker: Breaker,
}

impl Server {
    fn new(address: SocketAddr) -> Server {
        Server {
            address,
            under_way: AtomicUsize::new(0),
            breaker: Breaker::new(LAW),
        }
    }
}

impl Gateway {
    fn new(servers: Vec<SocketAddr>) -> Gateway {
        Gateway {
            servers: servers.into_iter().map(Server::new).collect(),
            budget: RetryBudget::new(5, 10),
            next: AtomicUsize::new(0),
        }
    }

    /// The server with the fewest requests under way, of those whose breaker lets us through.
    fn pick(&self) -> Option<(&Server, Permit<'_>)> {
        let start = self.next.fetch_add(1, Relaxed);
        let turn = |place| &self.servers[(start + place) % self.servers.len()];
        let mut candidates: Vec<_> = (0..self.servers.len()).map(turn).collect();
        candidates.sort_by_key(|server| server.under_way.load(Relaxed));
        let mut candidates = candidates.into_iter();
        candidates.find_map(|server| Some((server, server.breaker.enter().ok()?)))
    }

    /// Sends the request to one server after another, as long as it may be repeated.
    async fn forward(&self, request: Request<Incoming>) -> Answer {
        let again = may_repeat(&request);
        let (head, body) = request.into_parts();
        let mut body = Some(Either::Left(body)); // there is one, so it is sent once
        let attempt = || {
            let body = body
                .take()
                .unwrap_or_else(|| Either::Right(Full::default()));
            let attempt = self.attempt(Request::from_parts(head.clone(), body));
            async move {
                let failure = if again {
                    Failure::Again
                } else {
                    Failure::Final
                };
                attempt.await.map_err(failure)
            }
        };
        let deadline = Deadline::after(TOTAL);
        let answer = retry(&BACKOFF, &self.budget, deadline, fastrand::f64, attempt).await;
        answer.unwrap_or_else(|failed| failed)
    }

    /// Sends the request to a server, and notes how that went.
    async fn attempt(&self, request: Request<Body>) -> Result<Answer, Answer> {
        let Some((server, permit)) = self.pick() else {
            return Err(say(StatusCode::SERVICE_UNAVAILABLE, "no server is well"));
        };
        server.under_way.fetch_add(1, Relaxed);
        let under_way = Leave(&server.under_way);
        let answer = timeout(FIRST_BYTE, send(request, server.address)).await;
        drop(under_way);
        if let Ok(Ok(answer)) = answer {
            permit.succeeded();
            return Ok(answer);
        }
        permit.failed();
        Err(match answer {
            Ok(_) => say(StatusCode::BAD_GATEWAY, "the server doesn't answer"),
            Err(_) => say(StatusCode::GATEWAY_TIMEOUT, "the server is too slow"),
        })
    }
}

/// Doing it twice has the effect of once, and there's no body that would be gone.
fn may_repeat(request: &Request<Incoming>) -> bool {
    let harmless = [Method::GET, Method::HEAD, Method::OPTIONS].contains(request.method());
    harmless && request.body().is_end_stream()
}

/// Counts down, also if the client leaves and the request is dropped.
struct Leave<'a>(&'a AtomicUsize);

impl Drop for Leave<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Relaxed);
    }
}

/// Accepts clients on a free port.
async fn start(gateway: Gateway) -> io::Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let gateway = Arc::new(gateway);
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            tokio::spawn(connection(client, Arc::clone(&gateway)));
        }
    });
    Ok(address)
}

/// Serves one client until it leaves.
async fn connection(client: TcpStream, gateway: Arc<Gateway>) -> hyper::Result<()> {
    let handle = service_fn(async |request| Ok::<_, Infallible>(handle(request, &gateway).await));
    let connection = http1::Builder::new();
    connection
        .serve_connection(TokioIo::new(client), handle)
        .await
}

/// One request, from the client to the answer.
async fn handle(mut request: Request<Incoming>, gateway: &Gateway) -> Answer {
    if let Err(status) = check(&request) {
        return say(status, "refused by the gateway");
    }
    if request.uri().path().starts_with("/admin") {
        return say(StatusCode::FORBIDDEN, "not from here");
    }
    remove_hop_by_hop(request.headers_mut());
    gateway.forward(request).await
}

/// Refuses what a server could read in another way than we do.
fn check(request: &Request<Incoming>) -> Result<(), StatusCode> {
    let count = |name| request.headers().get_all(name).iter().count();
    let coding = request.headers().get(header::TRANSFER_ENCODING);
    if count(header::HOST) != 1 || count(header::TRANSFER_ENCODING) > 1 {
        return Err(StatusCode::BAD_REQUEST);
    }
    if coding.is_some_and(|coding| !coding.as_bytes().eq_ignore_ascii_case(b"chunked")) {
        return Err(StatusCode::NOT_IMPLEMENTED);
    }
    let path = request.uri().path();
    let odd = path.contains('%') || path.split('/').any(|part| part == "." || part == "..");
    if odd || !path.starts_with('/') {
        return Err(StatusCode::BAD_REQUEST);
    }
    Ok(())
}

/// Removes the fields of this connection, and those that the client has named as such.
fn remove_hop_by_hop(headers: &mut HeaderMap) {
    let connection = headers.get_all(header::CONNECTION).iter();
    let named = connection.flat_map(|value| value.as_bytes().split(|byte| *byte == b','));
    let named = named.filter_map(|name| HeaderName::from_bytes(name.trim_ascii()).ok());
    for name in named.collect::<Vec<_>>() {
        headers.remove(name);
    }
    for name in HOP_BY_HOP {
        headers.remove(name);
    }
}

/// Sends the request to the server, on a connection of its own. Both bodies are streamed.
async fn send(request: Request<Body>, server: SocketAddr) -> anyhow::Result<Answer> {
    let stream = TcpStream::connect(server).await?;
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    let mut answer = sender.send_request(request).await?;
    remove_hop_by_hop(answer.headers_mut());
    Ok(answer.map(Either::Left))
}

fn say(status: StatusCode, text: &'static str) -> Answer {
    let mut answer = Response::new(Either::Right(Full::from(text)));
    *answer.status_mut() = status;
    answer
}

/// A server behind the gateway: answers with the path that it was asked for.
async fn shop() -> io::Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let connection = http1::Builder::new();
            let io = TokioIo::new(stream);
            tokio::spawn(connection.serve_connection(io, service_fn(sell)));
        }
    });
    Ok(address)
}

async fn sell(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let text = format!("here is {}\n{:?}", request.uri().path(), request.headers());
    Ok(Response::new(Full::from(text)))
}

/// A server that is down: nothing listens at its address.
async fn dead() -> io::Result<SocketAddr> {
    TcpListener::bind("127.0.0.1:0").await?.local_addr()
}

const GET_TEA: &str = "GET /tea HTTP/1.1\r\nhost: shop\r\nconnection: close\r\n\r\n";

/// Sends these bytes, and returns all that comes back until the connection is closed.
async fn ask(gateway: SocketAddr, request: &str) -> io::Result<String> {
    let mut stream = TcpStream::connect(gateway).await?;
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many of so many requests to a gateway before these servers are answered with 200.
    async fn answered(servers: Vec<SocketAddr>, requests: u32, method: &str) -> u32 {
        let gateway = start(Gateway::new(servers)).await.unwrap();
        let mut answered = 0;
        for _ in 0..requests {
            let request = GET_TEA.replace("GET", method);
            let answer = ask(gateway, &request).await.unwrap();
            answered += u32::from(answer.starts_with("HTTP/1.1 200"));
        }
        answered
    }

    /// A server that closes every second connection without an answer, and counts them all.
    async fn moody() -> (SocketAddr, Arc<AtomicUsize>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let count = Arc::new(AtomicUsize::new(0));
        let seen = Arc::clone(&count);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                if seen.fetch_add(1, Relaxed).is_multiple_of(2) {
                    let io = TokioIo::new(stream);
                    let connection = http1::Builder::new();
                    tokio::spawn(connection.serve_connection(io, service_fn(sell)));
                }
            }
        });
        (address, count)
    }

    #[tokio::test]
    async fn a_server_that_is_down_costs_no_request() {
        let servers = vec![shop().await.unwrap(), dead().await.unwrap()];
        assert_eq!(answered(servers, 30, "GET").await, 30);
    }

    #[tokio::test]
    async fn retries_add_a_tenth_to_the_load_of_a_server_that_fails_half() {
        let (server, seen) = moody().await;
        answered(vec![server], 100, "GET").await;
        assert!(seen.load(Relaxed) <= 100 + 10 + 5); // the five that are saved at the start
    }

    #[tokio::test]
    async fn a_post_is_sent_once() {
        let (server, seen) = moody().await;
        assert_eq!(answered(vec![server], 20, "POST").await, 10);
        assert_eq!(seen.load(Relaxed), 20);
    }

    #[tokio::test(start_paused = true)]
    async fn one_probe_goes_to_a_server_that_was_left_aside() {
        let gateway = Gateway::new(vec![([127, 0, 0, 1], 1).into()]);
        for _ in 0..LAW.calls {
            gateway.pick().unwrap().1.failed();
        }
        assert!(gateway.pick().is_none());
        tokio::time::advance(LAW.pause).await;
        let probe = gateway.pick();
        assert!(probe.is_some() && gateway.pick().is_none());
    }
}
