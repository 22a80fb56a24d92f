//! The shop that all crawl: pages of 8 KB with 20 links, each with one that robots.txt closes.

use std::collections::HashSet;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::extract::Path;
use axum::response::Html;
use axum::routing::get;
use tokio::net::TcpListener;

/// Pages that were asked for: those that are allowed, each once, and how often one that isn't.
type Seen = Arc<Mutex<(HashSet<u32>, u32)>>;

pub struct Shop {
    port: u16,
    seen: Seen,
}

impl Shop {
    pub async fn serve(pages: u32, latency: Duration) -> std::io::Result<Shop> {
        let words = "<p>It is made by hand, packed in paper, and sent on the day.".repeat(110);
        let words: Arc<str> = words.into();
        let seen = Seen::default();
        let (allowed, forbidden) = (seen.clone(), seen.clone());
        let page = async move |Path(page): Path<u32>| {
            tokio::time::sleep(latency).await;
            let mut seen = allowed.lock().unwrap_or_else(PoisonError::into_inner);
            seen.0.insert(page);
            Html(product(page, pages, &words))
        };
        let private = async move |Path(_page): Path<u32>| {
            tokio::time::sleep(latency).await;
            forbidden.lock().unwrap_or_else(PoisonError::into_inner).1 += 1;
            Html("not for robots".to_owned())
        };
        let router = Router::new()
            .route(
                "/robots.txt",
                get(|| async { "User-agent: *\nDisallow: /private\n" }),
            )
            .route("/p/{page}", get(page))
            .route("/private/{page}", get(private));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let port = listener.local_addr()?.port();
        tokio::spawn(async move { axum::serve(listener, router).await });
        Ok(Shop { port, seen })
    }

    pub fn seed(&self) -> String {
        format!("http://127.0.0.1:{}/p/0", self.port)
    }

    /// How many pages it has sent that are allowed, and how many that aren't.
    pub fn seen(&self) -> (u32, u32) {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        (u32::try_from(seen.0.len()).unwrap_or(u32::MAX), seen.1)
    }
}

fn product(page: u32, pages: u32, words: &str) -> String {
    let links = (1..=18).map(|n| (page * 7 + n * 61) % pages);
    let links = links.chain([(2 * page + 1) % pages, (2 * page + 2) % pages]);
    let links: String = links
        .map(|it| format!("<a href=/p/{it}>{it}</a>"))
        .collect();
    format!(
        "<!doctype html><title>Product {page}</title><h1>Product {page}</h1>\
         <p class=price>EUR {page}.50</p><i class=tag>new</i><i class=tag>blue</i>\
         <a href=/private/{page}>admin</a>{links}{words}"
    )
}
