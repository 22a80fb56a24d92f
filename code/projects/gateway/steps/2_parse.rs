//! Step 2: reads each request, refuses what could be read in two ways, and forwards the rest.
//!
//! `cargo run -p gateway --example gateway-2-parse`

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;

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

#[tokio::main(flavor = "current_thread")]
async fn main() -> io::Result<()> {
    let gateway = start(shop().await?).await?;
    for path in ["/tea", "/admin", "/tea/../admin"] {
        let request = format!("GET {path} HTTP/1.1\r\nhost: shop\r\nconnection: close\r\n\r\n");
        println!("{path}: {}", ask(gateway, &request).await?);
    }
    Ok(())
}

/// Accepts clients on a free port.
async fn start(server: SocketAddr) -> io::Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            tokio::spawn(connection(client, server));
        }
    });
    Ok(address)
}

/// Serves one client until it leaves.
async fn connection(client: TcpStream, server: SocketAddr) -> hyper::Result<()> {
    let handle = service_fn(async |request| Ok::<_, Infallible>(handle(request, server).await));
    let connection = http1::Builder::new();
    connection
        .serve_connection(TokioIo::new(client), handle)
        .await
}

/// One request, from the client to the answer.
async fn handle(mut request: Request<Incoming>, server: SocketAddr) -> Answer {
    if let Err(status) = check(&request) {
        return say(status, "refused by the gateway");
    }
    if request.uri().path().starts_with("/admin") {
        return say(StatusCode::FORBIDDEN, "not from here");
    }
    remove_hop_by_hop(request.headers_mut());
    match send(request, server).await {
        Ok(answer) => answer,
        Err(_) => say(StatusCode::BAD_GATEWAY, "the server doesn't answer"),
    }
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

    /// The answers to these bytes, from a gateway before a shop.
    async fn answers(request: &str) -> String {
        let gateway = start(shop().await.unwrap()).await.unwrap();
        ask(gateway, request).await.unwrap()
    }

    #[tokio::test]
    async fn the_second_request_of_a_connection_is_refused_too() {
        let answers = answers(
            "GET /tea HTTP/1.1\r\nhost: shop\r\n\r\n\
             GET /admin HTTP/1.1\r\nhost: shop\r\nconnection: close\r\n\r\n",
        );
        let answers = answers.await;
        assert!(answers.contains("here is /tea"));
        assert!(!answers.contains("here is /admin") && answers.contains("HTTP/1.1 403"));
    }

    #[tokio::test]
    async fn what_can_be_read_in_two_ways_is_refused() {
        for (fields, status) in [
            ("host: a\r\nhost: b", "400"),
            ("accept: */*", "400"), // no host
            ("host: a\r\ntransfer-encoding: gzip, chunked", "501"),
        ] {
            let request = format!("GET / HTTP/1.1\r\n{fields}\r\nconnection: close\r\n\r\n");
            let answer = answers(&request).await;
            assert!(answer.contains(&format!("HTTP/1.1 {status}")), "{fields}");
        }
    }

    #[tokio::test]
    async fn a_path_is_checked_as_the_server_would_read_it() {
        for path in ["/tea/../admin", "/%61dmin", "/./admin"] {
            let close = "host: shop\r\nconnection: close";
            let answer = answers(&format!("GET {path} HTTP/1.1\r\n{close}\r\n\r\n")).await;
            assert!(answer.contains("HTTP/1.1 400"), "{path}");
        }
    }

    #[tokio::test]
    async fn a_field_that_the_client_names_as_its_own_goes_no_further() {
        let connection = "connection: close, x-secret\r\nx-secret: 1\r\nx-public: 2";
        let answer = answers(&format!(
            "GET / HTTP/1.1\r\nhost: a\r\n{connection}\r\n\r\n"
        ))
        .await;
        assert!(answer.contains("x-public") && !answer.contains("x-secret"));
    }

    #[tokio::test]
    async fn of_a_length_and_a_coding_we_see_the_coding_alone() {
        let both = "content-length: 33\r\ntransfer-encoding: chunked";
        let answer = answers(&format!(
            "POST /tea HTTP/1.1\r\nhost: a\r\n{both}\r\nconnection: close\r\n\r\n0\r\n\r\n"
        ))
        .await;
        assert!(answer.contains("here is /tea")); // nothing to refuse
        assert!(answer.contains("\"transfer-encoding\": \"chunked\""));
        assert!(!answer.contains("\"content-length\": ")); // hyper has removed it
    }
}
