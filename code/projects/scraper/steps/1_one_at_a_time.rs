//! Step 1: fetch a page, follow its links, one after the other.
//!
//! `cargo run -p web-scraper --example scraper-1-one-at-a-time`

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;

use scraper::{Html, Selector};
use tokio::time::Instant;
use url::Url;

use web::Web;

#[path = "../pretend/web.rs"]
mod web;

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() {
    let (web, start) = (Arc::new(Web::new()), Instant::now());
    crawl(&web, "http://a.test/").await;
    println!("{}", web.report(start.elapsed()));
}

async fn crawl(web: &Arc<Web>, seed: &str) {
    let seed = Url::parse(seed).expect("an address");
    let mut seen = HashSet::from([seed.clone()]);
    let mut queue = VecDeque::from([seed]);
    while let Some(url) = queue.pop_front() {
        let Ok(html) = web.get(&url).await else {
            continue;
        };
        for link in links(&url, &html) {
            if seen.insert(link.clone()) {
                queue.push_back(link);
            }
        }
    }
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

    #[tokio::test(start_paused = true)]
    async fn follows_links_to_the_other_shops_and_ends() {
        let web = Arc::new(Web::new());
        crawl(&web, "http://a.test/").await;
        let log = web.log();
        let hosts: HashSet<_> = log.iter().map(|visit| visit.url.host_str()).collect();
        assert_eq!(hosts.len(), 3);
    }
}
