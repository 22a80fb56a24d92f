//! A shop of 3,000 pages on this machine: three hosts with everything that makes a crawler's life
//! hard, and a log of how the crawler behaved.
//!
//! Of each host's 1,000 products some are slow, busy at first, gone or moved; `/private` is closed
//! by robots.txt, `/calendar` has a next page forever, and links come in several spellings.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::extract::{Path, Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::get;
use tokio::net::TcpListener;
use tokio::time::{Instant, sleep};

const HOSTS: [&str; 3] = ["books.shop.test", "tea.shop.test", "tools.shop.test"];
/// Products of each host.
pub const PRODUCTS: u32 = 1_000;
const ROBOTS: &str = "User-agent: *\nDisallow: /private\nSitemap: /sitemap.xml\n";

/// What to extract from the shop.
pub const RULES: &str = include_str!("rules.toml");

/// What a host saw of its visitors.
#[derive(Default)]
struct Log {
    requests: u64,
    now: u32,
    most: u32,
    last: Option<Instant>,
    closest: Option<Duration>,
    private: u64,
    /// How often each product was asked for.
    products: HashMap<u32, u32>,
}

type Logs = Arc<Mutex<HashMap<String, Log>>>;

/// The shop. It's served until the process ends.
pub struct Shop {
    port: u16,
    logs: Logs,
}

impl Shop {
    /// Opens on a free port.
    ///
    /// # Errors
    ///
    /// If there's no port to listen on.
    pub async fn serve() -> std::io::Result<Shop> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let port = listener.local_addr()?.port();
        let logs = Logs::default();
        let router = router(logs.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Ok(Shop { port, logs })
    }

    /// Where to begin.
    pub fn seeds(&self) -> Vec<String> {
        HOSTS
            .iter()
            .map(|host| format!("http://{host}:{}/", self.port))
            .collect()
    }

    /// Its names, for a resolver.
    pub fn names() -> Vec<(String, IpAddr)> {
        HOSTS
            .map(|host| (host.to_owned(), Ipv4Addr::LOCALHOST.into()))
            .to_vec()
    }

    /// How often each product of all hosts was asked for.
    pub fn visits(&self) -> HashMap<(String, u32), u32> {
        let logs = lock(&self.logs);
        let visits = logs.iter().flat_map(|(host, log)| {
            let products = log.products.iter();
            products.map(|(product, visits)| ((host.clone(), *product), *visits))
        });
        visits.collect()
    }

    /// For each host: the most requests at once, and the shortest time between two.
    pub fn manners(&self) -> HashMap<String, (u32, Duration)> {
        let logs = lock(&self.logs);
        let manners = logs.iter().map(|(host, log)| {
            let closest = log.closest.unwrap_or(Duration::MAX);
            (host.clone(), (log.most, closest))
        });
        manners.collect()
    }

    /// A line for each host: how polite its visitors were.
    pub fn report(&self) -> String {
        let logs = lock(&self.logs);
        let lines = logs.iter().map(|(host, log)| {
            format!(
                "\n  {host}: {} requests, {} at once, {:.1?} apart at the closest, {} for what is closed",
                log.requests,
                log.most,
                log.closest.unwrap_or_default(),
                log.private,
            )
        });
        let mut lines: Vec<_> = lines.collect();
        lines.sort();
        lines.concat()
    }
}

fn router(logs: Logs) -> Router {
    Router::new()
        .route("/", get(|| async { Html(page(0)) }))
        .route("/p/{product}", get(product))
        .route("/calendar/{month}", get(month))
        .route("/private/{page}", get(|| async { "not for robots" }))
        .route("/robots.txt", get(|| async { ROBOTS }))
        .route("/sitemap.xml", get(sitemap))
        .layer(middleware::from_fn_with_state(logs.clone(), watch))
        .with_state(logs)
}

/// A request that's being served. Dropped when it ends, also if the client goes away.
struct Inside(Logs, String);

impl Drop for Inside {
    fn drop(&mut self) {
        if let Some(log) = lock(&self.0).get_mut(&self.1) {
            log.now -= 1;
        }
    }
}

fn lock(logs: &Logs) -> std::sync::MutexGuard<'_, HashMap<String, Log>> {
    logs.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The host with its port, as the request names it, and without.
fn host(headers: &header::HeaderMap) -> (&str, &str) {
    let host = headers.get(header::HOST);
    let host = host.and_then(|host| host.to_str().ok()).unwrap_or_default();
    (host, host.split(':').next().unwrap_or_default())
}

async fn watch(State(logs): State<Logs>, request: Request, next: Next) -> Response {
    let host = host(request.headers()).1.to_owned();
    let now = Instant::now();
    let path = request.uri().path();
    {
        let mut logs = lock(&logs);
        let log = logs.entry(host.clone()).or_default();
        log.requests += 1;
        log.now += 1;
        log.most = log.most.max(log.now);
        let apart = log.last.replace(now).map(|last| now - last);
        log.closest = apart.into_iter().chain(log.closest).min();
        log.private += u64::from(path.starts_with("/private"));
        if let Some(product) = path.strip_prefix("/p/").and_then(|text| text.parse().ok()) {
            *log.products.entry(product).or_default() += 1;
        }
    }
    let _inside = Inside(logs, host);
    next.run(request).await
}

async fn product(
    Path(product): Path<u32>,
    State(logs): State<Logs>,
    headers: header::HeaderMap,
) -> Response {
    let visits = lock(&logs)
        .get(host(&headers).1)
        .and_then(|log| log.products.get(&product).copied());
    match product {
        PRODUCTS.. => StatusCode::NOT_FOUND.into_response(),
        _ if product % 197 == 196 => {
            sleep(Duration::from_millis(300)).await;
            Html(page(product)).into_response()
        }
        _ if product % 401 == 400 && visits == Some(1) => {
            let later = [(header::RETRY_AFTER, "1")];
            (StatusCode::SERVICE_UNAVAILABLE, later).into_response()
        }
        _ if product % 103 == 102 => StatusCode::NOT_FOUND.into_response(),
        _ if product % 107 == 106 => {
            Redirect::permanent(&format!("/p/{}", product - 1)).into_response()
        }
        _ => Html(page(product)).into_response(),
    }
}

/// Each month links to the next.
async fn month(Path(month): Path<u32>) -> Html<String> {
    let next = month.saturating_add(1);
    Html(format!(
        "<h1>Month {month}</h1><a href='/calendar/{next}'>next</a>"
    ))
}

async fn sitemap(headers: header::HeaderMap) -> impl IntoResponse {
    let host = host(&headers).0;
    let list = (0..10).map(|n| format!("<url><loc>http://{host}/p/{}</loc></url>", n * 99));
    let list: String = list.collect();
    (
        [(header::CONTENT_TYPE, "application/xml")],
        format!("<urlset>{list}</urlset>"),
    )
}

/// About 8 KB, and 21 links.
fn page(product: u32) -> String {
    let others = (1..=16).map(|n| (product * 7 + n * 61) % PRODUCTS);
    let children = [2 * product + 1, 2 * product + 2].map(|child| child % PRODUCTS);
    let links: String = others
        .chain(children)
        .map(|other| format!("<li><a href='/p/{other}?utm_source=p{product}#top'>No. {other}</a>"))
        .collect();
    let words =
        "<p>It is made by hand, packed in paper, and sent on the day it is ordered.".repeat(85);
    format!(
        "<!doctype html><title>Product {product}</title><h1>Product {product}</h1>\
         <p class=price>EUR {}.{:02}</p><span class=tag>new</span><span class=tag>blue</span>\
         <a href='/'>home</a><a href='/private/{product}'>admin</a><a href='/calendar/1'>dates</a>\
         <ul>{links}</ul>{words}",
        product % 90 + 1,
        product % 100,
    )
}
