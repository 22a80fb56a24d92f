//! Clients that are slow, greedy, or gone.

use std::sync::Arc;
use std::time::Duration;

use gateway::strict::Strict;
use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, timeout};

use crate::support::{config, gateway, get, impatient, raw, send, server, statuses};

/// Far beyond all limits of these gateways: what isn't closed by then never is.
const LONG: Duration = Duration::from_secs(60);

async fn ends(mut stream: TcpStream) -> Vec<u8> {
    let mut answer = Vec::new();
    let read = timeout(LONG, stream.read_to_end(&mut answer)).await;
    let _ = read.expect("the gateway closes the connection");
    answer
}

#[tokio::test]
async fn a_client_that_says_nothing_or_half_a_head_is_closed() {
    let (address, seen) = server().await;
    let gateway = impatient(&[address], "", "");
    for half in ["", "G", "GET / HTTP/1.1\r\nhost: shop\r\n", "PRI * HTT"] {
        let mut stream = TcpStream::connect(gateway.address).await.unwrap();
        stream.write_all(half.as_bytes()).await.unwrap();
        ends(stream).await;
    }
    assert_eq!(seen.count(), 0);
}

#[tokio::test]
async fn a_client_that_dribbles_its_head_is_closed() {
    let (address, _) = server().await;
    let gateway = impatient(&[address], "", "");
    let (read, mut write) = TcpStream::connect(gateway.address)
        .await
        .unwrap()
        .into_split();
    let dribble = async {
        write.write_all(b"GET / HTTP/1.1\r\nhost: shop\r\n").await?;
        loop {
            write.write_all(b"x-a: 1\r\n").await?;
            sleep(Duration::from_millis(50)).await; // each within the limit, the head isn't
        }
    };
    let closed = async {
        let mut read = read;
        let _ = read.read_to_end(&mut Vec::new()).await;
    };
    let ended = async {
        tokio::select! { error = dribble => drop::<Result<(), std::io::Error>>(error), () = closed => {} }
    };
    timeout(LONG, ended).await.expect("closed");
}

#[tokio::test]
async fn a_body_that_stands_still_is_answered_and_its_server_let_go() {
    let (address, seen) = server().await;
    let gateway = impatient(&[address], "", "");
    let mut stream = TcpStream::connect(gateway.address).await.unwrap();
    let half = b"POST / HTTP/1.1\r\nhost: shop\r\ncontent-length: 10\r\n\r\nhalf";
    stream.write_all(half).await.unwrap();
    ends(stream).await;
    while seen.count() == 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(seen.all(), ["POST / half a body"]);
    let server = &gateway.shared.gateway.load().upstreams[0].servers[0];
    assert_eq!(server.failed.load(std::sync::atomic::Ordering::Relaxed), 0); // it's the client's fault
}

#[tokio::test]
async fn a_client_that_goes_on_sending_after_a_refusal_is_not_reset() {
    let (address, _) = server().await;
    let gateway = gateway(&[address], "", "");
    let mut stream = TcpStream::connect(gateway.address).await.unwrap();
    let refused = b"POST / HTTP/1.1\r\ncontent-length: 100000\r\n\r\n";
    stream.write_all(refused).await.unwrap();
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 400");
    // Many clients send all of it before they read. A reset would make this fail, and might take
    // the answer away.
    for piece in 0..10 {
        let sent = stream.write_all(&[0; 10_000]).await;
        assert!(sent.is_ok(), "piece {piece}: {sent:?}");
        sleep(Duration::from_millis(5)).await; // a reset has its time to come
    }
    stream.shutdown().await.unwrap();
    let rest = stream.read_to_end(&mut Vec::new()).await;
    assert!(rest.is_ok(), "{rest:?}");
}

#[tokio::test(start_paused = true)]
async fn after_a_refusal_no_client_is_listened_to_for_ever() {
    let around = |io| Strict::new(io, LONG, Arc::default());
    let (_silent, ours) = duplex(1_024);
    let (start, mut ours) = (Instant::now(), around(ours));
    let ended = timeout(LONG, ours.shutdown()).await;
    assert!(matches!(ended, Ok(Ok(()))), "{ended:?}");
    assert_eq!(start.elapsed(), Duration::from_secs(1));
    let (mut endless, ours) = duplex(1_024);
    let sends = tokio::spawn(async move {
        let mut sent = 0;
        while sent < 1 << 20 && endless.write_all(&[0; 1_024]).await.is_ok() {
            sent += 1_024;
        }
        sent
    });
    let mut ours = around(ours);
    ours.shutdown().await.unwrap();
    drop(ours);
    let sent = sends.await.unwrap();
    assert!((256 << 10..300 << 10).contains(&sent), "{sent}");
}

#[tokio::test]
async fn a_client_that_never_reads_is_closed_and_the_server_with_it() {
    let (tell, mut told) = mpsc::channel(1);
    let address = raw(move |mut stream| {
        let tell = tell.clone();
        async move {
            let _ = stream.read(&mut [0; 1_024]).await;
            let head = "HTTP/1.1 200 OK\r\ncontent-length: 1000000000\r\n\r\n";
            let _ = stream.write_all(head.as_bytes()).await;
            let mut sent = 0_usize;
            while let Ok(()) = stream.write_all(&[0; 65_536]).await {
                sent += 65_536;
            }
            let _ = tell.send(sent).await;
        }
    })
    .await;
    let gateway = impatient(&[address], "", "");
    let mut stream = TcpStream::connect(gateway.address).await.unwrap();
    stream
        .write_all(b"GET / HTTP/1.1\r\nhost: shop\r\n\r\n")
        .await
        .unwrap();
    let sent = timeout(LONG, told.recv())
        .await
        .expect("the server is let go")
        .unwrap();
    assert!(sent < 64 << 20, "{sent} bytes wait in buffers");
    drop(stream);
}

#[tokio::test]
async fn the_call_to_the_server_ends_when_its_client_leaves() {
    let (arrived, mut arrival) = mpsc::channel(1);
    let (gone, mut left) = mpsc::channel(1);
    let address = raw(move |mut stream| {
        let (arrived, gone) = (arrived.clone(), gone.clone());
        async move {
            let _ = stream.read(&mut [0; 1_024]).await;
            arrived.send(()).await.unwrap();
            let end = stream.read(&mut [0; 1_024]).await;
            gone.send(matches!(end, Ok(0) | Err(_))).await.unwrap();
        }
    })
    .await;
    let gateway = gateway(&[address], "", "");
    let mut stream = TcpStream::connect(gateway.address).await.unwrap();
    stream
        .write_all(b"GET / HTTP/1.1\r\nhost: shop\r\n\r\n")
        .await
        .unwrap();
    arrival.recv().await.unwrap();
    drop(stream);
    let left = timeout(Duration::from_secs(30), left.recv()).await;
    assert_eq!(left, Ok(Some(true)));
}

#[tokio::test]
async fn beyond_the_cap_connections_are_closed_and_those_within_are_served() {
    let (address, _) = server().await;
    let mut config = config(&[address], "", "");
    config.connections = 10;
    config.times.head = LONG;
    let gateway = gateway::running::Running::start(&config).unwrap();
    let mut held = Vec::new();
    for _ in 0..50 {
        held.push(TcpStream::connect(gateway.address).await.unwrap());
    }
    let mut refused = 0;
    for stream in &mut held[10..] {
        refused += usize::from(matches!(stream.read(&mut [0; 1]).await, Ok(0) | Err(_)));
    }
    assert_eq!(refused, 40);
    held.truncate(9);
    let answer = loop {
        let answer = get(gateway.address, "/", &[]).await; // a place is free, soon
        if !answer.is_empty() {
            break answer;
        }
    };
    assert_eq!(statuses(&answer), [200]);
}

#[tokio::test]
async fn a_client_gets_its_burst_and_then_429_with_a_time_to_come_back() {
    let (address, seen) = server().await;
    let gateway = gateway(
        &[address],
        "",
        "rate = { per_second = 1, burst = 3, by = \"x-key\" }",
    );
    let mut got = Vec::new();
    for _ in 0..5 {
        let answer = get(gateway.address, "/", &["x-key: one"]).await;
        got.extend(statuses(&answer));
        assert_eq!(
            answer.contains("retry-after: "),
            answer.contains("HTTP/1.1 429")
        );
    }
    assert_eq!(got[..3], [200, 200, 200]);
    assert!(got[3..].contains(&429));
    assert_eq!(
        statuses(&get(gateway.address, "/", &["x-key: two"]).await),
        [200]
    );
    assert!(seen.count() < 6);
}

#[tokio::test]
async fn a_websocket_is_a_tunnel_once_the_server_has_agreed() {
    let address = raw(async |mut stream: TcpStream| {
        let _ = stream.read(&mut [0; 1_024]).await;
        let agreed =
            "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n";
        stream.write_all(agreed.as_bytes()).await.unwrap();
        let mut bytes = [0; 64];
        while let Ok(length @ 1..) = stream.read(&mut bytes).await {
            stream.write_all(&bytes[..length]).await.unwrap();
        }
    })
    .await;
    let gateway = gateway(&[address], "", "");
    let mut stream = TcpStream::connect(gateway.address).await.unwrap();
    let ask =
        "GET /chat HTTP/1.1\r\nhost: shop\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n";
    stream.write_all(ask.as_bytes()).await.unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    assert!(head.starts_with(b"HTTP/1.1 101"));
    let server = || std::sync::Arc::clone(&gateway.shared.gateway.load().upstreams[0].servers[0]);
    assert_eq!(server().under_way(), 1);
    for word in ["GET / no longer\r\n\r\n", "\0\u{1}\n"] {
        gateway.reload(&config(&[address], "", "")).unwrap(); // the tunnel goes on
        stream.write_all(word.as_bytes()).await.unwrap();
        let mut echo = vec![0; word.len()];
        stream.read_exact(&mut echo).await.unwrap();
        assert_eq!(echo, word.as_bytes());
    }
    drop(stream);
    while server().under_way() > 0 {
        sleep(Duration::from_millis(2)).await;
    }
}

#[tokio::test]
async fn a_switch_that_no_one_asked_for_is_a_bad_answer() {
    let address = raw(async |mut stream: TcpStream| {
        let _ = stream.read(&mut [0; 1_024]).await;
        let agreed =
            "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n";
        let _ = stream.write_all(agreed.as_bytes()).await;
    })
    .await;
    let gateway = gateway(&[address], "", "");
    let answer = send(
        gateway.address,
        "GET / HTTP/1.1\r\nhost: shop\r\nconnection: close\r\n\r\n",
    )
    .await;
    assert_eq!(statuses(&answer), [502]);
}
