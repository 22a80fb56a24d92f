//! A server in this process, and clients that send by hand.

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use axum::extract::ws::WebSocketUpgrade;
use axum::routing::get;
use service::serve::{Limits, serve};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio::time;
use tokio_util::sync::CancellationToken;

/// The longest that a test waits for what must come.
const END: Duration = Duration::from_secs(30);
/// Long enough to say that something does not come.
const WHILE: Duration = Duration::from_millis(300);

struct Server {
    address: SocketAddr,
    stop: CancellationToken,
    served: JoinHandle<()>,
}

async fn start(limits: Limits) -> Server {
    let router = Router::new()
        .route("/", get(async || "hello"))
        .route(
            "/me",
            get(async |ConnectInfo(me): ConnectInfo<SocketAddr>| me.to_string()),
        )
        .route("/slow", get(async || time::sleep(WHILE).await))
        .route("/never", get(std::future::pending::<()>))
        .route(
            "/socket",
            get(async |upgrade: WebSocketUpgrade| {
                // Open until the client closes it.
                upgrade.on_upgrade(async |mut socket| while socket.recv().await.is_some() {})
            }),
        );
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let stop = CancellationToken::new();
    let served = tokio::spawn(serve(listener, router, limits, stop.clone()));
    Server {
        address,
        stop,
        served,
    }
}

impl Server {
    /// Connects and sends.
    async fn send(&self, text: &str) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(text.as_bytes()).await.unwrap();
        stream
    }

    async fn get(&self, path: &str) -> TcpStream {
        let head = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        self.send(&head).await
    }
}

/// All that comes until the server hangs up.
async fn answer(mut stream: TcpStream) -> String {
    let mut bytes = Vec::new();
    // A reset is a way to hang up, too.
    let read = time::timeout(END, stream.read_to_end(&mut bytes)).await;
    let _ = read.expect("the server hangs up");
    String::from_utf8(bytes).unwrap()
}

fn limits() -> Limits {
    Limits::STANDARD
}

#[tokio::test]
async fn a_handler_learns_the_address_of_its_client() {
    let server = start(limits()).await;
    let stream = server.get("/me").await;
    let me = stream.local_addr().unwrap().to_string();
    assert!(answer(stream).await.ends_with(&me));
}

#[tokio::test]
async fn a_client_that_sends_no_head_or_nothing_more_is_hung_up_on() {
    let head = Duration::from_millis(200);
    let server = start(Limits { head, ..limits() }).await;
    for begun in [
        "",
        "GET / HTTP/1.1\r\nHost:",
        "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    ] {
        let stream = server.send(begun).await;
        let answer = answer(stream).await;
        assert_eq!(
            answer.contains("hello"),
            begun.ends_with("\r\n\r\n"),
            "{answer}"
        );
    }
}

#[tokio::test]
async fn a_head_that_is_too_long_is_answered_with_431() {
    let server = start(limits()).await;
    // As much as the server takes: with bytes unread, a close would be a reset, which may overtake
    // the answer.
    let head = format!("GET / HTTP/1.1\r\nX: {}", "x".repeat(16 * 1024));
    let stream = server.send(&head[..16 * 1024]).await;
    let answer = answer(stream).await;
    assert!(answer.starts_with("HTTP/1.1 431"), "{answer}");
}

#[tokio::test]
async fn beyond_the_cap_a_connection_waits_for_one_that_ends() {
    let server = start(Limits {
        connections: 2,
        ..limits()
    })
    .await;
    let (silent, _other) = (server.send("").await, server.send("").await);
    let mut third = server.get("/").await;
    assert!(time::timeout(WHILE, third.readable()).await.is_err());
    drop(silent);
    let mut first = [0; 12];
    time::timeout(END, third.read_exact(&mut first))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(&first, b"HTTP/1.1 200");
}

#[tokio::test]
async fn a_connection_that_became_a_websocket_still_counts() {
    let server = start(Limits {
        connections: 1,
        ..limits()
    })
    .await;
    let mut socket = server
        .send(
            "GET /socket HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        )
        .await;
    let mut first = [0; 12];
    socket.read_exact(&mut first).await.unwrap();
    assert_eq!(&first, b"HTTP/1.1 101");
    let second = server.get("/").await;
    assert!(time::timeout(WHILE, second.readable()).await.is_err());
    drop(socket);
    assert!(answer(second).await.ends_with("hello"));
}

#[tokio::test]
async fn a_request_that_was_begun_is_answered_though_the_server_stops() {
    let server = start(limits()).await;
    let open = server.get("/slow").await;
    // Idle: nothing is owed to it.
    let idle = server.send("").await;
    time::sleep(WHILE / 3).await;
    server.stop.cancel();
    assert!(answer(open).await.starts_with("HTTP/1.1 200"));
    assert_eq!(answer(idle).await, "");
    time::timeout(END, server.served).await.unwrap().unwrap();
    assert!(TcpStream::connect(server.address).await.is_err());
}

#[tokio::test]
async fn a_request_that_does_not_end_is_cut_off() {
    let server = start(Limits {
        last_requests: WHILE,
        ..limits()
    })
    .await;
    let open = server.get("/never").await;
    time::sleep(WHILE / 3).await;
    server.stop.cancel();
    time::timeout(END, server.served).await.unwrap().unwrap();
    assert_eq!(answer(open).await, "");
}
