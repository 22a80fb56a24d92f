//! Step 3: four workers and a frontier, which queues each page once.
//!
//! `cargo run -p web-scraper --example scraper-3-never-twice`

use std::collections::{HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};

use scraper::{Html, Selector};
use tokio::task::JoinSet;
use tokio::time::Instant;
use url::Url;

use web::Web;

#[path = "../pretend/web.rs"]
mod web;

const WORKERS: usize = 4;

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() {
    let (web, start) = (Arc::new(Web::new()), Instant::now());
    crawl(&web, "http://a.test/").await;
    println!("{}", web.report(start.elapsed()));
}

async fn crawl(web: &Arc<Web>, seed: &str) {
    let frontier = Arc::new(Frontier::default());
    frontier.add([Url::parse(seed).expect("an address")]);
    let mut workers = JoinSet::new();
    for _ in 0..WORKERS {
        workers.spawn(work(web.clone(), frontier.clone()));
    }
    workers.join_all().await;
}

async fn work(web: Arc<Web>, frontier: Arc<Frontier>) {
    while let Some(url) = frontier.take() {
        if let Ok(html) = web.get(&url).await {
            frontier.add(links(&url, &html));
        }
    }
}

/// What is known and what is still to do.
#[derive(Default)]
struct Frontier(Mutex<State>);

#[derive(Default)]
struct State {
    /// Each address that was ever queued, in its normal form.
    seen: HashSet<Url>,
    queue: VecDeque<Url>,
}

impl Frontier {
    /// Queues what is new. Looked up and noted in one step: nothing can come between.
    fn add(&self, urls: impl IntoIterator<Item = Url>) {
        let mut state = self.lock();
        for url in urls.into_iter().map(normalize) {
            if state.seen.insert(url.clone()) {
                state.queue.push_back(url);
            }
        }
    }

    fn take(&self) -> Option<Url> {
        self.lock().queue.pop_front()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().expect("no panic under the lock")
    }
}

/// One address for one page: no fragment, no parameters that only count visitors.
fn normalize(mut url: Url) -> Url {
    url.set_fragment(None);
    let pairs = url.query_pairs().into_owned();
    let kept: Vec<_> = pairs.filter(|(key, _)| !key.starts_with("utm_")).collect();
    url.set_query(None);
    if !kept.is_empty() {
        url.query_pairs_mut().extend_pairs(kept);
    }
    url
}

/// Where a page's links lead, as absolute addresses.
fn links(page: &Url, html: &str) -> Vec<Url> {
    let anchors = Selector::parse("a[href]").expect("a selector");
    let document = Html::parse_document(html);
    let anchors = document.select(&anchors);
    let hrefs = anchors.filter_map(|anchor| anchor.value().attr("href"));
    hrefs.filter_map(|href| page.join(href).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Step 2 asks for most pages two or three times, and the shops refuse many of them.
    #[tokio::test(start_paused = true)]
    async fn no_page_is_asked_for_twice_and_no_shop_overrun() {
        let web = Arc::new(Web::new());
        crawl(&web, "http://a.test/").await;
        let log = web.log();
        let urls: HashSet<_> = log.iter().map(|visit| &visit.url).collect();
        assert_eq!(urls.len(), log.len());
        assert!(log.iter().all(|visit| visit.at_once <= WORKERS));
    }

    #[test]
    fn spellings_of_one_page_are_one_address() {
        let url = |text| normalize(Url::parse(text).expect("an address"));
        let spellings = [
            "HTTP://A.test:80/x/../1#reviews",
            "http://a.test/1?utm_source=mail",
        ];
        assert_eq!(
            spellings.map(url),
            [url("http://a.test/1"), url("http://a.test/1")]
        );
        assert_ne!(url("http://a.test/1?page=2"), url("http://a.test/1"));
    }
}
