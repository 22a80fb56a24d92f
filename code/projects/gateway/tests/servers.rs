//! Servers that refuse, hang, break off, lie, or are sick together.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::Response;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::{gateway, get, impatient, nowhere, raw, send, server, server_that, statuses};

const POST: &str =
    "POST / HTTP/1.1\r\nhost: shop\r\nconnection: close\r\ncontent-length: 2\r\n\r\nhi";

/// A server that reads a request, sends these bytes and closes; and how often it was asked.
async fn says(bytes: &'static str) -> (std::net::SocketAddr, Arc<AtomicUsize>) {
    let count = Arc::new(AtomicUsize::new(0));
    let asked = Arc::clone(&count);
    let address = raw(move |mut stream| {
        asked.fetch_add(1, SeqCst);
        async move {
            let _ = stream.read(&mut [0; 4_096]).await;
            let _ = stream.write_all(bytes.as_bytes()).await;
        }
    });
    (address.await, count)
}

#[tokio::test]
async fn one_of_two_that_is_down_costs_no_request() {
    let (well, seen) = server().await;
    let gateway = gateway(&[nowhere().await, well], "balance = \"round-robin\"", "");
    for _ in 0..2 {
        assert_eq!(statuses(&send(gateway.address, POST).await), [200]); // no byte went out
    }
    for _ in 0..20 {
        assert_eq!(statuses(&get(gateway.address, "/", &[]).await), [200]);
    }
    assert_eq!(seen.count(), 22);
}

#[tokio::test]
async fn what_a_server_may_have_seen_is_repeated_only_if_that_does_no_harm() {
    let (closes, asked) = says("").await;
    let gateway = gateway(&[closes], "breaker_ratio = 1.0", "");
    assert_eq!(statuses(&send(gateway.address, POST).await), [502]);
    assert_eq!(asked.load(SeqCst), 1);
    assert_eq!(statuses(&get(gateway.address, "/", &[]).await), [502]);
    assert_eq!(asked.load(SeqCst), 1 + 3);
}

#[tokio::test]
async fn retries_add_a_tenth_to_the_load_of_a_server_that_fails_half() {
    let turn = Arc::new(AtomicUsize::new(0));
    let (moody, seen) = server_that(move |_| {
        let bad = turn.fetch_add(1, SeqCst) % 2 == 1;
        let status = if bad { 503 } else { 200 };
        Response::builder()
            .status(status)
            .body(Full::default())
            .unwrap()
    })
    .await;
    let gateway = gateway(&[moody], "breaker_ratio = 1.0", "");
    for _ in 0..300 {
        get(gateway.address, "/", &[]).await;
    }
    assert!(seen.count() <= 300 + 30 + 10, "{}", seen.count()); // ten are saved at the start
    assert!(seen.count() > 330);
}

#[tokio::test]
async fn a_server_that_hangs_is_given_up_and_its_breaker_opens() {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let hangs = raw(move |mut stream: TcpStream| {
        count.fetch_add(1, SeqCst);
        async move { while let Ok(1..) = stream.read(&mut [0; 1_024]).await {} }
    })
    .await;
    let gateway = impatient(&[hangs], "breaker_pause = \"1m\"", "");
    let mut got = Vec::new();
    for _ in 0..5 {
        got.extend(statuses(&get(gateway.address, "/", &[]).await));
    }
    assert_eq!(got[0], 504);
    assert_eq!(got[4], 503);
    let answer = get(gateway.address, "/", &[]).await;
    assert!(answer.contains("retry-after: "), "{answer}");
    assert!(asked.load(SeqCst) <= 5);
}

/// A server that takes requests and answers none, and how many it has.
async fn takes_its_time() -> (std::net::SocketAddr, Arc<AtomicUsize>) {
    let count = Arc::new(AtomicUsize::new(0));
    let asked = Arc::clone(&count);
    let address = raw(move |mut stream: TcpStream| {
        let asked = Arc::clone(&asked);
        async move {
            while let Ok(1..) = stream.read(&mut [0; 1_024]).await {
                asked.fetch_add(1, SeqCst);
            }
        }
    });
    (address.await, count)
}

#[tokio::test]
async fn a_server_that_takes_long_is_overtaken_by_another_and_asked_less() {
    let (slow, asked) = takes_its_time().await;
    let (quick, seen) = server().await;
    let upstream = "breaker_ratio = 1.0\ncalls_per_retry = 2";
    let gateway = gateway(&[slow, quick], upstream, "hedge = \"20ms\"");
    for _ in 0..50 {
        assert_eq!(statuses(&get(gateway.address, "/", &[]).await), [200]);
    }
    assert_eq!(seen.count(), 50);
    assert!(asked.load(SeqCst) < 30, "{asked:?}"); // its delay is known from the first hedge on
}

#[tokio::test]
async fn what_may_not_be_repeated_is_not_hedged() {
    let (slow, asked) = takes_its_time().await;
    let (other, seen) = server().await;
    let upstream = "balance = \"round-robin\"";
    let gateway = impatient(&[slow, other], upstream, "hedge = \"20ms\"");
    assert_eq!(statuses(&send(gateway.address, POST).await), [504]);
    assert_eq!((asked.load(SeqCst), seen.count()), (1, 0));
}

#[tokio::test]
async fn hedges_are_bounded_when_all_servers_are_slow() {
    let (slow, asked) = takes_its_time().await;
    let gateway = gateway(&[slow], "breaker_ratio = 1.0", "hedge = \"1ms\"");
    let mut clients = Vec::new();
    for _ in 0..100 {
        let mut stream = TcpStream::connect(gateway.address).await.unwrap();
        let request = b"GET / HTTP/1.1\r\nhost: shop\r\n\r\n";
        stream.write_all(request).await.unwrap();
        clients.push(stream);
    }
    while asked.load(SeqCst) < 100 + 10 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    tokio::time::sleep(Duration::from_millis(50)).await;
    // Ten that are saved at the start, and a tenth.
    assert!(asked.load(SeqCst) <= 100 + 10 + 10, "{asked:?}");
}

#[tokio::test]
async fn an_answer_that_breaks_off_breaks_off_for_the_client_too() {
    for bytes in [
        "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n",
    ] {
        let (address, _) = says(bytes).await;
        let gateway = gateway(&[address], "", "");
        let answer = get(gateway.address, "/", &[]).await;
        assert!(answer.contains("half"));
        let whole = answer.ends_with("0\r\n\r\n")
            || !answer.contains("chunked") && !answer.contains("content-length: 100");
        assert!(!whole, "{answer}");
    }
}

#[tokio::test]
async fn what_is_no_answer_is_a_502() {
    for bytes in [
        "",
        "hello\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n",
    ] {
        let (address, _) = says(bytes).await;
        let gateway = gateway(&[address], "", "");
        assert_eq!(
            statuses(&get(gateway.address, "/", &[]).await),
            [502],
            "{bytes:?}"
        );
    }
}

#[tokio::test]
async fn a_second_answer_that_was_not_asked_for_reaches_no_one() {
    let two = "HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\noneHTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\ntwo";
    let (address, _) = says(two).await;
    let gateway = gateway(&[address], "", "");
    for _ in 0..3 {
        let answer = get(gateway.address, "/", &[]).await;
        assert!(answer.ends_with("one"), "{answer}");
    }
}

#[tokio::test]
async fn a_connection_that_its_server_closed_while_it_was_idle_costs_no_request() {
    let (address, asked) = says("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").await;
    let gateway = gateway(&[address], "", "");
    for _ in 0..20 {
        assert_eq!(statuses(&send(gateway.address, POST).await), [200]);
    }
    assert_eq!(asked.load(SeqCst), 20);
}

#[tokio::test]
async fn an_answer_that_comes_before_the_body_has_gone_is_passed_on() {
    let address = raw(async |mut stream: TcpStream| {
        let _ = stream.read(&mut [0; 1_024]).await;
        let early =
            "HTTP/1.1 413 Content Too Large\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
        let _ = stream.write_all(early.as_bytes()).await;
        while let Ok(1..) = stream.read(&mut [0; 65_536]).await {}
    })
    .await;
    let gateway = gateway(&[address], "", "");
    let mut stream = TcpStream::connect(gateway.address).await.unwrap();
    let head = "POST / HTTP/1.1\r\nhost: shop\r\ncontent-length: 1000000\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 413");
}

#[tokio::test]
async fn a_sick_server_is_left_out_by_the_checks_and_comes_back() {
    let is_well = Arc::new(AtomicBool::new(false));
    let well = Arc::clone(&is_well);
    let (flaky, seen) = server_that(move |request| {
        let bad = request.uri().path() == "/health" && !well.load(SeqCst);
        Response::builder()
            .status(if bad { 500 } else { 200 })
            .body(Full::default())
            .unwrap()
    })
    .await;
    let (other, _) = server().await;
    let check = "check = { path = \"/health\", every = \"20ms\", rise = 2, fall = 2 }\nbalance = \"round-robin\"";
    let gateway = gateway(&[flaky, other], check, "");
    let believed = |wanted: bool| {
        let shared = Arc::clone(&gateway.shared);
        async move {
            while shared.gateway.load().upstreams[0].servers[0].is_well() != wanted {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        }
    };
    believed(false).await;
    let asked = || seen.all().iter().filter(|line| *line == "GET /").count();
    for _ in 0..6 {
        get(gateway.address, "/", &[]).await;
    }
    assert_eq!(asked(), 0);
    is_well.store(true, SeqCst);
    believed(true).await;
    for _ in 0..6 {
        get(gateway.address, "/", &[]).await;
    }
    assert_eq!(asked(), 3);
}

#[tokio::test]
async fn when_too_few_are_well_the_checks_are_believed_no_more() {
    let answer = |request: &hyper::Request<Bytes>| {
        let bad = request.uri().path() == "/health";
        Response::builder()
            .status(if bad { 500 } else { 200 })
            .body(Full::default())
            .unwrap()
    };
    let (one, _) = server_that(answer).await;
    let (two, _) = server_that(answer).await;
    let gateway = gateway(
        &[one, two],
        "check = { path = \"/health\", every = \"20ms\", fall = 1 }",
        "",
    );
    let upstream = Arc::clone(&gateway.shared.gateway.load().upstreams[0]);
    while upstream.servers.iter().any(|server| server.is_well()) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(statuses(&get(gateway.address, "/", &[]).await), [200]);
}

#[tokio::test]
async fn when_one_of_three_is_well_it_does_not_get_all() {
    let sick = |request: &hyper::Request<Bytes>| {
        let bad = request.uri().path() == "/health";
        let status = if bad { 500 } else { 200 };
        Response::builder()
            .status(status)
            .body(Full::default())
            .unwrap()
    };
    let (one, seen) = server_that(sick).await;
    let (two, _) = server_that(sick).await;
    let (well, _) = server().await;
    let check =
        "check = { path = \"/health\", every = \"20ms\", fall = 1 }\nbalance = \"round-robin\"";
    let gateway = gateway(&[one, two, well], check, "");
    let upstream = Arc::clone(&gateway.shared.gateway.load().upstreams[0]);
    while upstream.servers[..2].iter().any(|server| server.is_well()) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    for _ in 0..6 {
        get(gateway.address, "/", &[]).await;
    }
    let asked = seen.all().iter().filter(|line| *line == "GET /").count();
    assert_eq!(asked, 2);
}

#[tokio::test]
async fn requests_in_a_row_share_a_connection_to_the_server() {
    let count = Arc::new(AtomicUsize::new(0));
    let connections = Arc::clone(&count);
    let address = raw(move |mut stream: TcpStream| {
        connections.fetch_add(1, SeqCst);
        async move {
            while let Ok(1..) = stream.read(&mut [0; 4_096]).await {
                let _ = stream
                    .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")
                    .await;
            }
        }
    })
    .await;
    let gateway = gateway(&[address], "", "");
    for _ in 0..10 {
        assert_eq!(statuses(&get(gateway.address, "/", &[]).await), [200]);
    }
    assert_eq!(count.load(SeqCst), 1);
}

#[tokio::test]
async fn our_own_refusals_do_not_count_against_a_server() {
    let (address, _) = server().await;
    let gateway = gateway(&[address], "", "rate = { per_second = 1, burst = 1 }");
    for _ in 0..50 {
        get(gateway.address, "/", &[]).await;
    }
    let server = &gateway.shared.gateway.load().upstreams[0].servers[0];
    assert!(!server.is_left_aside() && server.failed.load(SeqCst) == 0);
}
