//! A gateway, servers behind it that tell what they saw, and clients that send bytes.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use gateway::check::parse;
use gateway::config::Config;
use gateway::running::Running;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

pub type Answer = Response<Full<Bytes>>;

/// What a server saw, a line a request: method, target and body.
#[derive(Clone, Default)]
pub struct Seen(Arc<Mutex<Vec<String>>>);

impl Seen {
    pub fn all(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }

    pub fn count(&self) -> usize {
        self.all().len()
    }

    pub fn add(&self, line: String) {
        self.0.lock().unwrap().push(line);
    }
}

/// A server that answers as it's told, by what it's asked.
pub async fn server_that<F>(answer: F) -> (SocketAddr, Seen)
where
    F: Fn(&Request<Bytes>) -> Answer + Clone + Send + Sync + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (address, seen) = (listener.local_addr().unwrap(), Seen::default());
    let sees = seen.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (answer, sees) = (answer.clone(), sees.clone());
            let serve = service_fn(move |request: Request<Incoming>| {
                let (answer, sees) = (answer.clone(), sees.clone());
                async move {
                    let (head, body) = request.into_parts();
                    let line = format!("{} {}", head.method, head.uri);
                    let Ok(body) = body.collect().await else {
                        sees.add(format!("{line} half a body"));
                        return Err("half a body");
                    };
                    let body = body.to_bytes();
                    let text = String::from_utf8_lossy(&body);
                    sees.add(format!("{line} {text}").trim_end().to_owned());
                    Ok(answer(&Request::from_parts(head, body)))
                }
            });
            tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), serve));
        }
    });
    (address, seen)
}

/// A server that answers 200 with the fields it saw, a line each.
pub async fn server() -> (SocketAddr, Seen) {
    server_that(|request| {
        let fields = request.headers().iter();
        let lines = fields.map(|(name, value)| format!("{name}: {}\n", value.to_str().unwrap()));
        Response::new(Full::from(lines.collect::<String>()))
    })
    .await
}

/// A server that does this with each connection.
pub async fn raw<F, R>(serve: F) -> SocketAddr
where
    F: Fn(TcpStream) -> R + Send + 'static,
    R: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream));
        }
    });
    address
}

/// An address at which nothing listens.
pub async fn nowhere() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    listener.local_addr().unwrap()
}

/// A file with one group and one route, and lines for both. Its limits are far away: a busy
/// machine doesn't reach them.
pub fn file(servers: &[SocketAddr], upstream: &str, route: &str) -> String {
    let servers: Vec<_> = servers
        .iter()
        .map(|address| format!("{{ address = \"{address}\" }}"))
        .collect();
    let servers = servers.join(", ");
    format!(
        "listen = \"127.0.0.1:0\"\nworkers = 1\n\
         [times]\nhead = \"60s\"\nstill = \"60s\"\nfirst_byte = \"60s\"\nconnect = \"1m\"\ntotal = \"1m\"\n\
         [upstream.shop]\nservers = [{servers}]\n{upstream}\n\
         [[route]]\nname = \"all\"\npath = \"/\"\nupstream = \"shop\"\n{route}\n"
    )
}

pub fn config(servers: &[SocketAddr], upstream: &str, route: &str) -> Config {
    parse(&file(servers, upstream, route)).unwrap()
}

/// A gateway before these servers.
pub fn gateway(servers: &[SocketAddr], upstream: &str, route: &str) -> Running {
    Running::start(&config(servers, upstream, route)).unwrap()
}

/// The same, and it waits half a second for a client or an answer.
pub fn impatient(servers: &[SocketAddr], upstream: &str, route: &str) -> Running {
    let file = file(servers, upstream, route).replace("\"60s\"", "\"500ms\"");
    Running::start(&parse(&file).unwrap()).unwrap()
}

/// Sends bytes, and returns what comes until the connection is closed.
pub async fn send(to: SocketAddr, bytes: impl AsRef<[u8]>) -> String {
    let mut stream = TcpStream::connect(to).await.unwrap();
    let _ = stream.write_all(bytes.as_ref()).await; // it may be refused before it's all sent
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8_lossy(&answer).into_owned()
}

/// Asks for a path, with these further fields.
pub async fn get(to: SocketAddr, path: &str, fields: &[&str]) -> String {
    let mut request = format!("GET {path} HTTP/1.1\r\nhost: shop\r\nconnection: close\r\n");
    for field in fields {
        request += &format!("{field}\r\n");
    }
    send(to, request + "\r\n").await
}

/// The statuses of all the answers in what came.
pub fn statuses(answers: &str) -> Vec<u16> {
    let after = |part: &str| part.get(..3)?.parse().ok();
    answers
        .split("HTTP/1.1 ")
        .skip(1)
        .filter_map(after)
        .collect()
}
