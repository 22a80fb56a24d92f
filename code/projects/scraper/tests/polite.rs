//! Politeness, as the server sees it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use axum::Router;
use axum::response::Response;
use tokio::net::TcpListener;
use tokio::time::Instant;
use web_scraper::address::Address;
use web_scraper::crawl::Visitor;

use crate::support::{Crawl, Site, answer, html};

const DELAY: Duration = Duration::from_millis(30);

fn moments(site: &Site) -> Vec<Instant> {
    site.log
        .lock()
        .unwrap()
        .iter()
        .map(|seen| seen.at)
        .collect()
}

#[tokio::test]
async fn no_two_requests_are_closer_than_the_delay_robots_txt_included() {
    let site = Site::serve(|path, _| match path {
        "/" => html(
            (1..12)
                .map(|n| format!("<a href='/{n}'>{n}</a>"))
                .collect::<String>(),
        ),
        _ => html("a page"),
    });
    let site = site.await;
    let mut crawl = Crawl::new();
    (crawl.settings.courtesy.delay, crawl.budget.delay) = (DELAY, DELAY);
    crawl.run(&[site.url("/")]).await;
    let moments = moments(&site);
    assert_eq!(moments.len(), 1 + 12);
    assert!(moments.windows(2).all(|pair| pair[1] - pair[0] >= DELAY));
}

#[tokio::test]
async fn a_crawl_delay_is_kept() {
    let site = Site::serve(|path, _| match path {
        "/robots.txt" => answer(200, &[], "User-agent: *\nCrawl-delay: 0.1"),
        "/" => html("<a href=/1>1</a><a href=/2>2</a>"),
        _ => html("a page"),
    });
    let site = site.await;
    Crawl::new().run(&[site.url("/")]).await;
    let moments = moments(&site);
    assert_eq!(moments.len(), 4);
    assert!(
        moments
            .windows(2)
            .all(|pair| pair[1] - pair[0] >= Duration::from_millis(100))
    );
}

#[tokio::test]
async fn retry_after_gives_the_whole_host_its_rest() {
    let site = Site::serve(|path, before| match (path, before) {
        ("/", 0) => answer(429, &[("retry-after", "1")], "slow down"),
        ("/", _) => html("<a href=/1>1</a>"),
        _ => html("a page"),
    });
    let site = site.await;
    let crawl = Crawl::new();
    crawl.run(&[site.url("/"), site.url("/other")]).await;
    let moments = moments(&site);
    assert!(moments[2] - moments[1] >= Duration::from_secs(1));
    assert_eq!(crawl.page(&site.url("/")).state, "done");
    assert_eq!(crawl.tally().done, 3);
}

#[tokio::test]
async fn a_robots_txt_that_asks_for_an_hour_gets_it() {
    let site = Site::serve(|_, _| answer(503, &[("retry-after", "3600")], "")).await;
    let mut crawl = Crawl::new();
    crawl.settings.pages = 1;
    crawl.run(&[site.url("/")]).await;
    assert!(crawl.page(&site.url("/")).rest > Duration::from_secs(3_000));
}

#[tokio::test]
async fn spellings_of_a_host_share_its_robots_txt_and_its_turn() {
    let site = Site::serve(|_, _| html("a page")).await;
    let spellings = ["site.test", "SITE.test.", "s%69te.test"];
    let seeds = spellings.map(|host| format!("http://{host}:{}/{}", site.port, host.len()));
    Crawl::new().run(&seeds).await;
    let log = site.log.lock().unwrap();
    assert_eq!(
        log.iter().filter(|seen| seen.path == "/robots.txt").count(),
        1
    );
    assert_eq!(log.len(), 4);
}

#[tokio::test]
async fn what_robots_txt_closes_is_not_asked_for_and_explained() {
    let site = Site::serve(|path, _| match path {
        "/robots.txt" => answer(
            200,
            &[],
            "\u{feff}User-agent: *\nDisallow: /private\nAllow: /private/1$",
        ),
        "/" => html("<a href=/private/1>1</a><a href=/private/2>2</a>"),
        _ => html("a page"),
    });
    let site = site.await;
    let crawl = Crawl::new();
    crawl.run(&[site.url("/")]).await;
    assert_eq!(site.paths(), ["/", "/private/1"]);
    let page = crawl.page(&site.url("/private/2"));
    assert_eq!(
        page.reason.as_deref(),
        Some("robots.txt: Disallow: /private")
    );
    assert_eq!(page.found_on, Some(site.url("/")));
}

#[tokio::test]
async fn a_robots_txt_that_fails_three_times_closes_the_host_and_one_that_is_refused_opens_it() {
    for (status, headers, asked, pages) in [
        (500, [("x", "y")].as_slice(), 3, 0),
        (429, &[], 3, 0),
        (403, &[("content-encoding", "gzip")], 1, 1),
        (404, &[], 1, 1),
    ] {
        let site = Site::serve(move |path, _| match path {
            "/robots.txt" => answer(status, headers, "no gzip at all"),
            _ => html("a page"),
        });
        let site = site.await;
        Crawl::new().run(&[site.url("/")]).await;
        assert_eq!(site.paths().len(), pages, "{status}");
        assert_eq!(moments(&site).len() - pages, asked, "{status}");
    }
}

#[tokio::test]
async fn a_robots_txt_that_asks_for_more_than_is_granted_gives_the_host_up() {
    let site = Site::serve(|_, _| answer(503, &[("retry-after", "3601")], "")).await;
    let mut crawl = Crawl::new();
    crawl.settings.pages = 1;
    crawl.run(&[site.url("/"), site.url("/other")]).await;
    assert_eq!(moments(&site).len(), 1);
    assert_eq!(crawl.tally().failed, 2);
    let reason = crawl.page(&site.url("/")).reason.unwrap_or_default();
    let said = "host given up: robots.txt: status 503, not to be asked for 3601 s";
    assert_eq!(reason, said);
}

/// A crawl of so many pages that links from `/` lead to; each gets this answer, each time.
async fn crawled(pages: u32, crawl: &mut Crawl, it: fn() -> Response) -> (Arc<Visitor>, Site) {
    let links: String = (1..=pages)
        .map(|n| format!("<a href='/{n}'>{n}</a>"))
        .collect();
    let site = Site::serve(move |path, _| match path {
        "/robots.txt" => answer(404, &[], ""),
        "/" => html(links.clone()),
        _ => it(),
    });
    let site = site.await;
    let courtesy = &mut crawl.settings.courtesy;
    (courtesy.failures, courtesy.longest) = (1_000, Duration::from_millis(50));
    let visitor = crawl.visitor();
    crawl.run_as(visitor.clone(), &[site.url("/")]).await;
    (visitor, site)
}

#[tokio::test]
async fn a_host_that_asks_for_rests_is_not_down() {
    let mut crawl = Crawl::new();
    crawl.settings.courtesy.breaker.pause = Duration::from_secs(3600);
    crawl.settings.pages = 7; // robots.txt, the first, and five refusals
    let busy = || answer(503, &[("retry-after", "0")], "");
    let (visitor, site) = crawled(20, &mut crawl, busy).await;
    assert_eq!(site.paths().len(), 6);
    let host = Address::parse(&site.url("/")).unwrap().host();
    assert!(!visitor.hosts.get(&host).await.breaker.is_open());
}

#[tokio::test]
async fn each_fifth_page_pays_for_a_retry() {
    let mut crawl = Crawl::new();
    crawl.settings.courtesy.breaker.calls = 1_000;
    let (_, site) = crawled(12, &mut crawl, || answer(500, &[], "")).await;
    // The first five pages have three attempts, and spend the ten retries that a host has at
    // first; of the others each fifth has two.
    assert_eq!(site.paths().len(), 1 + 12 + 10 + 2);
    assert_eq!(crawl.tally().failed, 12);
}

#[tokio::test]
async fn a_host_that_is_down_is_given_up_with_all_its_pages() {
    let site = Site::serve(|path, _| match path {
        "/robots.txt" => answer(404, &[], ""),
        "/" => html(
            (0..50)
                .map(|n| format!("<a href='/{n}'>{n}</a>"))
                .collect::<String>(),
        ),
        _ => answer(500, &[], ""),
    });
    let site = site.await;
    let mut crawl = Crawl::new();
    crawl.settings.courtesy.longest = Duration::from_millis(60);
    crawl.run(&[site.url("/")]).await;
    let requests = site.paths().len();
    assert!(requests < 20, "{requests} requests to a host that's down");
    assert_eq!(crawl.tally().failed, 50);
}

/// The most requests that a server had at once, of crawls with so many places and so many in all.
async fn most_at_once(places: u32, in_all: usize) -> usize {
    let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let counts = most.clone();
    let router = Router::new().fallback(async move || {
        counts.fetch_max(now.fetch_add(1, SeqCst) + 1, SeqCst);
        tokio::time::sleep(Duration::from_millis(20)).await;
        now.fetch_sub(1, SeqCst);
        html(
            (0..40)
                .map(|n| format!("<a href='/{n}'>{n}</a>"))
                .collect::<String>(),
        )
    });
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!(
        "http://site.test:{}/",
        listener.local_addr().unwrap().port()
    );
    tokio::spawn(async move { axum::serve(listener, router).await });
    let mut crawl = Crawl::new();
    (crawl.budget.places, crawl.settings.at_once) = (places, in_all);
    crawl.run(&[url]).await;
    assert_eq!(crawl.tally().done, 41);
    most.load(SeqCst)
}

#[tokio::test]
async fn a_server_has_no_more_requests_at_once_than_its_places_or_those_of_the_crawl() {
    assert_eq!(most_at_once(1, 8).await, 1);
    assert!(most_at_once(3, 8).await <= 3);
    assert!(most_at_once(8, 2).await <= 2);
}
