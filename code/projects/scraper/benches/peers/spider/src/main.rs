//! spider as a peer: crawls what it's told, and extracts title, price and tags of each product.

use std::io::BufRead;

use scraper::{Html, Selector};
use spider::website::Website;

#[tokio::main]
async fn main() {
    println!("ready");
    let url = std::io::stdin().lock().lines().next();
    let url = url.and_then(Result::ok).expect("an address");
    let mut website = Website::new(&url);
    website
        .with_respect_robots_txt(true)
        .with_user_agent(Some("bookbot"))
        .with_concurrency_limit(Some(16))
        .with_depth(0)
        .with_limit(0);
    let mut pages = website.subscribe(16_384);
    let items = tokio::spawn(async move {
        let mut items = 0;
        while let Ok(page) = pages.recv().await {
            items += usize::from(is_item(&page.get_html()));
        }
        items
    });
    website.crawl().await;
    website.unsubscribe();
    println!("items {}", items.await.expect("no panic"));
    println!("ok");
    // Alive until its driver has read what it cost.
    let _ = std::io::stdin().lock().lines().next();
}

fn selector(text: &str) -> Selector {
    Selector::parse(text).expect("a selector")
}

fn is_item(html: &str) -> bool {
    let page = Html::parse_document(html);
    let text = |select: &str| {
        let element = page.select(&selector(select)).next();
        element.map(|element| element.text().collect::<String>())
    };
    let tags: Vec<String> = page
        .select(&selector(".tag"))
        .map(|tag| tag.text().collect())
        .collect();
    let price = text(".price").and_then(|price| price.split(' ').nth(1)?.parse::<f64>().ok());
    text("h1").is_some() && price.is_some() && !tags.is_empty()
}
