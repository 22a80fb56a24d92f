//! Reloads and stops under load, tokens, compression, and what operators see.

use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::time::Duration;

use gateway::running::Running;
use hyper::Request;
use jsonwebtoken::{EncodingKey, Header, encode};
use serde_json::json;
use testbed::program::refusal;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tower::ServiceExt;

use crate::support::{config, gateway, get, server, statuses};

/// Asks again and again on connections of its own, until told. Returns how often, and the faults.
fn load(
    address: std::net::SocketAddr,
    end: &Arc<AtomicBool>,
) -> tokio::task::JoinHandle<(usize, Vec<String>)> {
    let end = Arc::clone(end);
    tokio::spawn(async move {
        let (mut count, mut faults) = (0, Vec::new());
        while !end.load(SeqCst) {
            let answer = get(address, "/", &[]).await;
            count += 1;
            if statuses(&answer) != [200] {
                faults.push(answer);
            }
        }
        (count, faults)
    })
}

#[tokio::test]
async fn a_hundred_reloads_under_load_fail_no_request() {
    let (one, _) = server().await;
    let (two, seen) = server().await;
    let gateway = gateway(&[one], "", "");
    let end = Arc::new(AtomicBool::new(false));
    let clients: Vec<_> = (0..8).map(|_| load(gateway.address, &end)).collect();
    for turn in 0..100 {
        let server = if turn % 2 == 0 { two } else { one };
        gateway.reload(&config(&[server], "", "")).unwrap();
        get(gateway.address, "/", &[]).await;
    }
    end.store(true, SeqCst);
    for client in clients {
        let (count, faults) = client.await.unwrap();
        assert!(count > 0 && faults.is_empty(), "{faults:?}");
    }
    assert!(seen.count() > 0);
}

#[tokio::test]
async fn a_server_that_is_kept_goes_by_the_new_law_of_its_breaker() {
    let sick = crate::support::server_that(|_| {
        let answer = hyper::Response::builder().status(503);
        answer.body(http_body_util::Full::default()).unwrap()
    });
    let (address, _) = sick.await;
    let gateway = gateway(&[address], "breaker_pause = \"10m\"", "");
    let server = || Arc::clone(&gateway.shared.gateway.load().upstreams[0].servers[0]);
    let before = server();
    // A file that can't be put into force changes no law.
    let tokens = "tokens = { keys = \"/no/such/file\", audience = \"shop\" }";
    let bad = config(&[address], "breaker_pause = \"5m\"", tokens);
    assert!(gateway.reload(&bad).is_err());
    let wait = || async {
        loop {
            let answer = get(gateway.address, "/", &[]).await;
            if let Some((_, wait)) = answer.split_once("retry-after: ") {
                let seconds = wait.split("\r\n").next().unwrap();
                return seconds.parse::<u64>().unwrap(); // its breaker is open
            }
        }
    };
    assert!((301..=600).contains(&wait().await));
    gateway
        .reload(&config(&[address], "breaker_pause = \"4m\"", ""))
        .unwrap();
    assert!(Arc::ptr_eq(&before, &server()) && server().is_left_aside());
    assert!((1..=240).contains(&wait().await));
}

#[tokio::test]
async fn a_stop_answers_what_has_begun_and_accepts_no_more() {
    let (go, gone) = tokio::sync::watch::channel(false);
    let slow = crate::support::raw(move |mut stream: TcpStream| {
        let mut gone = gone.clone();
        async move {
            let _ = stream.read(&mut [0; 1_024]).await;
            gone.wait_for(|gone| *gone).await.unwrap();
            let _ = stream
                .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\ndone")
                .await;
        }
    })
    .await;
    let mut config = config(&[slow], "", "");
    config.times.first_byte = Duration::from_secs(60);
    config.times.head = Duration::from_secs(60);
    let gateway = Running::start(&config).unwrap();
    let address = gateway.address;
    let idle = TcpStream::connect(address).await.unwrap();
    let begun = tokio::spawn(async move { get(address, "/", &[]).await });
    while gateway.shared.gateway.load().upstreams[0].servers[0].under_way() == 0 {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    let stopping = tokio::spawn(gateway.stop());
    while TcpStream::connect(address).await.is_ok() {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    assert!(!stopping.is_finished());
    go.send(true).unwrap();
    assert!(begun.await.unwrap().ends_with("done"));
    drop(idle);
    timeout(Duration::from_secs(60), stopping)
        .await
        .expect("stops")
        .unwrap();
}

#[tokio::test]
async fn a_stop_does_not_wait_for_ever() {
    let hangs = crate::support::raw(
        async |mut stream: TcpStream| {
            while let Ok(1..) = stream.read(&mut [0; 1_024]).await {}
        },
    )
    .await;
    let mut config = config(&[hangs], "", "");
    config.times.first_byte = Duration::from_secs(600);
    config.times.drain = Duration::from_millis(100);
    let gateway = Running::start(&config).unwrap();
    let address = gateway.address;
    let begun = tokio::spawn(async move { get(address, "/", &[]).await });
    while gateway.shared.gateway.load().upstreams[0].servers[0].under_way() == 0 {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    timeout(Duration::from_secs(60), gateway.stop())
        .await
        .expect("stops");
    assert_eq!(begun.await.unwrap(), "");
}

#[tokio::test]
async fn a_token_is_asked_for_before_the_cache_and_checked_by_its_own_key() {
    let folder = tempfile::tempdir().unwrap();
    let keys = folder.path().join("keys.json");
    let set = json!({ "keys": [{ "kty": "oct", "alg": "HS256", "kid": "one", "k": "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0" }] });
    std::fs::write(&keys, set.to_string()).unwrap();
    let (address, seen) = server().await;
    let route = format!(
        "cache = true\ntokens = {{ keys = \"{}\", audience = \"shop\" }}",
        keys.display()
    );
    let gateway = gateway(&[address], "", &route);
    let token = |secret: &str, audience: &str, exp: u64| {
        let kid = Some("one".to_owned());
        let header = Header {
            kid,
            ..Header::default()
        };
        let claims = json!({ "sub": "ann", "aud": audience, "exp": exp });
        let token = encode(
            &header,
            &claims,
            &EncodingKey::from_secret(secret.as_bytes()),
        )
        .unwrap();
        format!("authorization: Bearer {token}")
    };
    let secret = "secret-secret-secret-secret";
    let far = 4_000_000_000;
    let good = token(secret, "shop", far);
    let answer = get(gateway.address, "/", &[&good, "x-subject: eve"]).await;
    assert!(
        answer.contains("x-subject: ann") && !answer.contains("eve"),
        "{answer}"
    );
    let none = "authorization: Bearer eyJhbGciOiJub25lIiwia2lkIjoib25lIn0.eyJzdWIiOiJhbm4iLCJhdWQiOiJzaG9wIiwiZXhwIjo0MDAwMDAwMDAwfQ.";
    for bad in [
        &token("other", "shop", far),
        &token(secret, "bank", far),
        &token(secret, "shop", 1),
        none,
        "x-a: b",
    ] {
        assert_eq!(
            statuses(&get(gateway.address, "/", &[bad]).await),
            [401],
            "{bad}"
        );
    }
    assert_eq!(
        statuses(&get(gateway.address, "/", &[&good, &good]).await),
        [401]
    );
    assert_eq!(seen.count(), 1);
}

#[tokio::test]
async fn text_is_compressed_for_those_who_take_it() {
    let (address, _) = crate::support::server_that(|_| {
        let mut answer = hyper::Response::new(http_body_util::Full::from("tea ".repeat(1_000)));
        let kind = hyper::header::HeaderValue::from_static("text/plain");
        answer.headers_mut().insert("content-type", kind);
        answer
    })
    .await;
    let gateway = gateway(&[address], "", "compress = true");
    let plain = get(gateway.address, "/", &[]).await;
    assert!(plain.len() > 4_000 && plain.contains("vary: accept-encoding"));
    let small = get(gateway.address, "/", &["accept-encoding: br, gzip"]).await;
    assert!(small.contains("content-encoding: gzip") && small.len() < 1_000);
    let refused = get(gateway.address, "/", &["accept-encoding: gzip;q=0"]).await;
    assert!(refused.len() > 4_000);
}

#[tokio::test]
async fn fields_are_set_and_removed_as_the_file_says() {
    let (address, _) = server().await;
    let route = "request = { remove = [\"x-debug\"], set = { x-env = \"test\" } }\nanswer = { set = { x-by = \"us\" } }";
    let gateway = gateway(&[address], "", route);
    let sent = ["x-debug: 1", "x-env: evil", "x-subject: eve"];
    let answer = get(gateway.address, "/", &sent).await;
    assert!(!answer.contains("x-subject"), "{answer}"); // who asks, a token says
    assert!(answer.contains("x-env: test\n") && answer.contains("x-by: us\r\n"));
    assert!(!answer.contains("x-debug") && !answer.contains("evil"));
    let trace = "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let answer = get(gateway.address, "/", &[trace]).await;
    assert!(
        answer.contains("traceparent: 00-0af7651916cd43dd8448eb211c80319c-")
            && !answer.contains("b7ad6b7169203331")
    );
}

#[tokio::test]
async fn routes_take_what_they_say() {
    let (one, _) = server().await;
    let (two, seen) = server().await;
    let file = format!(
        "listen = \"127.0.0.1:0\"\nworkers = 1\n[upstream.one]\nservers = [{{ address = \"{one}\" }}]\n\
         [upstream.two]\nservers = [{{ address = \"{two}\" }}]\n\
         [[route]]\nname = \"private\"\npath = \"/info/private\"\nhost = \"nobody.example\"\nupstream = \"two\"\n\
         [[route]]\nname = \"two\"\npath = \"/two\"\nmethods = [\"GET\"]\nheaders = {{ x-beta = \"1\" }}\nstrip = true\nupstream = \"two\"\n\
         [[route]]\nname = \"below\"\npath = \"/\"\nhost = \"*.shop.example\"\nupstream = \"one\"\n\
         [[route]]\nname = \"info\"\npath = \"/info\"\nupstream = \"one\"\n"
    );
    let gateway = Running::start(&gateway::check::parse(&file).unwrap()).unwrap();
    assert_eq!(
        statuses(&get(gateway.address, "/two/tea?a=1", &["x-beta: 1"]).await),
        [200]
    );
    assert_eq!(seen.all(), ["GET /tea?a=1"]);
    for (host, status) in [
        ("a.shop.example", 200),
        ("A.Shop.Example.:80", 200),
        ("shop.example", 404),
        (".shop.example", 404),
    ] {
        let request = format!("GET / HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n");
        let answer = crate::support::send(gateway.address, request).await;
        assert_eq!(statuses(&answer), [status], "{host}");
    }
    for path in [
        "/two/tea",
        "/",
        "/informal",
        "/info/../private",
        "/info/%2e%2e/private",
    ] {
        assert_eq!(
            statuses(&get(gateway.address, path, &[]).await),
            [404],
            "{path}"
        );
    }
}

/// The pages of this gateway, which are asked as an operator on its machine asks.
fn pages(gateway: &Running) -> axum::Router {
    #[derive(clap::Parser)]
    struct Options {
        #[command(flatten)]
        edge: service::options::Edge,
    }
    let options: Options = clap::Parser::parse_from(["test"]);
    gateway::admin::router(&gateway.shared, &service::guard::Guard::new(&options.edge))
}

async fn ask(pages: &axum::Router, host: &str, path: &str) -> (u16, String) {
    let request = Request::get(path).header("host", host);
    let request = request.body(axum::body::Body::empty()).unwrap();
    let answer = pages.clone().oneshot(request).await.unwrap();
    let status = answer.status().as_u16();
    let body = axum::body::to_bytes(answer.into_body(), 1 << 20).await;
    (status, String::from_utf8(body.unwrap().to_vec()).unwrap())
}

#[tokio::test]
async fn the_page_tells_what_happens_to_its_own_operators_alone() {
    let (address, _) = server().await;
    let gateway = gateway(&[address], "", "");
    get(gateway.address, "/", &[]).await;
    let pages = pages(&gateway);
    let (status, text) = ask(&pages, "localhost", "/metrics").await;
    assert!(
        status == 200 && text.contains("gateway_answers_total{route=\"all\",class=\"2xx\"} 1"),
        "{text}"
    );
    for state in ["well{X} 1", "open{X} 0", "under_way{X} 0"] {
        let of = format!("{{upstream=\"shop\",server=\"{address}\"}}");
        let line = format!("gateway_server_{}\n", state.replace("{X}", &of));
        assert!(text.contains(&line), "{line}{text}");
    }
    let (status, text) = ask(&pages, "localhost", "/state").await;
    assert!(status == 200 && text.contains("\"answered\":1"), "{text}");
    assert_eq!(ask(&pages, "localhost", "/readyz").await.0, 200);
    assert_eq!(ask(&pages, "evil.example", "/state").await.0, 421);
}

#[tokio::test]
async fn a_server_that_a_reload_took_away_is_gone_from_the_metrics() {
    let [(stays, _), (goes, _), (comes, _)] = [server().await, server().await, server().await];
    let gateway = gateway(&[stays, goes], "", "");
    let pages = pages(&gateway);
    let gauges = async || {
        let (_, text) = ask(&pages, "localhost", "/metrics").await;
        let of_servers = |line: &&str| line.starts_with("gateway_server_");
        let gauges: Vec<_> = text.lines().filter(of_servers).map(str::to_owned).collect();
        [stays, goes, comes].map(|server| {
            let of_it = |line: &&String| line.contains(&format!("server=\"{server}\""));
            gauges.iter().filter(of_it).count()
        })
    };
    assert_eq!(gauges().await, [3, 3, 0]);
    gateway.reload(&config(&[stays, comes], "", "")).unwrap();
    assert_eq!(gauges().await, [3, 0, 3]);
    gateway.reload(&config(&[stays, goes], "", "")).unwrap();
    assert_eq!(gauges().await, [3, 3, 0]);
}

#[tokio::test]
async fn a_route_that_a_reload_took_away_is_gone_from_the_metrics_and_the_others_count_on() {
    let (address, _) = server().await;
    let more = "[[route]]\nname = \"more\"\npath = \"/more\"\nupstream = \"shop\"";
    let gateway = gateway(&[address], "", more);
    let pages = pages(&gateway);
    let numbers = async || ask(&pages, "localhost", "/metrics").await.1;
    get(gateway.address, "/", &[]).await;
    assert!(numbers().await.contains("route=\"more\""));
    gateway.reload(&config(&[address], "", "")).unwrap();
    get(gateway.address, "/", &[]).await;
    let text = numbers().await;
    assert!(!text.contains("route=\"more\""), "{text}");
    let line = "gateway_answers_total{route=\"all\",class=\"2xx\"} 2\n";
    assert!(text.contains(line), "{text}");
}

#[test]
fn a_demo_whose_page_cannot_be_had_tells_what_to_do_and_prints_no_address() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let mut demo = Command::new(env!("CARGO_BIN_EXE_gateway"));
    demo.args(["demo", "--listen", &address]);
    let said = refusal(demo);
    let expected = format!("cannot listen on {address}: give another --listen");
    assert!(said.contains(&expected), "{said}");
}

#[tokio::test]
async fn an_address_that_is_taken_is_told_with_the_key_of_the_file_that_has_another() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let nowhere = "192.0.2.1:80".parse().unwrap(); // an address that no machine has
    let mut config = config(&[nowhere], "", "");
    let mut said = |listen: std::net::SocketAddr| {
        config.listen = listen;
        Running::start(&config).err().unwrap().to_string()
    };
    let taken_at = taken.local_addr().unwrap();
    let expected = format!("cannot listen on {taken_at}: give another `listen` in the file");
    assert_eq!(said(taken_at), expected);
    assert_eq!(said(nowhere), format!("cannot listen on {nowhere}"));
}
