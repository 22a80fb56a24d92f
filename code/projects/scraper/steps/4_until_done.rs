//! Step 4: a worker that finds nothing waits, until nothing can come.
//!
//! `cargo run -p web-scraper --example scraper-4-until-done`

use std::collections::{HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};

use scraper::{Html, Selector};
use tokio::sync::Notify;
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
    while let Some(taken) = frontier.take().await {
        if let Ok(html) = web.get(&taken.url).await {
            frontier.add(links(&taken.url, &html));
        }
    }
}

/// What is known and what is still to do.
#[derive(Default)]
struct Frontier {
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Default)]
struct State {
    /// Each address that was ever queued, in its normal form.
    seen: HashSet<Url>,
    queue: VecDeque<Url>,
    /// Pages that are queued or being visited. At zero, no page can come anymore.
    pending: usize,
}

/// A page that is being visited. However that ends, dropping this says so.
struct Taken {
    url: Url,
    frontier: Arc<Frontier>,
}

impl Frontier {
    /// Queues what is new. Looked up and noted in one step: nothing can come between.
    fn add(&self, urls: impl IntoIterator<Item = Url>) {
        let mut state = self.lock();
        for url in urls.into_iter().map(normalize) {
            if state.seen.insert(url.clone()) {
                state.queue.push_back(url);
                state.pending += 1;
            }
        }
        self.changed.notify_waiters();
    }

    /// The next page, or `None` when all are done.
    async fn take(self: &Arc<Self>) -> Option<Taken> {
        loop {
            let changed = self.changed.notified();
            {
                let mut state = self.lock();
                if let Some(url) = state.queue.pop_front() {
                    let frontier = self.clone();
                    return Some(Taken { url, frontier });
                }
                if state.pending == 0 {
                    return None;
                }
            }
            changed.await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no panic under the lock")
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        self.frontier.lock().pending -= 1;
        self.frontier.changed.notify_waiters();
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
    use std::time::Duration;
    use tokio::time::timeout;

    const SOON: Duration = Duration::from_secs(60);

    /// In step 3 the workers that find the queue empty leave, and one is left with all the work.
    #[tokio::test(start_paused = true)]
    async fn all_workers_stay_until_the_end() {
        let (web, start) = (Arc::new(Web::new()), Instant::now());
        timeout(SOON, crawl(&web, "http://a.test/"))
            .await
            .expect("it ends");
        let one_by_one = Duration::from_millis(100) * web.log().len() as u32;
        assert!(start.elapsed() * 2 < one_by_one);
    }

    #[tokio::test(start_paused = true)]
    async fn a_worker_that_panics_does_not_keep_the_others_waiting() {
        let frontier = Arc::new(Frontier::default());
        frontier.add([Url::parse("http://a.test/").expect("an address")]);
        let taken = frontier.take().await.expect("the seed");
        let worker = tokio::spawn(async move { panic!("at {}", taken.url) });
        let end = timeout(SOON, frontier.take()).await.expect("it ends");
        assert!(end.is_none() && worker.await.is_err());
    }
}
