//! Step 7: takes new servers without dropping a request, and stops when the last one is answered.
//!
//! `cargo run -p gateway --example gateway-7-reload`

use std::convert::Infallible;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroU32;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use arc_swap::ArcSwap;
use bytes::Bytes;
use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use http_body_util::{BodyExt, Either, Full, Limited};
use hyper::body::{Body as _, Frame, Incoming, SizeHint};
use hyper::header::{self, HeaderMap, HeaderName};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use moka::future::Cache;
use patterns::breaker::{Breaker, Law, Permit};
use patterns::deadline::Deadline;
use patterns::retry::{Backoff, Failure, RetryBudget, retry};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::{Instant, Sleep, sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// What comes from a server, or what we say ourselves.
type Body = Either<Timed<Incoming>, Full<Bytes>>;
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
    let running = start(Gateway::new(servers)).await?;
    for number in 1..=25 {
        let answer = ask(running.address, GET_TEA).await?;
        println!("{number}: {}", answer.lines().next().unwrap_or_default());
    }
    running.reload(vec![shop().await?]);
    running.stop().await;
    Ok(())
}

/// How long a client has for a head.
const HEAD: Duration = Duration::from_secs(10);

/// How long a body may stand still, in either direction.
const STILL: Duration = Duration::from_secs(10);

/// Connections at a time. What comes then is closed at once.
const CONNECTIONS: usize = 1_000;

/// What a client may send at once, and what it regains in a second.
const BURST: NonZeroU32 = NonZeroU32::new(20).expect("not zero");
const RATE: NonZeroU32 = NonZeroU32::new(1).expect("not zero");

/// What is kept is no longer than this.
const LONGEST: u64 = 64 * 1024;

/// That an answer isn't for all is remembered for so long.
const PRIVATE: Duration = Duration::from_secs(5);

/// Knows the servers.
struct Gateway {
    servers: Vec<Server>,
    /// Five retries, and one for ten requests.
    budget: RetryBudget,
    /// By host and path, at most 1,000.
    cache: Cache<String, Kept>,
    rates: DefaultKeyedRateLimiter<IpAddr>,
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
            cache: Cache::new(1_000),
            rates: RateLimiter::keyed(Quota::per_second(RATE).allow_burst(BURST)),
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
    async fn forward(&self, request: Request<Body>) -> Answer {
        let again = may_repeat(&request);
        let (head, body) = request.into_parts();
        let mut body = Some(body); // there is one, so it is sent once
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
fn may_repeat(request: &Request<Body>) -> bool {
    let harmless = [Method::GET, Method::HEAD, Method::OPTIONS].contains(request.method());
    harmless && request.body().is_end_stream()
}

/// A body that fails if it stands still.
struct Timed<B> {
    body: B,
    limit: Pin<Box<Sleep>>,
}

impl<B> Timed<B> {
    fn left<R>(body: B) -> Either<Timed<B>, R> {
        let limit = Box::pin(sleep(STILL));
        Either::Left(Timed { body, limit })
    }
}

impl<B> hyper::body::Body for Timed<B>
where
    B: hyper::body::Body<Error: std::error::Error + Send + Sync + 'static> + Unpin,
{
    type Data = B::Data;
    type Error = Box<dyn std::error::Error + Send + Sync>;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, Self::Error>>> {
        if let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(cx) {
            self.limit.as_mut().reset(Instant::now() + STILL);
            return Poll::Ready(frame.map(|frame| frame.map_err(Into::into)));
        }
        ready!(self.limit.as_mut().poll(cx));
        Poll::Ready(Some(Err("the body stands still".into())))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// What the cache knows of a path.
#[derive(Clone)]
struct Kept {
    /// `None`: its answers aren't for all.
    answer: Option<Response<Bytes>>,
    until: Instant,
}

/// From the cache if it's there and fresh. One of those who ask fetches, the others wait for it.
async fn cached<F>(cache: &Cache<String, Kept>, key: String, fetch: impl Fn() -> F) -> Answer
where
    F: Future<Output = Answer>,
{
    let mut own = None; // the answer of the one who fetches, if it isn't kept
    let look = async {
        match keep(fetch().await).await {
            Ok(kept) => kept,
            Err(answer) => {
                own = Some(answer);
                let until = Instant::now() + PRIVATE;
                Kept {
                    answer: None,
                    until,
                }
            }
        }
    };
    let is_old = |kept: &Kept| kept.until <= Instant::now();
    let entry = cache.entry(key).or_insert_with_if(look, is_old).await;
    match (own, entry.into_value().answer) {
        (Some(answer), _) => answer,
        (None, Some(answer)) => answer.map(|body| Either::Right(Full::new(body))),
        (None, None) => fetch().await,
    }
}

/// Reads the whole answer if it may be kept for all, and gives it back as it is if not.
async fn keep(answer: Answer) -> Result<Kept, Answer> {
    let Some(age) = fresh_for(&answer) else {
        return Err(answer);
    };
    let (head, body) = answer.into_parts();
    match Limited::new(body, LONGEST as usize).collect().await {
        Ok(body) => Ok(Kept {
            answer: Some(Response::from_parts(head, body.to_bytes())),
            until: Instant::now() + age,
        }),
        Err(_) => Err(say(StatusCode::BAD_GATEWAY, "the server stopped")),
    }
}

/// For how long an answer may be given to all: `max-age`, if nothing speaks against it.
fn fresh_for(answer: &Answer) -> Option<Duration> {
    let headers = answer.headers();
    let control = headers.get(header::CACHE_CONTROL)?.to_str().ok()?;
    let private = ["private", "no-store", "no-cache"];
    let differs = [header::SET_COOKIE, header::VARY];
    let length = answer.body().size_hint().exact()?;
    if answer.status() != StatusCode::OK
        || private.iter().any(|word| control.contains(word))
        || differs.iter().any(|name| headers.contains_key(name))
        || length > LONGEST
    {
        return None;
    }
    let age = control.split("max-age=").nth(1)?.split(',').next()?;
    Some(Duration::from_secs(age.trim().parse().ok()?))
}

/// What the cache is asked for: nothing that says who asks.
fn key(request: &Request<Incoming>) -> Option<String> {
    let headers = request.headers();
    let who = [header::AUTHORIZATION, header::COOKIE];
    let for_all = !who.iter().any(|name| headers.contains_key(name));
    let plain = request.method() == Method::GET && request.body().is_end_stream();
    let host = headers.get(header::HOST)?.to_str().ok()?.to_lowercase();
    (plain && for_all).then(|| format!("{host} {}", request.uri()))
}

/// Counts down, also if the client leaves and the request is dropped.
struct Leave<'a>(&'a AtomicUsize);

impl Drop for Leave<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Relaxed);
    }
}

/// A gateway that runs.
struct Running {
    address: SocketAddr,
    gateway: Arc<ArcSwap<Gateway>>,
    stop: CancellationToken,
    connections: TaskTracker,
}

impl Running {
    /// Requests that come from now on go to these servers; those under way go on as they are.
    fn reload(&self, servers: Vec<SocketAddr>) {
        let cache = self.gateway.load().cache.clone(); // a handle: its content stays
        let gateway = Gateway::new(servers);
        self.gateway.store(Arc::new(Gateway { cache, ..gateway }));
    }

    /// Accepts no more, and waits until all that has begun is answered.
    async fn stop(self) {
        self.stop.cancel();
        self.connections.close();
        self.connections.wait().await;
    }
}

/// Accepts clients on a free port.
async fn start(gateway: Gateway) -> io::Result<Running> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let gateway = Arc::new(ArcSwap::from_pointee(gateway));
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    let running = Running {
        address,
        gateway: Arc::clone(&gateway),
        stop: CancellationToken::new(),
        connections: TaskTracker::new(),
    };
    let (stop, connections) = (running.stop.clone(), running.connections.clone());
    let accept = async move {
        while let Ok((client, from)) = listener.accept().await {
            let Ok(place) = Arc::clone(&places).try_acquire_owned() else {
                continue; // dropped, and so closed
            };
            let (gateway, stop) = (Arc::clone(&gateway), stop.clone());
            connections.spawn(async move {
                let _ = connection(client, from.ip(), gateway, stop).await;
                drop(place);
            });
        }
    };
    tokio::spawn(running.stop.clone().run_until_cancelled_owned(accept));
    Ok(running)
}

/// Serves one client until it leaves, or until its last answer after `stop`.
async fn connection(
    client: impl AsyncRead + AsyncWrite + Unpin,
    from: IpAddr,
    gateway: Arc<ArcSwap<Gateway>>,
    stop: CancellationToken,
) -> hyper::Result<()> {
    let handle = move |request| {
        let gateway = gateway.load_full(); // this request keeps it to its end
        async move { Ok::<_, Infallible>(handle(request, from, &gateway).await) }
    };
    let mut connection = http1::Builder::new();
    connection
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD);
    let mut connection =
        pin!(connection.serve_connection(TokioIo::new(client), service_fn(handle)));
    tokio::select! {
        ended = connection.as_mut() => return ended,
        () = stop.cancelled() => connection.as_mut().graceful_shutdown(),
    }
    connection.await
}

/// One request, from the client to the answer.
async fn handle(mut request: Request<Incoming>, from: IpAddr, gateway: &Gateway) -> Answer {
    if let Err(early) = gateway.rates.check_key(&from) {
        let wait = early.wait_time_from(DefaultClock::default().now());
        let mut answer = say(StatusCode::TOO_MANY_REQUESTS, "slow down");
        let seconds = header::HeaderValue::from(wait.as_secs() + 1);
        answer.headers_mut().insert(header::RETRY_AFTER, seconds);
        return answer;
    }
    if let Err(status) = check(&request) {
        return say(status, "refused by the gateway");
    }
    if request.uri().path().starts_with("/admin") {
        return say(StatusCode::FORBIDDEN, "not from here");
    }
    remove_hop_by_hop(request.headers_mut());
    let Some(key) = key(&request) else {
        return gateway.forward(request.map(Timed::left)).await;
    };
    let (head, _) = request.into_parts();
    let fetch = || {
        let request = Request::from_parts(head.clone(), Either::Right(Full::default()));
        gateway.forward(request)
    };
    cached(&gateway.cache, key, fetch).await
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
    Ok(answer.map(Timed::left))
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
    let mut answer = Response::new(Full::from(text));
    let control = header::HeaderValue::from_static("max-age=60");
    answer.headers_mut().insert(header::CACHE_CONTROL, control);
    Ok(answer)
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
    use tokio::sync::oneshot;

    use super::*;

    /// A server that answers one request, when it's told to. It tells when it has the request.
    async fn slow() -> (SocketAddr, oneshot::Receiver<()>, oneshot::Sender<()>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (arrived, arrival) = oneshot::channel();
        let (go, gone) = oneshot::channel();
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let _ = stream.read(&mut [0; 1_024]).await;
            arrived.send(()).unwrap();
            gone.await.unwrap();
            let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nold";
            stream.write_all(answer).await.unwrap();
        });
        (address, arrival, go)
    }

    #[tokio::test]
    async fn a_reload_leaves_requests_under_way_alone() {
        let (server, arrival, go) = slow().await;
        let running = start(Gateway::new(vec![server])).await.unwrap();
        let address = running.address;
        let old = tokio::spawn(async move { ask(address, GET_TEA).await.unwrap() });
        arrival.await.unwrap();
        running.reload(vec![shop().await.unwrap()]);
        let other = GET_TEA.replace("/tea", "/mug");
        assert!(ask(address, &other).await.unwrap().contains("here is /mug"));
        go.send(()).unwrap();
        assert!(old.await.unwrap().ends_with("old"));
    }

    #[tokio::test]
    async fn a_stop_waits_for_the_last_answer_and_accepts_no_more() {
        let (server, arrival, go) = slow().await;
        let running = start(Gateway::new(vec![server])).await.unwrap();
        let address = running.address;
        let last = tokio::spawn(async move { ask(address, GET_TEA).await.unwrap() });
        arrival.await.unwrap();
        let stopped = tokio::spawn(running.stop());
        while ask(address, GET_TEA)
            .await
            .is_ok_and(|answer| !answer.is_empty())
        {}
        assert!(!stopped.is_finished());
        go.send(()).unwrap();
        assert!(last.await.unwrap().ends_with("old"));
        stopped.await.unwrap();
    }

    #[tokio::test]
    async fn what_was_kept_is_kept_through_a_reload() {
        let running = start(Gateway::new(vec![shop().await.unwrap()]))
            .await
            .unwrap();
        ask(running.address, GET_TEA).await.unwrap();
        running.reload(vec![dead().await.unwrap()]);
        let answer = ask(running.address, GET_TEA).await.unwrap();
        assert!(answer.contains("here is /tea"));
    }
}
