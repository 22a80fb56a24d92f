//! Clients that answer no ping, on a paused clock: it leaps whenever all wait, so 45 s take none.

use std::time::Duration;

use chat::connection::{PING, SILENCE};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::time::{Instant, interval, pause, timeout};

use crate::framing::{CLOSE, FIN, PING as PING_FRAME, PONG, answer, frame, upgrade};
use crate::support::Server;

/// A client by hand, and a clock that stands still from now on.
async fn upgraded() -> (Server, TcpStream) {
    let server = Server::start().await;
    let token = server.person("ann").await.token;
    let headers = format!("Authorization: Bearer {token}\r\n");
    let (status, stream) = upgrade(server.address(), &headers).await;
    assert_eq!(status, 101);
    pause();
    // It leaps no further than this at once, so that what has been sent is read in its time.
    tokio::spawn(async {
        let mut ticks = interval(Duration::from_millis(100));
        loop {
            ticks.tick().await;
        }
    });
    (server, stream)
}

#[tokio::test]
async fn a_client_that_answers_no_ping_is_closed_after_45_seconds() {
    let start = Instant::now(); // no later than the server's
    let (_server, mut stream) = upgraded().await;
    let mut pings = 0;
    let closed = async {
        loop {
            match answer(&mut stream).await {
                (PING_FRAME, _) => pings += 1,
                (CLOSE, payload) => return u16::from_be_bytes([payload[0], payload[1]]),
                other => panic!("{other:?}"),
            }
        }
    };
    let code = timeout(SILENCE * 2, closed).await.expect("it is closed");
    assert_eq!((code, pings), (4009, 2));
    let took = start.elapsed();
    assert!((SILENCE..SILENCE + PING).contains(&took), "{took:?}");
}

#[tokio::test]
async fn a_client_that_answers_each_ping_stays() {
    let (_server, mut stream) = upgraded().await;
    let start = Instant::now();
    while start.elapsed() < SILENCE * 10 {
        let (kind, payload) = timeout(PING * 2, answer(&mut stream))
            .await
            .expect("a ping");
        assert_eq!(kind, PING_FRAME, "{payload:?}");
        stream
            .write_all(&frame(FIN | PONG, &payload))
            .await
            .unwrap();
    }
}
