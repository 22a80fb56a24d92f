//! A connection of the pool that its server closes in the very moment in which it's taken.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::{Arc, mpsc};

use bytes::Bytes;
use gateway::body::Body;
use gateway::check::parse;
use gateway::forward::Client;
use gateway::forward::{Call, Way, forward};
use gateway::gateway::Gateway;
use http_body_util::BodyExt;
use hyper::{Method, Request};

use crate::support::file;

/// A server in a thread of its own: it answers once a connection, says which port asks, and
/// closes when it's told.
fn server(close: mpsc::Receiver<()>, asked: mpsc::Sender<u16>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let _ = stream.read(&mut [0; 4_096]);
            let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
            stream.write_all(answer).unwrap();
            asked.send(stream.peer_addr().unwrap().port()).unwrap();
            if close.recv().is_err() {
                return;
            }
        }
    });
    address
}

fn post(way: &Arc<Way>) -> Call {
    let mut request = Request::new(Body::from(Bytes::from_static(b"hi")));
    *request.method_mut() = Method::POST;
    *request.uri_mut() = "/".parse().unwrap();
    let host = hyper::header::HeaderValue::from_static("shop");
    request.headers_mut().insert("host", host);
    Call {
        request,
        ..Call::new(way, Request::new(()))
    }
}

/// Whether the kernel has heard, on this port, that the other side has closed: state 8,
/// `CLOSE_WAIT`. Blocks on purpose: the runtime hears of it later.
fn until_closed(port: u16) {
    let port = format!(":{port:04X} ");
    let is_closed = || {
        let sockets = std::fs::read_to_string("/proc/net/tcp").unwrap();
        let mut lines = sockets.lines().map(|line| line.split_whitespace());
        lines.any(|mut words| {
            let local = words.nth(1).unwrap_or_default();
            format!("{local} ").ends_with(&port) && words.nth(1) == Some("08")
        })
    };
    while !is_closed() {
        std::thread::yield_now();
    }
}

#[tokio::test]
async fn a_request_of_which_no_byte_went_out_is_sent_again_whatever_it_is() {
    let (close, closes) = mpsc::channel();
    let (asked, asks) = mpsc::channel();
    let address = server(closes, asked);
    let config = parse(&file(&[address], "", "")).unwrap();
    let gateway = Arc::new(Gateway::new(&config, None).unwrap());
    let client = Client {
        address: Ipv4Addr::LOCALHOST.into(),
        scheme: "http",
        switch: Arc::default(),
        pool: Arc::default(),
    };
    let way = Arc::new(Way {
        route: Arc::clone(&gateway.routes[0]),
        gateway,
        client: Arc::new(client),
    });
    let answer = forward(post(&way)).await;
    assert_eq!(answer.status(), 200);
    answer.into_body().collect().await.unwrap(); // and so the connection is in the pool
    let port = asks.recv().unwrap();
    close.send(()).unwrap();
    until_closed(port);
    // Now the driver of the runtime hears of it and wakes the connection's task; but this task
    // goes on first, and the connection that it takes from the pool looks well.
    tokio::task::yield_now().await;
    let answer = forward(post(&way)).await;
    assert_eq!(answer.status(), 200);
    assert_ne!(asks.recv().unwrap(), port);
}
