//! Step 3: several servers, and those that fail are left aside for a while.
//!
//! `cargo run -p gateway --example gateway-3-balance`

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{Either, Full};
use hyper::body::Incoming;
use hyper::header::{self, HeaderMap, HeaderName};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, timeout};

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

/// So many failures in a row, and a server is left aside.
const FAILURES: u32 = 3;

/// For so long.
const ASIDE: Duration = Duration::from_secs(10);

#[tokio::main(flavor = "current_thread")]
async fn main() -> io::Result<()> {
    let servers = vec![shop().await?, dead().await?, shop().await?];
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
    /// Where the next search for a server begins.
    next: AtomicUsize,
}

/// A server, and what we have seen of it.
struct Server {
    address: SocketAddr,
    under_way: AtomicUsize,
    /// Failures in a row, and until when it's left aside for them.
    failures: Mutex<(u32, Option<Instant>)>,
}

impl Server {
    fn new(address: SocketAddr) -> Server {
        Server {
            address,
            under_way: AtomicUsize::new(0),
            failures: Mutex::new((0, None)),
        }
    }

    fn is_well(&self) -> bool {
        let failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        failures.1.is_none_or(|until| until <= Instant::now())
    }

    fn report(&self, success: bool) {
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        failures.0 = if success { 0 } else { failures.0 + 1 };
        failures.1 = (failures.0 >= FAILURES).then(|| Instant::now() + ASIDE);
    }
}

impl Gateway {
    fn new(servers: Vec<SocketAddr>) -> Gateway {
        Gateway {
            servers: servers.into_iter().map(Server::new).collect(),
            next: AtomicUsize::new(0),
        }
    }

    /// The server with the fewest requests under way, of those that are well.
    /// If none is, of all: half a shop is better than none.
    fn pick(&self) -> &Server {
        let any_well = self.servers.iter().any(Server::is_well);
        let start = self.next.fetch_add(1, Relaxed);
        let turn = |place| &self.servers[(start + place) % self.servers.len()];
        let candidates = (0..self.servers.len()).map(turn);
        candidates
            .filter(|server| server.is_well() || !any_well)
            .min_by_key(|server| server.under_way.load(Relaxed))
            .expect("a gateway has servers")
    }

    /// Sends the request to a server, and notes how that went.
    async fn forward(&self, request: Request<Incoming>) -> Answer {
        let server = self.pick();
        server.under_way.fetch_add(1, Relaxed);
        let under_way = Leave(&server.under_way);
        let answer = timeout(FIRST_BYTE, send(request, server.address)).await;
        drop(under_way);
        server.report(matches!(answer, Ok(Ok(_))));
        match answer {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) => say(StatusCode::BAD_GATEWAY, "the server doesn't answer"),
            Err(_) => say(StatusCode::GATEWAY_TIMEOUT, "the server is too slow"),
        }
    }
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
async fn send(request: Request<Incoming>, server: SocketAddr) -> anyhow::Result<Answer> {
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
    async fn answered(servers: Vec<SocketAddr>, requests: u32) -> u32 {
        let gateway = start(Gateway::new(servers)).await.unwrap();
        let mut answered = 0;
        for _ in 0..requests {
            let answer = ask(gateway, GET_TEA).await.unwrap();
            answered += u32::from(answer.starts_with("HTTP/1.1 200"));
        }
        answered
    }

    #[tokio::test]
    async fn a_server_that_is_down_costs_three_requests() {
        let servers = vec![shop().await.unwrap(), dead().await.unwrap()];
        assert_eq!(answered(servers, 30).await, 27); // by turns it would be 15
    }

    #[tokio::test(start_paused = true)]
    async fn a_server_comes_back_after_ten_seconds() {
        let gateway = Gateway::new(vec![([127, 0, 0, 1], 1).into(), ([127, 0, 0, 1], 2).into()]);
        for _ in 0..FAILURES {
            gateway.servers[0].report(false);
        }
        let picked = |port| {
            (0..4)
                .filter(|_| gateway.pick().address.port() == port)
                .count()
        };
        assert_eq!(picked(1), 0);
        tokio::time::advance(ASIDE).await;
        assert_eq!(picked(1), 2);
    }

    #[tokio::test]
    async fn if_none_is_well_all_are_asked() {
        let gateway = Gateway::new(vec![([127, 0, 0, 1], 1).into()]);
        for _ in 0..FAILURES {
            gateway.servers[0].report(false);
        }
        assert_eq!(gateway.pick().address.port(), 1);
    }

    #[tokio::test]
    async fn the_one_with_fewer_requests_under_way_is_picked() {
        let gateway = Gateway::new(vec![([127, 0, 0, 1], 1).into(), ([127, 0, 0, 1], 2).into()]);
        gateway.servers[0].under_way.store(5, Relaxed);
        assert!((0..4).all(|_| gateway.pick().address.port() == 2));
    }
}
