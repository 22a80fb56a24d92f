//! Step 2: a task for each page.
//!
//! `cargo run -p web-scraper --example scraper-2-all-at-once`

use std::collections::HashSet;
use std::sync::Arc;

use scraper::{Html, Selector};
use tokio::task::JoinSet;
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
    let mut visits = JoinSet::new();
    visits.spawn(visit(web.clone(), seed));
    while let Some(found) = visits.join_next().await {
        for link in found.expect("no visit panics") {
            if seen.insert(link.clone()) {
                visits.spawn(visit(web.clone(), link));
            }
        }
    }
}

async fn visit(web: Arc<Web>, url: Url) -> Vec<Url> {
    match web.get(&url).await {
        Ok(html) => links(&url, &html),
        Err(_refusal) => Vec::new(),
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
    use std::time::Duration;

    /// Step 1 takes a tenth of a second for each.
    #[tokio::test(start_paused = true)]
    async fn pages_do_not_wait_for_each_other() {
        let (web, start) = (Arc::new(Web::new()), Instant::now());
        crawl(&web, "http://a.test/").await;
        let one_by_one = Duration::from_millis(100) * web.log().len() as u32;
        assert!(start.elapsed() * 5 < one_by_one);
    }
}
