//! What is kept, for whom, and how often a server is asked for it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use futures::future::join_all;
use http_body_util::Full;
use hyper::Response;
use tokio::time::{Duration, sleep, timeout};

use crate::support::{Seen, gateway, get, send, server_that, statuses};

/// A gateway with a cache, before a server whose answers have these fields and a number.
async fn cached(
    fields: &'static [(&'static str, &'static str)],
) -> (gateway::running::Running, Seen) {
    let number = Arc::new(AtomicUsize::new(0));
    let (address, seen) = server_that(move |request| {
        let number = number.fetch_add(1, SeqCst) + 1;
        let mut answer = Response::builder();
        for (name, value) in fields {
            answer = answer.header(*name, *value);
        }
        if request
            .headers()
            .get("if-none-match")
            .is_some_and(|tag| tag == "\"v1\"")
        {
            return answer.status(304).body(Full::default()).unwrap();
        }
        answer.body(Full::from(format!("answer {number}"))).unwrap()
    })
    .await;
    (gateway(&[address], "", "cache = true"), seen)
}

#[tokio::test]
async fn what_may_be_kept_is_asked_for_once() {
    let (gateway, seen) = cached(&[("cache-control", "max-age=60")]).await;
    for _ in 0..3 {
        let answer = get(gateway.address, "/tea", &[]).await;
        assert!(answer.ends_with("answer 1") && statuses(&answer) == [200]);
    }
    let answer = get(
        gateway.address,
        "/tea",
        &["cache-control: no-cache", "pragma: no-cache"],
    )
    .await;
    assert!(answer.contains("age: ") && answer.contains("cache-status: gateway; hit"));
    assert_eq!(seen.count(), 1); // a client can't send the load to the server
}

#[tokio::test]
async fn a_stampede_of_a_thousand_is_one_call() {
    service::raise_file_limit();
    let (gateway, seen) = cached(&[("cache-control", "max-age=60")]).await;
    let answers = join_all((0..1_000).map(|_| get(gateway.address, "/tea", &[]))).await;
    assert!(answers.iter().all(|answer| answer.ends_with("answer 1")));
    assert_eq!(seen.count(), 1);
}

#[tokio::test]
async fn what_is_for_one_client_is_not_kept() {
    for fields in [
        &[("cache-control", "private, max-age=60")][..],
        &[("cache-control", "no-store")],
        &[("cache-control", "max-age=60"), ("set-cookie", "a=b")],
        &[
            ("cache-control", "public, max-age=60"),
            ("set-cookie", "a=b"),
        ],
        &[("cache-control", "max-age=60"), ("vary", "*")],
        &[],
    ] {
        let (gateway, seen) = cached(fields).await;
        for _ in 0..3 {
            get(gateway.address, "/", &[]).await;
        }
        assert_eq!(seen.count(), 3, "{fields:?}");
    }
    let (gateway, seen) = cached(&[("cache-control", "public, max-age=60")]).await;
    get(gateway.address, "/", &[]).await;
    for own in ["authorization: Bearer x", "cookie: a=b", "range: bytes=0-1"] {
        get(gateway.address, "/", &[own]).await;
    }
    assert_eq!(seen.count(), 4);
}

#[tokio::test]
async fn a_key_has_all_that_chooses_the_answer() {
    let (gateway, seen) =
        cached(&[("cache-control", "max-age=60"), ("vary", "accept-language")]).await;
    let ask = async |host: &str, path: &str, field: &str| {
        let request =
            format!("GET {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n{field}\r\n\r\n");
        send(gateway.address, request).await
    };
    let first = ask("shop", "/tea?a=1", "accept-language: en").await;
    for (host, path, field) in [
        ("bank", "/tea?a=1", "accept-language: en"),
        ("shop:81", "/tea?a=1", "accept-language: en"),
        ("shop", "/tea?a=2", "accept-language: en"),
        ("shop", "/tea?a=1", "accept-language: de"),
    ] {
        assert_ne!(ask(host, path, field).await, first);
    }
    assert_eq!(seen.count(), 5);
    // The same, written in another way; and a field that no one varies by.
    ask(
        "SHOP",
        "/x/../%74ea?a=1",
        "accept-language: en\r\nx-forwarded-host: evil",
    )
    .await;
    assert_eq!(seen.count(), 5);
}

#[tokio::test]
async fn what_a_client_says_of_itself_poisons_nothing() {
    let (address, _) = server_that(|request| {
        let host = request
            .headers()
            .get("x-forwarded-host")
            .map(|host| host.to_str().unwrap().to_owned());
        let mut answer =
            Response::new(Full::from(format!("https://{}/", host.unwrap_or_default())));
        let control = hyper::header::HeaderValue::from_static("max-age=60");
        answer.headers_mut().insert("cache-control", control);
        answer
    })
    .await;
    let gateway = gateway(&[address], "", "cache = true");
    get(gateway.address, "/", &["x-forwarded-host: evil"]).await;
    assert!(
        get(gateway.address, "/", &[])
            .await
            .ends_with("https://shop/")
    );
}

#[tokio::test]
async fn an_old_answer_is_validated_and_its_body_kept() {
    let (gateway, seen) = cached(&[("cache-control", "max-age=0"), ("etag", "\"v1\"")]).await;
    for _ in 0..3 {
        assert!(get(gateway.address, "/", &[]).await.ends_with("answer 1"));
    }
    assert_eq!(seen.count(), 3);
    assert_eq!(
        statuses(&get(gateway.address, "/", &["if-none-match: \"v1\""]).await),
        [304]
    );
}

#[tokio::test]
async fn an_old_answer_is_given_while_a_new_one_is_fetched() {
    let (gateway, seen) =
        cached(&[("cache-control", "max-age=1, stale-while-revalidate=60")]).await;
    get(gateway.address, "/", &[]).await;
    sleep(Duration::from_millis(1_100)).await; // the header counts in seconds
    assert!(get(gateway.address, "/", &[]).await.ends_with("answer 1"));
    let news = async {
        // Those that ask meanwhile are in nobody's way.
        while get(gateway.address, "/", &[]).await.ends_with("answer 1") {
            sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(Duration::from_secs(20), news)
        .await
        .unwrap_or_else(|_| panic!("fetched {} times", seen.count()));
    assert!(seen.count() >= 2);
}

#[tokio::test]
async fn an_old_answer_is_better_than_an_error() {
    let turn = Arc::new(AtomicUsize::new(0));
    let (address, _) = server_that(move |_| {
        let first = turn.fetch_add(1, SeqCst) == 0;
        let answer = Response::builder()
            .header("cache-control", "max-age=0, stale-if-error=60")
            .header("etag", "\"a\"");
        answer
            .status(if first { 200 } else { 500 })
            .body(Full::from("tea"))
            .unwrap()
    })
    .await;
    let gateway = gateway(&[address], "", "cache = true");
    for _ in 0..3 {
        assert_eq!(statuses(&get(gateway.address, "/", &[]).await), [200]);
    }
}

#[tokio::test]
async fn purged_is_forgotten() {
    let (gateway, seen) = cached(&[("cache-control", "max-age=60")]).await;
    get(gateway.address, "/tea", &[]).await;
    gateway
        .shared
        .gateway
        .load_full()
        .cache
        .purge("http://shop/tea")
        .await;
    get(gateway.address, "/tea", &[]).await;
    assert_eq!(seen.count(), 2);
}
