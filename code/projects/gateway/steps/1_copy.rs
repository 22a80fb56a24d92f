//! Step 1: looks at the first line, then copies bytes both ways.
//!
//! `cargo run -p gateway --example gateway-1-copy`

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};

const FORBIDDEN: &[u8] = b"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n";

#[tokio::main(flavor = "current_thread")]
async fn main() -> io::Result<()> {
    let gateway = start(shop().await?).await?;
    for path in ["/tea", "/admin"] {
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
            tokio::spawn(pass(client, server));
        }
    });
    Ok(address)
}

/// Copies bytes between a client and the server, unless the client asks for `/admin`.
async fn pass(client: TcpStream, server: SocketAddr) -> io::Result<()> {
    let mut client = BufReader::new(client);
    let mut line = String::new();
    client.read_line(&mut line).await?;
    if line.contains(" /admin") {
        return client.write_all(FORBIDDEN).await;
    }
    let mut server = TcpStream::connect(server).await?;
    server.write_all(line.as_bytes()).await?;
    copy_bidirectional(&mut client, &mut server).await?;
    Ok(())
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

    #[tokio::test]
    async fn the_first_request_is_refused_if_it_asks_for_admin() {
        let gateway = start(shop().await.unwrap()).await.unwrap();
        let request = "GET /admin HTTP/1.1\r\nhost: shop\r\n\r\n";
        let answer = ask(gateway, request).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 403"));
    }
}
