//! `cargo xtask bench scraper`: how fast a frontier takes addresses and how much memory it needs,
//! how fast a crawl is, and how near it comes to what its connections allow.

use std::collections::HashMap;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::Path;
use axum::response::Html;
use axum::routing::get;
use patterns::breaker::Law;
use patterns::retry::Backoff;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use web_scraper::address::Address;
use web_scraper::crawl::{End, Scope, Settings, Visitor, crawl, seed};
use web_scraper::fetch::{Fetcher, Limits};
use web_scraper::frontier::{Budget, Found, Frontier, SqliteFrontier};
use web_scraper::guard::Resolver;
use web_scraper::hosts::Courtesy;
use web_scraper::rules::Rules;

const ADDRESSES: u32 = 1_000_000;
/// As many as a page links to.
const TOGETHER: u32 = 20;
const PAGES: u32 = 3_000;
const CONNECTIONS: u32 = 16;
const RULES: &str = include_str!("../src/demo/rules.toml");

#[tokio::main]
async fn main() {
    // Each in a process of its own, so that its memory is its own.
    match std::env::var("NUMBERS").as_deref() {
        Ok("frontier") => frontier().await,
        Ok("crawl") => pages(Duration::ZERO).await,
        Ok("latency") => pages(Duration::from_millis(50)).await,
        _ => {
            for part in ["frontier", "crawl", "latency"] {
                let program = std::env::current_exe().expect("this program has a path");
                let child = std::process::Command::new(program)
                    .env("NUMBERS", part)
                    .status();
                assert!(child.is_ok_and(|status| status.success()), "{part} failed");
            }
        }
    }
}

async fn frontier() {
    let folder = tempfile::tempdir().expect("a folder");
    let budget = Budget {
        pages: ADDRESSES,
        places: 1,
        delay: Duration::ZERO,
    };
    let frontier = SqliteFrontier::open(&folder.path().join("frontier.db"), budget);
    let frontier = frontier.expect("a frontier");
    let start = Instant::now();
    let found = |number: u32| {
        let url = format!(
            "http://h{}.test/products/{number}?color=blue",
            number % 1_000
        );
        seed(Address::parse(&url).expect("an address"))
    };
    let pages: Vec<u32> = (0..ADDRESSES).step_by(TOGETHER as usize).collect();
    for some in pages.chunks(64) {
        let adds = some.iter().map(|first| {
            let links: Vec<Found> = (*first..*first + TOGETHER).map(found).collect();
            frontier.add(links)
        });
        futures::future::try_join_all(adds).await.expect("a file");
    }
    let rate = f64::from(ADDRESSES) / start.elapsed().as_secs_f64();
    println!(
        "frontier: {rate:.0} addresses a second; {} MB resident at most",
        peak()
    );
}

async fn pages(latency: Duration) {
    let port = shop(latency).await;
    let folder = tempfile::tempdir().expect("a folder");
    let places = CONNECTIONS;
    let budget = Budget {
        pages: 10_000,
        places,
        delay: Duration::ZERO,
    };
    let frontier = SqliteFrontier::open(&folder.path().join("frontier.db"), budget);
    let frontier = Arc::new(frontier.expect("a frontier"));
    let first = Address::parse(&format!("http://shop.test:{port}/p/0")).expect("an address");
    frontier.add(vec![seed(first)]).await.expect("a file");
    let start = Instant::now();
    let end = crawl(
        frontier.clone(),
        Arc::new(visitor()),
        CancellationToken::new(),
    )
    .await;
    assert_eq!(end, Ok(End::Complete));
    let rate = f64::from(PAGES) / start.elapsed().as_secs_f64();
    let tally = frontier.tally().await.expect("a file");
    assert_eq!(
        (tally.done, tally.items),
        (u64::from(PAGES), u64::from(PAGES))
    );
    if latency.is_zero() {
        println!(
            "crawl: {rate:.0} pages a second, server included; {} MB at most",
            peak()
        );
    } else {
        let most = f64::from(CONNECTIONS) / latency.as_secs_f64();
        println!("crawl, {latency:?} an answer: {rate:.0} of {most:.0} pages a second");
    }
}

fn visitor() -> Visitor {
    let known = HashMap::from([("shop.test".to_owned(), vec![Ipv4Addr::LOCALHOST.into()])]);
    let second = Duration::from_secs(1);
    let settings = Settings {
        agent: "bookbot".to_owned(),
        scope: Scope::Any,
        depth: 100,
        hops: 10,
        pages: u64::MAX,
        at_once: CONNECTIONS as usize,
        backoff: Backoff {
            first: second,
            longest: second,
            attempts: 3,
        },
        courtesy: Courtesy {
            delay: Duration::ZERO,
            longest: second,
            breaker: Law {
                window: second,
                calls: 100,
                ratio: 1.0,
                pause: second,
                probes: 1,
            },
            failures: 100,
        },
    };
    let resolver = Resolver {
        private: true,
        known: Arc::new(known),
    };
    let limits = Limits {
        body: 1 << 20,
        total: second * 30,
        idle: second * 10,
    };
    let fetcher = Fetcher::new("bookbot/1", resolver, limits).expect("a client");
    Visitor::new(settings, fetcher, Rules::parse(RULES).expect("rules"))
}

/// Pages of 8 KB with 20 links.
async fn shop(latency: Duration) -> u16 {
    let words = "<p>It is made by hand, packed in paper, and sent on the day.".repeat(110);
    let page = async move |Path(page): Path<u32>| {
        tokio::time::sleep(latency).await;
        let links = (1..=18).map(|n| (page * 7 + n * 61) % PAGES);
        let links = links.chain([(2 * page + 1) % PAGES, (2 * page + 2) % PAGES]);
        let links: String = links
            .map(|it| format!("<a href=/p/{it}>{it}</a>"))
            .collect();
        Html(format!(
            "<h1>Product {page}</h1><p class=price>{page}.50</p>{links}{words}"
        ))
    };
    let router = Router::new().route("/p/{page}", get(page));
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .await
        .expect("a port");
    let port = listener.local_addr().expect("a port").port();
    tokio::spawn(async move { axum::serve(listener, router).await });
    port
}

/// Megabytes that this process needed at most.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    kilobytes.unwrap_or_default() / 1_024
}
