//! A site that's scripted by a function, and a crawl of it.

use std::collections::{HashMap, HashSet};
use std::net::Ipv4Addr;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::response::Response;
use futures::FutureExt;
use patterns::breaker::Law;
use patterns::retry::Backoff;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use web_scraper::address::Address;
use web_scraper::crawl::{End, Scope, Settings, Visitor, crawl, seed};
use web_scraper::fetch::{Fetcher, Limits};
use web_scraper::frontier::{
    Budget, Frontier, FrontierError, Page, Reader, SqliteFrontier, Tally, View,
};
use web_scraper::guard::Resolver;
use web_scraper::hosts::Courtesy;
use web_scraper::rules::Rules;

/// A request as the site saw it.
#[derive(Clone, Debug)]
pub struct Seen {
    pub path: String,
    pub headers: axum::http::HeaderMap,
    pub at: Instant,
}

/// A site on a free port, which answers as a function says.
pub struct Site {
    pub port: u16,
    pub log: Arc<Mutex<Vec<Seen>>>,
}

impl Site {
    /// `answer` gets the path and how often that was asked for before.
    pub async fn serve(
        answer: impl Fn(&str, usize) -> Response + Clone + Send + Sync + 'static,
    ) -> Site {
        let log = Arc::new(Mutex::new(Vec::<Seen>::new()));
        let seen = log.clone();
        let router = Router::new().fallback(async move |request: Request| {
            let path = request.uri().to_string();
            let before = {
                let mut log = seen.lock().unwrap();
                let before = log.iter().filter(|it| it.path == path).count();
                let headers = request.headers().clone();
                log.push(Seen {
                    path: path.clone(),
                    headers,
                    at: Instant::now(),
                });
                before
            };
            answer(&path, before)
        });
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move { axum::serve(listener, router).await });
        Site { port, log }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://site.test:{}{path}", self.port)
    }

    /// Paths in the order in which they were asked for, without robots.txt.
    pub fn paths(&self) -> Vec<String> {
        let log = self.log.lock().unwrap();
        let paths = log.iter().map(|seen| seen.path.clone());
        paths.filter(|path| path != "/robots.txt").collect()
    }
}

/// Opens a frontier that an earlier handle may hold for a moment longer: its thread ends in its own
/// time, and a process that another test starts has a copy of the lock until it is that program.
pub fn open(path: &Path, budget: Budget) -> SqliteFrontier {
    loop {
        match SqliteFrontier::open(path, budget) {
            Err(FrontierError::Locked(_)) => std::thread::yield_now(),
            opened => return opened.unwrap(),
        }
    }
}

/// A crawl with settings for tests: fast, and of this machine.
pub struct Crawl {
    pub dir: TempDir,
    pub settings: Settings,
    pub budget: Budget,
    pub limits: Limits,
    pub private: bool,
    pub rules: &'static str,
    pub names: Vec<&'static str>,
}

impl Crawl {
    pub fn new() -> Crawl {
        let millis = Duration::from_millis;
        Crawl {
            dir: tempfile::tempdir().unwrap(),
            settings: Settings {
                agent: "bookbot".to_owned(),
                scope: Scope::Any,
                depth: 20,
                hops: 5,
                pages: 10_000,
                at_once: 8,
                backoff: Backoff {
                    first: millis(10),
                    longest: millis(20),
                    attempts: 3,
                },
                courtesy: Courtesy {
                    delay: Duration::ZERO,
                    longest: Duration::from_secs(2),
                    rest: Duration::from_secs(3600),
                    breaker: Law {
                        window: Duration::from_secs(10),
                        calls: 5,
                        ratio: 0.8,
                        pause: millis(50),
                        probes: 1,
                    },
                    failures: 10,
                },
            },
            budget: Budget {
                pages: 1_000,
                places: 1,
                delay: Duration::ZERO,
            },
            limits: Limits {
                body: 1 << 20,
                total: Duration::from_secs(20),
                idle: Duration::from_secs(10),
            },
            private: true,
            rules: "rule = []",
            names: vec!["site.test"],
        }
    }

    pub fn visitor(&self) -> Arc<Visitor> {
        let known = self
            .names
            .iter()
            .map(|name| ((*name).to_owned(), vec![Ipv4Addr::LOCALHOST.into()]));
        let resolver = Resolver {
            private: self.private,
            known: Arc::new(HashMap::from_iter(known)),
        };
        let fetcher = Fetcher::new("bookbot/1", resolver, self.limits).unwrap();
        let rules = Rules::parse(self.rules).unwrap();
        Arc::new(Visitor::new(self.settings.clone(), fetcher, rules))
    }

    pub async fn run(&self, seeds: &[String]) -> End {
        self.run_as(self.visitor(), seeds).await
    }

    /// By a visitor that the test looks at afterwards.
    pub async fn run_as(&self, visitor: Arc<Visitor>, seeds: &[String]) -> End {
        let frontier = Arc::new(open(&self.file(), self.budget));
        let seeds = seeds.iter().map(|url| seed(Address::parse(url).unwrap()));
        frontier.add(seeds.collect()).await.unwrap();
        crawl(frontier, visitor, CancellationToken::new())
            .await
            .unwrap()
    }

    pub fn file(&self) -> std::path::PathBuf {
        self.dir.path().join("frontier.db")
    }

    pub fn reader(&self) -> Reader {
        Reader::open(&self.file()).unwrap()
    }

    #[track_caller]
    pub fn page(&self, url: &str) -> Page {
        let page = now(self.reader().page(&Address::parse(url).unwrap()));
        page.unwrap_or_else(|| panic!("{url} isn't known"))
    }

    pub fn items(&self) -> Vec<serde_json::Value> {
        let mut items = Vec::new();
        now(self.reader().items(|item| {
            items.push(serde_json::from_str(item).unwrap());
            Ok(())
        }));
        items
    }

    pub fn tally(&self) -> Tally {
        now(self.reader().tally())
    }
}

/// A look into a file, which waits for nothing.
pub fn now<T>(look: impl Future<Output = Result<T, FrontierError>>) -> T {
    look.now_or_never().unwrap().unwrap()
}

pub fn html(body: impl Into<String>) -> Response {
    answer(200, &[("content-type", "text/html")], body.into())
}

pub fn answer(
    status: u16,
    headers: &[(&str, &str)],
    body: impl Into<axum::body::Body>,
) -> Response {
    let mut response = Response::builder().status(status);
    for (name, value) in headers {
        response = response.header(*name, *value);
    }
    response.body(body.into()).unwrap()
}

/// Each once.
pub fn set<T: std::hash::Hash + Eq>(items: impl IntoIterator<Item = T>) -> HashSet<T> {
    items.into_iter().collect()
}
