//! This crawler as a peer, and its frontier alone.

use std::io::BufRead;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use patterns::breaker::Law;
use patterns::retry::Backoff;
use tokio_util::sync::CancellationToken;
use web_scraper::address::Address;
use web_scraper::crawl::{Scope, Settings, Visitor, crawl, seed};
use web_scraper::fetch::{Fetcher, Limits};
use web_scraper::frontier::{Budget, Found, Frontier, SqliteFrontier};
use web_scraper::guard::Resolver;
use web_scraper::hosts::Courtesy;
use web_scraper::rules::Rules;

use crate::{ADDRESSES, CONNECTIONS, TOGETHER};

const RULES: &str = include_str!("../../pretend/rules.toml");

/// The next order.
fn order() -> Result<String> {
    let mut orders = std::io::stdin().lock().lines();
    Ok(orders.next().context("no order")??)
}

pub async fn crawl_shop() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let budget = Budget {
        pages: 100_000,
        places: CONNECTIONS,
        delay: Duration::ZERO,
    };
    let frontier = SqliteFrontier::open(&folder.path().join("frontier.db"), budget)?;
    let frontier = Arc::new(frontier);
    let visitor = Arc::new(visitor()?);
    println!("ready");
    let first = Address::parse(&order()?)?;
    frontier.add(vec![seed(first)]).await?;
    crawl(frontier.clone(), visitor, CancellationToken::new()).await?;
    println!("items {}\nok", frontier.tally().await?.items);
    // Alive until its driver has read what it cost.
    let _ = order();
    Ok(())
}

fn visitor() -> Result<Visitor> {
    let second = Duration::from_secs(1);
    let settings = Settings {
        agent: "bookbot".to_owned(),
        scope: Scope::Any,
        depth: 100,
        hops: 10,
        pages: u64::MAX,
        at_once: CONNECTIONS as usize,
        backoff: Backoff {
            first: second,
            longest: second,
            attempts: 3,
        },
        courtesy: Courtesy {
            delay: Duration::ZERO,
            longest: second,
            rest: second,
            breaker: Law {
                window: second,
                calls: 100,
                ratio: 1.0,
                pause: second,
                probes: 1,
            },
            failures: 100,
        },
    };
    let resolver = Resolver {
        private: true,
        ..Resolver::default()
    };
    let limits = Limits {
        body: 1 << 20,
        total: second * 30,
        idle: second * 10,
    };
    let fetcher = Fetcher::new("bookbot/1", resolver, limits)?;
    Ok(Visitor::new(settings, fetcher, Rules::parse(RULES)?))
}

pub async fn fill_frontier() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let budget = Budget {
        pages: ADDRESSES,
        places: 1,
        delay: Duration::ZERO,
    };
    let frontier = SqliteFrontier::open(&folder.path().join("frontier.db"), budget)?;
    println!("ready");
    order()?;
    let found = |number: u32| {
        // The links of a page are of one host, as most are.
        let host = number / TOGETHER % 1_000;
        let url = format!("http://h{host}.test/products/{number}?color=blue");
        Address::parse(&url).map(seed)
    };
    let pages: Vec<u32> = (0..ADDRESSES).step_by(TOGETHER as usize).collect();
    for some in pages.chunks(64) {
        let links = some
            .iter()
            .map(|first| (*first..*first + TOGETHER).map(found).collect());
        let links: Vec<Vec<Found>> = links.collect::<Result<_, _>>()?;
        let adds = links.into_iter().map(|links| frontier.add(links));
        futures::future::try_join_all(adds).await?;
    }
    println!("ok");
    let _ = order();
    Ok(())
}
