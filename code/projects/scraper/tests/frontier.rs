//! What each frontier must do.

use std::time::Duration;

use web_scraper::address::Address;
use web_scraper::crawl::seed;
use web_scraper::frontier::{
    Budget, Claim, Ended, Found, Frontier, FrontierError, Outcome, Reader, SqliteFrontier, Taken,
};

use crate::support::set;

const BUDGET: Budget = Budget {
    pages: 100,
    places: 1,
    delay: Duration::ZERO,
};
const HOUR: Duration = Duration::from_secs(3600);

fn found(url: &str) -> Found {
    seed(Address::parse(url).unwrap())
}

fn ended(page: &Taken) -> Ended {
    Ended {
        id: page.id,
        outcome: Outcome::Done {
            status: 200,
            etag: None,
            modified: None,
        },
        found: Vec::new(),
        item: None,
        asked: true,
        delay: Duration::ZERO,
        rest: Duration::ZERO,
    }
}

struct Store(tempfile::TempDir);

impl Store {
    fn new() -> Store {
        Store(tempfile::tempdir().unwrap())
    }

    fn file(&self) -> std::path::PathBuf {
        self.0.path().join("frontier.db")
    }

    fn open(&self, budget: Budget) -> SqliteFrontier {
        // The thread of a handle that was dropped may hold the lock for a moment longer.
        loop {
            match SqliteFrontier::open(&self.file(), budget) {
                Err(FrontierError::Locked(_)) => std::thread::yield_now(),
                opened => return opened.unwrap(),
            }
        }
    }
}

async fn take(frontier: &SqliteFrontier) -> Taken {
    let Claim { mut pages, .. } = frontier.claim(1).await.unwrap();
    pages.pop().expect("a page is due")
}

#[tokio::test]
async fn an_address_is_queued_once_however_often_it_is_found() {
    let frontier = Store::new().open(BUDGET);
    let twice = || vec![found("http://a.test/#x"), found("http://A.test:80/")];
    assert_eq!(frontier.add(twice()).await, Ok(1));
    assert_eq!(frontier.add(twice()).await, Ok(0));
    let claim = frontier.claim(10).await.unwrap();
    assert_eq!((claim.pages.len(), claim.pending), (1, 1));
}

#[tokio::test]
async fn what_was_taken_by_a_process_that_died_is_queued_again() {
    let store = Store::new();
    let frontier = store.open(BUDGET);
    frontier
        .add(vec![found("http://a.test/"), found("http://b.test/")])
        .await
        .unwrap();
    assert_eq!(frontier.claim(10).await.unwrap().pages.len(), 2);
    drop(frontier);
    let claim = store.open(BUDGET).claim(10).await.unwrap();
    assert_eq!((claim.pages.len(), claim.pending), (2, 2));
}

#[tokio::test]
async fn an_end_that_is_sent_twice_counts_once() {
    let frontier = Store::new().open(BUDGET);
    frontier
        .add(vec![found("http://a.test/"), found("http://b.test/")])
        .await
        .unwrap();
    let page = take(&frontier).await;
    frontier.end(ended(&page)).await.unwrap();
    frontier.end(ended(&page)).await.unwrap();
    assert_eq!(frontier.claim(0).await.unwrap().pending, 1);
}

#[tokio::test]
async fn a_host_rests_and_others_do_not() {
    let frontier = Store::new().open(Budget {
        delay: HOUR,
        ..BUDGET
    });
    let pages = ["http://a.test/1", "http://a.test/2", "http://b.test/1"];
    frontier.add(pages.map(found).to_vec()).await.unwrap();
    let claim = frontier.claim(10).await.unwrap();
    assert_eq!(
        set(claim.pages.iter().map(|page| page.found.address.host())).len(),
        2
    );
    assert_eq!(claim.pages.len(), 2);
    frontier
        .end(Ended {
            delay: HOUR,
            ..ended(&claim.pages[0])
        })
        .await
        .unwrap();
    let claim = frontier.claim(10).await.unwrap();
    assert!(claim.pages.is_empty() && claim.pending == 2);
    assert!(claim.wait > Some(HOUR / 2));
}

#[tokio::test]
async fn with_one_visit_at_a_time_the_delay_begins_when_that_has_ended() {
    let frontier = Store::new().open(Budget {
        delay: HOUR,
        ..BUDGET
    });
    let pages = ["http://a.test/1", "http://a.test/2"];
    frontier.add(pages.map(found).to_vec()).await.unwrap();
    let page = take(&frontier).await;
    tokio::time::sleep(Duration::from_millis(300)).await; // the visit takes long
    let ends = std::time::Instant::now();
    frontier
        .end(Ended {
            delay: HOUR,
            ..ended(&page)
        })
        .await
        .unwrap();
    let wait = frontier.claim(10).await.unwrap().wait.unwrap();
    assert!(wait + ends.elapsed() >= HOUR);
}

#[tokio::test]
async fn a_visit_that_asked_for_nothing_costs_its_host_no_time() {
    let frontier = Store::new().open(Budget {
        delay: HOUR,
        ..BUDGET
    });
    frontier
        .add(vec![found("http://a.test/1"), found("http://a.test/2")])
        .await
        .unwrap();
    let page = take(&frontier).await;
    let outcome = Outcome::Skipped("robots.txt".to_owned());
    let skipped = Ended {
        asked: false,
        outcome,
        delay: HOUR,
        ..ended(&page)
    };
    frontier.end(skipped).await.unwrap();
    assert_eq!(frontier.claim(10).await.unwrap().pages.len(), 1);
}

#[tokio::test]
async fn a_host_also_rests_across_a_restart() {
    let store = Store::new();
    let frontier = store.open(BUDGET);
    frontier
        .add(vec![found("http://a.test/1"), found("http://a.test/2")])
        .await
        .unwrap();
    let page = take(&frontier).await;
    frontier
        .end(Ended {
            rest: HOUR,
            ..ended(&page)
        })
        .await
        .unwrap();
    drop(frontier);
    let claim = store.open(BUDGET).claim(10).await.unwrap();
    assert!(claim.pages.is_empty() && claim.wait > Some(HOUR / 2));
}

#[tokio::test]
async fn a_host_has_so_many_visits_at_once() {
    let frontier = Store::new().open(Budget {
        places: 2,
        ..BUDGET
    });
    let pages = [1, 2, 3].map(|n| found(&format!("http://a.test/{n}")));
    frontier.add(pages.to_vec()).await.unwrap();
    let claim = frontier.claim(10).await.unwrap();
    assert_eq!(claim.pages.len(), 2);
    assert_eq!(claim.wait, None, "no moment helps: a visit has to end");
    frontier.end(ended(&claim.pages[0])).await.unwrap();
    assert_eq!(frontier.claim(10).await.unwrap().pages.len(), 1);
}

#[tokio::test]
async fn pages_beyond_the_budget_of_their_host_are_counted_and_forgotten() {
    let frontier = Store::new().open(Budget { pages: 5, ..BUDGET });
    let pages = (0..20).map(|n| found(&format!("http://a.test/{n}")));
    assert_eq!(frontier.add(pages.collect()).await, Ok(5));
    let tally = frontier.tally().await.unwrap();
    assert_eq!((tally.queued, tally.beyond), (5, 15));
}

#[tokio::test]
async fn pages_of_a_host_that_is_down_are_given_up_together() {
    let frontier = Store::new().open(BUDGET);
    let pages = [
        "http://a.test/1",
        "http://a.test/2",
        "http://a.test/3",
        "http://b.test/1",
    ];
    frontier.add(pages.map(found).to_vec()).await.unwrap();
    let page = take(&frontier).await;
    assert_eq!(page.found.address.host(), "a.test");
    let outcome = Outcome::HostDown("no answer".to_owned());
    frontier
        .end(Ended {
            outcome,
            ..ended(&page)
        })
        .await
        .unwrap();
    let tally = frontier.tally().await.unwrap();
    assert_eq!((tally.failed, tally.queued), (3, 1));
    assert_eq!(frontier.claim(0).await.unwrap().pending, 1);
}

#[tokio::test]
async fn a_sitemaps_pages_wait_for_higher_priorities() {
    let frontier = Store::new().open(BUDGET);
    let first = Found {
        priority: 1,
        ..found("http://a.test/first")
    };
    frontier
        .add(vec![found("http://a.test/then"), first])
        .await
        .unwrap();
    assert_eq!(
        take(&frontier).await.found.address.as_str(),
        "http://a.test/first"
    );
}

#[tokio::test]
async fn one_process_at_a_time_has_it_and_others_may_look() {
    let store = Store::new();
    let frontier = store.open(BUDGET);
    frontier.add(vec![found("http://a.test/")]).await.unwrap();
    let second = SqliteFrontier::open(&store.file(), BUDGET).err();
    assert!(matches!(second, Some(FrontierError::Locked(_))));
    assert_eq!(
        Reader::open(&store.file()).unwrap().tally().unwrap().queued,
        1
    );
}

#[tokio::test]
async fn callers_that_come_together_share_a_commit_and_each_gets_its_answer() {
    let frontier = Store::new().open(Budget {
        pages: 10_000,
        ..BUDGET
    });
    let add = |n: u32| frontier.add(vec![found(&format!("http://a.test/{}", n % 500))]);
    let new = futures::future::join_all((0..1_000).map(add)).await;
    let new: u64 = new.into_iter().map(Result::unwrap).sum();
    assert_eq!(new, 500);
}

#[test]
fn a_file_that_is_not_ours_is_left_alone() {
    let store = Store::new();
    let other = rusqlite::Connection::open(store.file()).unwrap();
    other
        .execute_batch("CREATE TABLE pages (secret TEXT)")
        .unwrap();
    assert!(SqliteFrontier::open(&store.file(), BUDGET).is_err());
    std::fs::write(store.file().with_extension("txt"), "a text").unwrap();
    assert!(Reader::open(&store.0.path().join("missing.db")).is_err());
}
