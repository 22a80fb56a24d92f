//! Many processes on one Redis: real ones, and one of them is killed.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use service::redis::Store;
use testbed::proxy::{Fault, Proxy, Target};
use testbed::redis::Redis;
use tokio::time::sleep;
use web_scraper::demo::{PRODUCTS, Shop};
use web_scraper::frontier::{Frontier, RedisFrontier, RedisReader, Tally, View};

use crate::conformance::{BUDGET, done, found};

const DELAY: Duration = Duration::from_millis(4);

fn start(shop: &Shop, url: &str, dir: &Path) -> Child {
    let names = Shop::names();
    let names = names
        .iter()
        .map(|(name, ip)| format!("--resolve={name}={ip}"));
    Command::new(env!("CARGO_BIN_EXE_web-scraper"))
        .arg("crawl")
        .args(shop.seeds())
        .args(names)
        .args(["--private", "--depth=30", "--lease=5", "--frontier", url])
        .arg(format!("--delay={}", DELAY.as_millis()))
        .arg("--dir")
        .arg(dir)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

async fn ended(mut child: Child) -> bool {
    let patience = Instant::now() + Duration::from_secs(300);
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status.success();
        }
        if Instant::now() > patience {
            child.kill().unwrap();
        }
        sleep(Duration::from_millis(20)).await;
    }
}

/// Waits until so many pages are done.
async fn until(redis: &Redis, pages: u64) -> Tally {
    let store: Store = redis.url().parse().unwrap();
    let reader = RedisReader::open(&store).await.unwrap();
    loop {
        let tally = reader.tally().await.unwrap();
        if tally.done >= pages {
            return tally;
        }
        sleep(Duration::from_millis(20)).await;
    }
}

/// What the shop saw: each product, at most twice (a third time if it was busy at first), and of
/// all visits together no host ever two at once, or two closer than the delay.
fn assert_all_and_politely(shop: &Shop, most_again: u32) {
    let visits = shop.visits();
    for host in Shop::names().iter().map(|(name, _)| name) {
        for product in 0..PRODUCTS {
            let times = visits.get(&(host.clone(), product)).copied().unwrap_or(0);
            let busy = u32::from(product % 401 == 400);
            assert!(
                (1..=2 + busy).contains(&times),
                "{host}/p/{product}: {times} times"
            );
        }
    }
    let busy = visits
        .keys()
        .filter(|(_, product)| product % 401 == 400)
        .count();
    let again: u32 = visits.values().map(|times| times - 1).sum();
    let again = again - u32::try_from(busy).unwrap();
    assert!(again <= most_again, "{again} visits too many");
    for (host, (at_once, closest)) in shop.manners() {
        assert_eq!(at_once, 1, "{host}");
        assert!(closest >= DELAY, "{host}: {closest:?} apart");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs redis-server"]
async fn of_two_processes_one_is_killed_and_each_page_is_there_and_each_host_left_in_peace() {
    let (redis, folder) = (Redis::start(&[]), tempfile::tempdir().unwrap());
    let shop = Shop::serve().await.unwrap();
    let process = |name: &str| start(&shop, &redis.url(), &folder.path().join(name));
    let (mut one, other) = (process("one"), process("other"));
    until(&redis, 600).await;
    one.kill().unwrap(); // SIGKILL
    one.wait().unwrap();
    assert!(ended(other).await);
    let tally = until(&redis, 1).await;
    assert_eq!((tally.queued, tally.taken), (0, 0), "{tally:?}");
    // The one that was killed had at most a page of each host.
    assert_all_and_politely(&shop, 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs redis-server"]
async fn killed_and_started_again_redis_costs_a_crawl_nothing() {
    let durable = ["--appendonly", "yes", "--appendfsync", "always"];
    let (mut redis, folder) = (Redis::start(&durable), tempfile::tempdir().unwrap());
    let shop = Shop::serve().await.unwrap();
    let process = start(&shop, &redis.url(), folder.path());
    until(&redis, 300).await;
    redis.kill();
    redis.restart();
    assert!(ended(process).await);
    let tally = until(&redis, 1).await;
    assert_eq!((tally.queued, tally.taken), (0, 0), "{tally:?}");
    assert_all_and_politely(&shop, 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs redis-server"]
async fn a_claim_or_an_end_whose_answer_was_lost_is_sent_again_and_counts_once() {
    let redis = Redis::start(&[]);
    let proxy = Proxy::start(Target::Unix(redis.socket())).await;
    let store: Store = format!("redis://{}", proxy.address()).parse().unwrap();
    let hour = Duration::from_secs(3600);
    let frontier = RedisFrontier::open(&store, BUDGET, hour).await.unwrap();
    let pages = ["http://a.test/", "http://b.test/", "http://c.test/"];
    frontier.add(pages.map(found).to_vec()).await.unwrap();

    proxy.harm_next("\"want\"", Fault::Close(0));
    let claim = frontier.claim(2).await.unwrap();
    assert!(proxy.has_harmed());
    assert_eq!((claim.pages.len(), claim.pending), (2, 3));
    assert_eq!(frontier.tally().await.unwrap().taken, 2, "none is lost");

    proxy.harm_next("\"done\"", Fault::Close(0));
    frontier.end(done(&claim.pages[0])).await.unwrap();
    assert!(proxy.has_harmed());
    let tally = frontier.tally().await.unwrap();
    assert_eq!((tally.queued, tally.taken, tally.done), (1, 1, 1));
}
