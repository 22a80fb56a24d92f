// ANCHOR: work
//! Step 6: the frontier is in a file, and a crawl goes on where another was killed.
//!
//! `cargo run -p web-scraper --example scraper-6-survive`

use std::collections::{HashMap, HashSet, VecDeque};
use std::mem;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use rusqlite::Connection;
use scraper::{Html, Selector};
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout, timeout_at};
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
async fn main() -> rusqlite::Result<()> {
    let (web, start) = (Arc::new(Web::new()), Instant::now());
    let file = std::env::temp_dir().join(format!("frontier-{}.db", std::process::id()));
    // The first crawl is killed after five seconds, in the middle of its visits.
    let crawl = |file| crawl(web.clone(), "http://a.test/", file);
    let _killed = timeout(Duration::from_secs(5), crawl(&file)).await;
    println!("killed: {}", web.report(start.elapsed()));
    crawl(&file).await?;
    println!("resumed: {}", web.report(start.elapsed()));
    std::fs::remove_file(&file).expect("it was ours");
    Ok(())
}

async fn crawl(web: Arc<Web>, seed: &str, file: &Path) -> rusqlite::Result<()> {
    let frontier = Arc::new(Frontier::open(file)?);
    frontier.record(None, vec![Url::parse(seed).expect("an address")])?;
    let mut workers = JoinSet::new();
    for _ in 0..WORKERS {
        workers.spawn(work(web.clone(), frontier.clone()));
    }
    workers.join_all().await.into_iter().collect()
}

async fn work(web: Arc<Web>, frontier: Arc<Frontier>) -> rusqlite::Result<()> {
    while let Some(mut taken) = frontier.take().await {
        let robots = match taken.robots.take() {
            Some(robots) => robots,
            None => ask_robots(&web, &taken).await,
        };
        if robots.allows(&taken.url) {
            match web.get(&taken.url).await {
                Ok(html) => taken.found = links(&taken.url, &html),
                Err(Refusal::Busy(wait)) => taken.again_after(wait),
                Err(Refusal::Missing) => {}
            }
        }
        taken.robots = Some(robots);
        taken.end()?;
    }
    Ok(())
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
struct Frontier {
    state: Mutex<State>,
    changed: Notify,
}

struct State {
    /// What survives. A page that isn't `done` here is visited again after a crash.
    file: Connection,
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
    found: Vec<Url>,
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
    fn open(path: &Path) -> rusqlite::Result<Frontier> {
        let file = Connection::open(path)?;
        file.execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL")?;
        let table = "url TEXT PRIMARY KEY, done INTEGER NOT NULL DEFAULT 0";
        file.execute_batch(&format!("CREATE TABLE IF NOT EXISTS pages ({table})"))?;
        let known = known(&file)?;
        let mut state = State::new(file);
        for (url, done) in known {
            let url = Url::parse(&url).expect("we wrote it");
            state.queue(url, done);
        }
        Ok(Frontier {
            state: Mutex::new(state),
            changed: Notify::new(),
        })
    }

    /// Writes down that a page is done, and what was found there, in one transaction. Only then
    /// do the workers hear of it.
    fn record(&self, done: Option<&Url>, found: Vec<Url>) -> rusqlite::Result<()> {
        let found: Vec<Url> = found.into_iter().map(normalize).collect();
        let mut state = self.lock();
        let step = state.file.transaction()?;
        for url in &found {
            step.execute(
                "INSERT OR IGNORE INTO pages (url) VALUES (?1)",
                [url.as_str()],
            )?;
        }
        if let Some(url) = done {
            step.execute("UPDATE pages SET done = 1 WHERE url = ?1", [url.as_str()])?;
        }
        step.commit()?;
        for url in found {
            state.queue(url, false);
        }
        self.changed.notify_waiters();
        Ok(())
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
            found: Vec::new(),
            frontier: self.clone(),
        })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no panic under the lock")
    }
}
// ANCHOR_END: frontier

// ANCHOR: end
/// The pages of an earlier crawl, and which of them are done.
fn known(file: &Connection) -> rusqlite::Result<Vec<(String, bool)>> {
    let mut known = file.prepare("SELECT url, done FROM pages ORDER BY rowid")?;
    let known = known.query_map((), |row| row.try_into())?;
    known.collect()
}

impl State {
    fn new(file: Connection) -> State {
        State {
            file,
            seen: HashSet::new(),
            shops: HashMap::new(),
            pending: 0,
        }
    }

    /// Queues what is new. Looked up and noted in one step: nothing can come between.
    fn queue(&mut self, url: Url, done: bool) {
        if self.seen.insert(url.clone()) && !done {
            let shop = self.shops.entry(host(&url)).or_insert_with(Shop::new);
            shop.queue.push_back(Job { url, failures: 0 });
            self.pending += 1;
        }
    }
}

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
    /// The visit has come to an end, and is written down. One that is dropped without this was
    /// cut short: in the file its page is still to do.
    fn end(mut self) -> rusqlite::Result<()> {
        if self.again_after.is_some() {
            return Ok(());
        }
        let found = mem::take(&mut self.found);
        self.frontier.record(Some(&self.url), found)
    }

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

    const SEED: &str = "http://a.test/";

    /// Step 5 begins from nothing: killed after 20 seconds, it has visited most pages twice.
    #[tokio::test(start_paused = true)]
    async fn wherever_a_crawl_is_killed_the_next_one_goes_on() {
        for moment in (0..20_000).step_by(1_950) {
            let web = Arc::new(Web::new());
            let folder = tempfile::tempdir().expect("a folder");
            let file = folder.path().join("frontier.db");
            let killed = crawl(web.clone(), SEED, &file);
            let _ = timeout(Duration::from_millis(moment), killed).await;
            crawl(web.clone(), SEED, &file).await.expect("a file");

            let mut pages = HashMap::new();
            for visit in web.log().into_iter().filter(|visit| visit.served) {
                *pages.entry(visit.url.to_string()).or_insert(0) += 1;
            }
            pages.retain(|url, _| !url.ends_with("robots.txt"));
            assert_eq!(pages.len(), 45, "killed after {moment} ms");
            // Three shops, so at most three visits were under way.
            let again = pages.values().filter(|visits| **visits > 1).count();
            assert!(again <= 3 && pages.values().all(|visits| *visits <= 2));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_finished_crawl_asks_for_nothing_again() {
        let web = Arc::new(Web::new());
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("frontier.db");
        crawl(web.clone(), SEED, &file).await.expect("a file");
        let visits = web.log().len();
        crawl(web.clone(), SEED, &file).await.expect("a file");
        assert_eq!(web.log().len(), visits);
    }
}
// ANCHOR_END: tests
