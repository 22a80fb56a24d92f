// ANCHOR: work
//! Step 5: one request at a time to each shop, as far apart as it asks, and only where it may.
//!
//! `cargo run -p web-scraper --example scraper-5-polite`

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use scraper::{Html, Selector};
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout_at};
use url::Url;

use web::{Refusal, Web};

#[path = "../pretend/web.rs"]
mod web;

const WORKERS: usize = 4;
/// Between two requests to a shop that asks for nothing else.
const DELAY: Duration = Duration::from_millis(500);
/// A page that is busy so often is given up.
const ATTEMPTS: u32 = 3;

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
    while let Some(mut taken) = frontier.take().await {
        let robots = match taken.robots.take() {
            Some(robots) => robots,
            None => ask_robots(&web, &taken).await,
        };
        if robots.allows(&taken.url) {
            match web.get(&taken.url).await {
                Ok(html) => frontier.add(links(&taken.url, &html)),
                Err(Refusal::Busy(wait)) => taken.again_after(wait),
                Err(Refusal::Missing) => {}
            }
        }
        taken.robots = Some(robots);
    }
}

/// The first request to each shop. The caller holds the shop, so it's also the only one.
async fn ask_robots(web: &Web, taken: &Taken) -> Robots {
    let url = taken.url.join("/robots.txt").expect("a path");
    let text = web.get(&url).await.unwrap_or_default();
    let robots = Robots::parse(&text);
    sleep(robots.delay).await;
    robots
}

/// What a shop asks of all robots. (The RFC knows more; `src/robots.rs` has it.)
#[derive(Clone)]
struct Robots {
    disallowed: Vec<String>,
    delay: Duration,
}

impl Robots {
    fn parse(text: &str) -> Robots {
        let values = |key: &str| -> Vec<&str> {
            let lines = text.lines().filter_map(|line| line.split_once(':'));
            let lines = lines.filter(|(name, _)| name.eq_ignore_ascii_case(key));
            lines.map(|(_, value)| value.trim()).collect()
        };
        let delay = values("crawl-delay");
        let delay = delay.first().and_then(|seconds| seconds.parse().ok());
        Robots {
            disallowed: values("disallow").into_iter().map(str::to_owned).collect(),
            delay: delay.map_or(DELAY, |seconds: u32| {
                DELAY.max(Duration::from_secs(seconds.into()))
            }),
        }
    }

    fn allows(&self, url: &Url) -> bool {
        let closed = |prefix: &String| !prefix.is_empty() && url.path().starts_with(prefix);
        !self.disallowed.iter().any(closed)
    }
}
// ANCHOR_END: work

// ANCHOR: frontier
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
    shops: HashMap<String, Shop>,
    /// Pages that are queued or being visited. At zero, no page can come anymore.
    pending: usize,
}

struct Shop {
    queue: VecDeque<Job>,
    /// Not before this. While one of its pages is being visited: not at all.
    next: Option<Instant>,
    robots: Option<Robots>,
}

struct Job {
    url: Url,
    failures: u32,
}

/// A page that is being visited, and its shop, which belongs to this visit alone. However the
/// visit ends, dropping this says so.
struct Taken {
    url: Url,
    failures: u32,
    robots: Option<Robots>,
    again_after: Option<Duration>,
    frontier: Arc<Frontier>,
}

/// What a worker finds when it looks for work.
enum Look {
    Taken(Taken),
    /// Nothing before this moment, if one is known.
    Wait(Option<Instant>),
    Done,
}

impl Frontier {
    /// Queues what is new. Looked up and noted in one step: nothing can come between.
    fn add(&self, urls: impl IntoIterator<Item = Url>) {
        let mut state = self.lock();
        for url in urls.into_iter().map(normalize) {
            if state.seen.insert(url.clone()) {
                let shop = state.shops.entry(host(&url)).or_insert_with(Shop::new);
                shop.queue.push_back(Job { url, failures: 0 });
                state.pending += 1;
            }
        }
        self.changed.notify_waiters();
    }

    /// The next page, or `None` when all are done.
    async fn take(self: &Arc<Self>) -> Option<Taken> {
        loop {
            let changed = self.changed.notified();
            match self.look() {
                Look::Taken(taken) => return Some(taken),
                Look::Done => return None,
                Look::Wait(None) => changed.await,
                // Whichever comes first; then we look again.
                Look::Wait(Some(next)) => timeout_at(next, changed).await.unwrap_or(()),
            }
        }
    }

    fn look(self: &Arc<Self>) -> Look {
        let mut state = self.lock();
        if state.pending == 0 {
            return Look::Done;
        }
        let waiting = state
            .shops
            .values_mut()
            .filter(|shop| !shop.queue.is_empty());
        let first = waiting
            .filter(|shop| shop.next.is_some())
            .min_by_key(|shop| shop.next);
        let Some(shop) = first else {
            return Look::Wait(None);
        };
        if shop.next > Some(Instant::now()) {
            return Look::Wait(shop.next);
        }
        let Some(Job { url, failures }) = shop.queue.pop_front() else {
            return Look::Wait(None);
        };
        shop.next = None;
        Look::Taken(Taken {
            url,
            failures,
            robots: shop.robots.clone(),
            again_after: None,
            frontier: self.clone(),
        })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no panic under the lock")
    }
}
// ANCHOR_END: frontier

// ANCHOR: end
impl Shop {
    fn new() -> Shop {
        Shop {
            queue: VecDeque::new(),
            next: Some(Instant::now()),
            robots: None,
        }
    }
}

impl Taken {
    /// The shop is busy: it rests for so long, and the page is the first to be asked for again.
    fn again_after(&mut self, wait: Duration) {
        self.failures += 1;
        if self.failures < ATTEMPTS {
            self.again_after = Some(wait);
        }
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        let mut state = self.frontier.lock();
        let delay = self.robots.as_ref().map_or(DELAY, |robots| robots.delay);
        if let Some(shop) = state.shops.get_mut(&host(&self.url)) {
            shop.next =
                Some(Instant::now() + self.again_after.map_or(delay, |wait| wait.max(delay)));
            shop.robots = self.robots.take();
            if self.again_after.is_some() {
                let (url, failures) = (self.url.clone(), self.failures);
                shop.queue.push_front(Job { url, failures });
            }
        }
        if self.again_after.is_none() {
            state.pending -= 1;
        }
        self.frontier.changed.notify_waiters();
    }
}

fn host(url: &Url) -> String {
    url.host_str().unwrap_or_default().to_owned()
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
// ANCHOR_END: end

// ANCHOR: tests
#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::Visit;

    async fn visits() -> Vec<Visit> {
        let web = Arc::new(Web::new());
        crawl(&web, "http://a.test/").await;
        web.log()
    }

    /// In step 4 all four workers may call on one shop.
    #[tokio::test(start_paused = true)]
    async fn a_shop_sees_one_request_a_second() {
        let log = visits().await;
        assert!(log.iter().all(|visit| visit.at_once == 1));
        for shop in ["a.test", "b.test", "c.test"] {
            let here = log
                .iter()
                .filter(|visit| visit.url.host_str() == Some(shop));
            let moments: Vec<_> = here.map(|visit| visit.at).collect();
            assert_eq!(moments.len(), 16 + usize::from(shop == "c.test"));
            let apart = |pair: &[Instant]| pair[1] - pair[0] >= Duration::from_secs(1);
            assert!(moments.windows(2).all(apart));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_robots_txt_closes_is_left_alone() {
        let log = visits().await;
        assert!(
            log.iter()
                .all(|visit| !visit.url.path().starts_with("/private"))
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_busy_page_is_asked_for_again_when_its_shop_said() {
        let log = visits().await;
        let page = log
            .iter()
            .filter(|visit| visit.url.as_str() == "http://c.test/9");
        let page: Vec<_> = page.collect();
        assert!(page.len() == 2 && page[1].served);
        assert!(page[1].at - page[0].at >= Duration::from_secs(5));
    }

    #[tokio::test(start_paused = true)]
    async fn a_shop_that_waits_holds_no_worker() {
        let (web, start) = (Arc::new(Web::new()), Instant::now());
        crawl(&web, "http://a.test/").await;
        // Three shops of 16 requests, side by side: the longest decides.
        assert!(start.elapsed() < Duration::from_secs(30));
    }
}
// ANCHOR_END: tests
