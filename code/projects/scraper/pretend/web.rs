//! Three small shops for the steps: no sockets, a clock that can be paused, and a log of who came.
//!
//! Each shop serves four requests at once and refuses the fifth. Fifteen pages link to each other
//! in several spellings, one is busy at first, and robots.txt closes a corner.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep};
use url::Url;

const SHOPS: [&str; 3] = ["a.test", "b.test", "c.test"];
const AT_ONCE: usize = 4;
const ROBOTS: &str = "User-agent: *\nDisallow: /private\nCrawl-delay: 1\n";

/// Why a shop sent no page.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Refusal {
    /// 404: don't ask again.
    Missing,
    /// 503: come back, but not before so long.
    Busy(Duration),
}

/// What a shop wrote into its log when a request came.
#[derive(Clone, Debug)]
pub struct Visit {
    pub url: Url,
    pub at: Instant,
    /// Requests that this shop was serving then, this one included.
    pub at_once: usize,
    pub served: bool,
}

pub struct Web {
    places: HashMap<&'static str, Semaphore>,
    log: Mutex<Vec<Visit>>,
}

impl Web {
    pub fn new() -> Web {
        let places = SHOPS.map(|shop| (shop, Semaphore::new(AT_ONCE)));
        Web {
            places: places.into(),
            log: Mutex::default(),
        }
    }

    /// What the server at this address sends, a tenth of a second later.
    pub async fn get(&self, url: &Url) -> Result<String, Refusal> {
        let places = url.host_str().and_then(|host| self.places.get(host));
        let places = places.ok_or(Refusal::Missing)?;
        let place = places.try_acquire();
        let number = number(url.path());
        let early = url.host_str() == Some("c.test") && number == Some(9) && !self.knows(url);
        let served = place.is_ok() && !early;
        self.log.lock().expect("no panic").push(Visit {
            url: url.clone(),
            at: Instant::now(),
            at_once: AT_ONCE + usize::from(place.is_err()) - places.available_permits(),
            served,
        });
        if !served {
            return Err(Refusal::Busy(Duration::from_secs(5)));
        }
        sleep(Duration::from_millis(100)).await;
        match number {
            _ if url.path() == "/robots.txt" => Ok(ROBOTS.to_owned()),
            Some(number) => Ok(page(url, number)),
            None => Ok("<title>not for robots</title>".to_owned()),
        }
    }

    pub fn log(&self) -> Vec<Visit> {
        self.log.lock().expect("no panic").clone()
    }

    fn knows(&self, url: &Url) -> bool {
        let log = self.log.lock().expect("no panic");
        log.iter().any(|visit| visit.url == *url)
    }

    /// Two lines: how the visits were, as the shops saw them.
    pub fn report(&self, took: Duration) -> String {
        let (log, mut pages) = (self.log(), HashMap::new());
        let is_page = |visit: &&Visit| visit.served && visit.url.path() != "/robots.txt";
        for visit in log.iter().filter(is_page) {
            let page = number(visit.url.path()).map(|page| (visit.url.host_str(), page));
            *pages.entry(page).or_insert(0) += 1;
        }
        let forbidden = pages.remove(&None).unwrap_or(0);
        let twice = pages.values().filter(|visits| **visits > 1).count();
        let refused = log.iter().filter(|visit| !visit.served).count();
        let at_once = log.iter().map(|visit| visit.at_once).max().unwrap_or(0);
        let (took, apart) = (took.as_secs_f64(), closest(&log).as_secs_f64());
        format!(
            "{} pages in {took:.1} s, {twice} more than once; {refused} requests refused\n\
             at most {at_once} at once, {apart:.1} s apart; {forbidden} pages not for us",
            pages.len(),
        )
    }
}

/// The shortest time between two requests to one shop.
fn closest(log: &[Visit]) -> Duration {
    let gaps = log.iter().enumerate().filter_map(|(index, visit)| {
        let mut later = log[index + 1..].iter();
        let next = later.find(|next| next.url.host_str() == visit.url.host_str());
        next.map(|next| next.at - visit.at)
    });
    gaps.min().unwrap_or_default()
}

/// `/` is page 0, `/7` is page 7.
fn number(path: &str) -> Option<u32> {
    if path == "/" {
        return Some(0);
    }
    path.trim_start_matches('/').parse().ok()
}

fn page(url: &Url, number: u32) -> String {
    let host = url.host_str().unwrap_or_default();
    let mut links = vec!["/".to_owned(), "/?utm_source=footer".to_owned()];
    let children = [2 * number + 1, 2 * number + 2];
    for child in children.into_iter().filter(|child| *child < 15) {
        links.push(format!("/{child}"));
        links.push(format!("/{child}#reviews"));
    }
    if number == 3 {
        links.extend(SHOPS.map(|shop| format!("http://{shop}/")));
    }
    if number == 5 {
        links.push("/private/5".to_owned());
    }
    let anchors = links
        .iter()
        .map(|link| format!("<a href='{link}'>{link}</a>"));
    let anchors: String = anchors.collect();
    format!("<title>Tea {number} of {host}</title><b class='price'>{number}.50</b>{anchors}")
}
