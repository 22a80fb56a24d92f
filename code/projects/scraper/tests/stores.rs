//! The stores, as tests want them: empty and private. And what only one of them does.

use std::path::PathBuf;
use std::time::Duration;

use service::redis;
use testbed::redis::Redis;
use web_scraper::frontier::{
    Budget, Ended, Frontier, FrontierError, Outcome, Reader, RedisFrontier, RedisReader,
    SqliteFrontier, View,
};

use crate::conformance::{BUDGET, done, found};
use crate::support;

/// An empty store for one test.
pub trait Store {
    type Frontier: Frontier;
    type View: View;

    /// A process's handle.
    async fn open(&self, budget: Budget) -> Self::Frontier;

    /// As if its process had been killed, a while ago.
    async fn killed(&self, frontier: Self::Frontier);

    async fn reader(&self) -> Self::View;
}

pub struct File(tempfile::TempDir);

impl File {
    pub fn new() -> File {
        File(tempfile::tempdir().unwrap())
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("frontier.db")
    }
}

impl Store for File {
    type Frontier = SqliteFrontier;
    type View = Reader;

    async fn open(&self, budget: Budget) -> SqliteFrontier {
        support::open(&self.path(), budget)
    }

    async fn killed(&self, frontier: SqliteFrontier) {
        drop(frontier);
    }

    async fn reader(&self) -> Reader {
        Reader::open(&self.path()).unwrap()
    }
}

pub struct Server(pub Redis);

impl Server {
    pub fn new() -> Server {
        Server(Redis::start(&[]))
    }

    pub fn store(&self) -> redis::Store {
        self.0.url().parse().unwrap()
    }
}

impl Store for Server {
    type Frontier = RedisFrontier;
    type View = RedisReader;

    async fn open(&self, budget: Budget) -> RedisFrontier {
        let hour = Duration::from_secs(3600);
        RedisFrontier::open(&self.store(), budget, hour)
            .await
            .unwrap()
    }

    async fn killed(&self, frontier: RedisFrontier) {
        drop(frontier); // and its heart with it
        // As if the hour of its lease were over.
        let alive: Vec<String> = self.0.command("ZRANGE {crawl}:alive 0 -1");
        for process in alive {
            self.0
                .command::<u64>(&format!("ZADD {{crawl}}:alive CH 1 {process}"));
        }
    }

    async fn reader(&self) -> RedisReader {
        RedisReader::open(&self.store()).await.unwrap()
    }
}

#[tokio::test]
async fn one_process_at_a_time_has_a_file_and_others_may_look() {
    let store = File::new();
    let frontier = store.open(BUDGET).await;
    frontier.add(vec![found("http://a.test/")]).await.unwrap();
    let second = SqliteFrontier::open(&store.path(), BUDGET).err();
    assert!(matches!(second, Some(FrontierError::Locked(_))));
    assert_eq!(store.reader().await.tally().await.unwrap().queued, 1);
}

#[tokio::test]
async fn a_file_that_is_not_ours_is_left_alone() {
    let store = File::new();
    let other = rusqlite::Connection::open(store.path()).unwrap();
    let table = "CREATE TABLE pages (secret TEXT)";
    other.execute_batch(table).unwrap();
    assert!(SqliteFrontier::open(&store.path(), BUDGET).is_err());
    assert!(Reader::open(&store.0.path().join("missing.db")).is_err());
}

#[tokio::test]
#[ignore = "needs redis-server"]
async fn a_process_renews_its_lease_as_long_as_it_lives() {
    let server = Server::new();
    let lease = Duration::from_millis(400);
    let one = RedisFrontier::open(&server.store(), BUDGET, lease)
        .await
        .unwrap();
    let ends = || {
        server
            .0
            .command::<Vec<(String, u64)>>("ZRANGE {crawl}:alive 0 -1 WITHSCORES")
    };
    let (process, first) = ends().remove(0);
    while ends()[0].1 == first {
        tokio::time::sleep(lease / 8).await;
    }
    assert_eq!(ends()[0].0, process);
    drop(one);
}

#[tokio::test]
#[ignore = "needs redis-server"]
async fn pages_of_a_process_that_died_come_back_and_its_late_end_is_refused() {
    let server = Server::new();
    let (one, other) = (server.open(BUDGET).await, server.open(BUDGET).await);
    let pages = ["http://a.test/1", "http://a.test/2"];
    one.add(pages.map(found).to_vec()).await.unwrap();
    let lost = one.claim(1).await.unwrap().pages.remove(0);
    let claim = other.claim(1).await.unwrap();
    assert!(claim.pages.is_empty(), "the host's place is taken");
    server.killed(one).await;
    let again = other.claim(1).await.unwrap().pages.remove(0);
    assert_eq!((again.id, again.lease), (lost.id, lost.lease + 1));
    // Its end was on its way.
    other.end(done(&lost)).await.unwrap();
    assert_eq!(other.tally().await.unwrap().taken, 1);
    other.end(done(&again)).await.unwrap();
    let tally = other.tally().await.unwrap();
    assert_eq!((tally.taken, tally.done, tally.queued), (0, 1, 1));
}

#[tokio::test]
#[ignore = "needs redis-server"]
async fn a_process_that_leaves_hands_its_pages_back_at_once() {
    let server = Server::new();
    let one = server.open(BUDGET).await;
    let other = server.open(BUDGET).await;
    one.add(vec![found("http://a.test/")]).await.unwrap();
    assert_eq!(one.claim(1).await.unwrap().pages.len(), 1);
    one.leave().await.unwrap();
    assert_eq!(other.claim(1).await.unwrap().pages.len(), 1);
}

#[tokio::test]
#[ignore = "needs redis-server"]
async fn hosts_are_shared_by_processes_and_so_are_their_places_and_rests() {
    let server = Server::new();
    let (one, other) = (server.open(BUDGET).await, server.open(BUDGET).await);
    let pages = ["http://a.test/1", "http://a.test/2", "http://b.test/1"];
    one.add(pages.map(found).to_vec()).await.unwrap();
    let first = one.claim(1).await.unwrap().pages.remove(0);
    let second = other.claim(9).await.unwrap().pages;
    assert_eq!(second.len(), 1, "of the other host");
    let rest = Duration::from_secs(3600);
    let mut ended = done(&first);
    ended.rest = rest;
    one.end(ended).await.unwrap();
    let claim = other.claim(9).await.unwrap();
    assert!(claim.pages.is_empty() && claim.wait > Some(rest / 2));
}

#[tokio::test]
#[ignore = "needs redis-server"]
async fn a_process_that_does_not_know_robots_txt_yet_does_not_shorten_a_delay() {
    let server = Server::new();
    let (one, other) = (server.open(BUDGET).await, server.open(BUDGET).await);
    let pages = [1, 2, 3, 4].map(|n| found(&format!("http://a.test/{n}")));
    one.add(pages.to_vec()).await.unwrap();
    let delay = Duration::from_millis(40);
    let mut ended = done(&one.claim(1).await.unwrap().pages.remove(0));
    ended.delay = delay;
    one.end(ended).await.unwrap();
    let next = loop {
        let claim = other.claim(1).await.unwrap();
        match claim.pages.into_iter().next() {
            Some(page) => break page,
            None => tokio::time::sleep(claim.wait.unwrap()).await,
        }
    };
    other
        .end(next.end(Outcome::Again { failed: false }))
        .await
        .unwrap();
    let view = server.reader().await;
    assert_eq!(view.busiest(1).await.unwrap()[0].delay, delay);
    one.leave().await.unwrap();
    let next = loop {
        let claim = other.claim(1).await.unwrap();
        match claim.pages.into_iter().next() {
            Some(page) => break page,
            None => tokio::time::sleep(claim.wait.unwrap()).await,
        }
    };
    other.end(done(&next)).await.unwrap();
    assert_eq!(
        view.busiest(1).await.unwrap()[0].delay,
        Duration::ZERO,
        "it has no say anymore"
    );
}

#[tokio::test]
#[ignore = "needs redis-server"]
async fn a_crawl_that_is_running_has_one_budget() {
    let server = Server::new();
    let one = server.open(BUDGET).await;
    let more = Budget {
        places: 4,
        ..BUDGET
    };
    let hour = Duration::from_secs(3600);
    let refused = RedisFrontier::open(&server.store(), more, hour).await.err();
    let said = refused.unwrap().to_string();
    assert_eq!(said, "places is 1 in the crawl that is running, and not 4");
    one.leave().await.unwrap();
    assert!(
        RedisFrontier::open(&server.store(), more, hour)
            .await
            .is_ok()
    );
}

#[tokio::test]
async fn a_step_that_fails_leaves_nothing_and_the_next_one_works() {
    let store = File::new();
    let frontier = store.open(BUDGET).await;
    let other = rusqlite::Connection::open(store.path()).unwrap();
    let trap =
        "CREATE TRIGGER trap BEFORE INSERT ON items BEGIN SELECT RAISE(ABORT, 'a trap'); END";
    other.execute_batch(trap).unwrap();
    frontier.add(vec![found("http://a.test/")]).await.unwrap();
    let page = frontier.claim(1).await.unwrap().pages.remove(0);
    let ended = |item: Option<&str>| Ended {
        found: vec![found("http://a.test/1"), found("http://b.test/")],
        item: item.map(str::to_owned),
        ..done(&page)
    };
    let error = frontier.end(ended(Some("{}"))).await.unwrap_err();
    assert_eq!(error.to_string(), "the frontier's store failed: a trap");
    let tally = frontier.tally().await.unwrap();
    assert_eq!((tally.queued, tally.taken), (0, 1));
    assert_eq!(frontier.claim(0).await.unwrap().pending, 1);
    frontier.end(ended(None)).await.unwrap();
    assert_eq!(frontier.claim(0).await.unwrap().pending, 2);
}
