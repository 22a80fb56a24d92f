//! What each frontier must do, as scenarios that know no store. What's of one store alone is in
//! `stores.rs`.

use std::time::Duration;

use web_scraper::address::Address;
use web_scraper::crawl::seed;
use web_scraper::frontier::{Budget, Ended, Found, Frontier, Outcome, Taken, View};

use crate::stores::Store;
use crate::support::set;

pub const BUDGET: Budget = Budget {
    pages: 100,
    places: 1,
    delay: Duration::ZERO,
};
const HOUR: Duration = Duration::from_secs(3600);

pub fn found(url: &str) -> Found {
    seed(Address::parse(url).unwrap())
}

pub fn done(page: &Taken) -> Ended {
    page.end(Outcome::Done {
        status: 200,
        etag: None,
        modified: None,
    })
}

async fn take(frontier: &impl Frontier) -> Taken {
    let mut claim = frontier.claim(1).await.unwrap();
    claim.pages.pop().expect("a page is due")
}

async fn three_pages_and_two_places<S: Store>(store: &S) -> S::Frontier {
    let frontier = store
        .open(Budget {
            places: 2,
            ..BUDGET
        })
        .await;
    let pages = [1, 2, 3].map(|n| found(&format!("http://a.test/{n}")));
    frontier.add(pages.to_vec()).await.unwrap();
    frontier
}

/// Runs each scenario on an empty file, and in an empty Redis.
macro_rules! on_both_stores {
    ($($scenario:ident)+) => {
        mod sqlite {
            $(
                #[tokio::test]
                async fn $scenario() {
                    super::$scenario(&crate::stores::File::new()).await;
                }
            )+
        }

        mod redis {
            $(
                #[tokio::test]
                #[ignore = "needs redis-server"]
                async fn $scenario() {
                    super::$scenario(&crate::stores::Server::new()).await;
                }
            )+
        }
    };
}

on_both_stores! {
    an_address_is_queued_once_however_often_it_is_found
    what_was_taken_by_a_process_that_died_is_queued_again
    an_end_that_is_sent_twice_counts_once
    a_turn_ends_visits_and_then_takes_what_they_found
    a_host_rests_and_others_do_not
    with_one_visit_at_a_time_the_delay_begins_when_that_has_ended
    a_visit_that_asked_for_nothing_costs_its_host_no_time
    a_host_also_rests_across_a_restart
    a_rest_is_not_cut_short_by_a_visit_that_ends_later
    a_host_has_so_many_visits_at_once
    pages_beyond_the_budget_of_their_host_are_counted_and_forgotten
    pages_of_a_host_that_is_down_are_given_up_together
    a_sitemaps_pages_wait_for_higher_priorities
    callers_that_come_together_share_a_commit_and_each_gets_its_answer
    what_a_reader_sees_is_what_there_is
    a_page_that_is_asked_for_again_says_what_it_was
    many_links_and_a_host_with_many_pages_are_many_steps
}

async fn an_address_is_queued_once_however_often_it_is_found(store: &impl Store) {
    let frontier = store.open(BUDGET).await;
    let twice = || vec![found("http://a.test/#x"), found("http://A.test:80/")];
    assert_eq!(frontier.add(twice()).await, Ok(1));
    assert_eq!(frontier.add(twice()).await, Ok(0));
    let claim = frontier.claim(10).await.unwrap();
    assert_eq!((claim.pages.len(), claim.pending), (1, 1));
}

async fn what_was_taken_by_a_process_that_died_is_queued_again(store: &impl Store) {
    let frontier = store.open(BUDGET).await;
    frontier
        .add(vec![found("http://a.test/"), found("http://b.test/")])
        .await
        .unwrap();
    assert_eq!(frontier.claim(10).await.unwrap().pages.len(), 2);
    store.killed(frontier).await;
    let claim = store.open(BUDGET).await.claim(10).await.unwrap();
    assert_eq!((claim.pages.len(), claim.pending), (2, 2));
}

async fn an_end_that_is_sent_twice_counts_once(store: &impl Store) {
    let frontier = store.open(BUDGET).await;
    frontier
        .add(vec![found("http://a.test/"), found("http://b.test/")])
        .await
        .unwrap();
    let page = take(&frontier).await;
    frontier.end(done(&page)).await.unwrap();
    frontier.end(done(&page)).await.unwrap();
    assert_eq!(frontier.claim(0).await.unwrap().pending, 1);
}

async fn a_turn_ends_visits_and_then_takes_what_they_found(store: &impl Store) {
    let frontier = store.open(BUDGET).await;
    let seeds = ["http://a.test/", "http://b.test/"].map(found);
    frontier.add(seeds.into()).await.unwrap();
    let first = frontier.turn(Vec::new(), 10).await.unwrap();
    assert_eq!((first.pages.len(), first.pending), (2, 2));
    // Each host has one place, which is free again in the same turn.
    let ended = first.pages.iter().map(|page| Ended {
        found: vec![found(&format!("{}next", page.found.address))],
        ..done(page)
    });
    let second = frontier.turn(ended.collect(), 10).await.unwrap();
    assert_eq!((second.pages.len(), second.pending), (2, 2));
    let ended = second.pages.iter().map(done).collect();
    assert_eq!(frontier.turn(ended, 0).await.unwrap().pending, 0);
    assert_eq!(frontier.tally().await.unwrap().done, 4);
}

async fn a_host_rests_and_others_do_not(store: &impl Store) {
    let frontier = store
        .open(Budget {
            delay: HOUR,
            ..BUDGET
        })
        .await;
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
            ..done(&claim.pages[0])
        })
        .await
        .unwrap();
    let claim = frontier.claim(10).await.unwrap();
    assert!(claim.pages.is_empty() && claim.pending == 2);
    assert!(claim.wait > Some(HOUR / 2));
}

async fn with_one_visit_at_a_time_the_delay_begins_when_that_has_ended(store: &impl Store) {
    let frontier = store
        .open(Budget {
            delay: HOUR,
            ..BUDGET
        })
        .await;
    let pages = ["http://a.test/1", "http://a.test/2"];
    frontier.add(pages.map(found).to_vec()).await.unwrap();
    let page = take(&frontier).await;
    tokio::time::sleep(Duration::from_millis(300)).await; // the visit takes long
    let ends = std::time::Instant::now();
    frontier
        .end(Ended {
            delay: HOUR,
            ..done(&page)
        })
        .await
        .unwrap();
    let wait = frontier.claim(10).await.unwrap().wait.unwrap();
    assert!(wait + ends.elapsed() >= HOUR);
}

async fn a_visit_that_asked_for_nothing_costs_its_host_no_time(store: &impl Store) {
    let frontier = store
        .open(Budget {
            delay: HOUR,
            ..BUDGET
        })
        .await;
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
        ..done(&page)
    };
    frontier.end(skipped).await.unwrap();
    assert_eq!(frontier.claim(10).await.unwrap().pages.len(), 1);
}

async fn a_host_also_rests_across_a_restart(store: &impl Store) {
    let frontier = store.open(BUDGET).await;
    frontier
        .add(vec![found("http://a.test/1"), found("http://a.test/2")])
        .await
        .unwrap();
    let page = take(&frontier).await;
    frontier
        .end(Ended {
            rest: HOUR,
            ..done(&page)
        })
        .await
        .unwrap();
    store.killed(frontier).await;
    let claim = store.open(BUDGET).await.claim(10).await.unwrap();
    assert!(claim.pages.is_empty() && claim.wait > Some(HOUR / 2));
    let view = store.reader().await;
    let rests = HOUR / 2..HOUR + Duration::from_secs(1);
    assert!(rests.contains(&view.busiest(1).await.unwrap()[0].rest));
    let page = view.page(&page.found.address).await.unwrap().unwrap();
    assert!(rests.contains(&page.rest), "{page:?}");
}

async fn a_rest_is_not_cut_short_by_a_visit_that_ends_later(store: &impl Store) {
    let frontier = three_pages_and_two_places(store).await;
    let claim = frontier.claim(2).await.unwrap();
    frontier
        .end(Ended {
            rest: HOUR,
            ..done(&claim.pages[0])
        })
        .await
        .unwrap();
    frontier.end(done(&claim.pages[1])).await.unwrap();
    let claim = frontier.claim(1).await.unwrap();
    assert!(claim.pages.is_empty() && claim.wait > Some(HOUR / 2));
}

async fn a_host_has_so_many_visits_at_once(store: &impl Store) {
    let frontier = three_pages_and_two_places(store).await;
    let claim = frontier.claim(10).await.unwrap();
    assert_eq!(claim.pages.len(), 2);
    assert_eq!(claim.wait, None, "no moment helps: a visit has to end");
    frontier.end(done(&claim.pages[0])).await.unwrap();
    assert_eq!(frontier.claim(10).await.unwrap().pages.len(), 1);
}

async fn pages_beyond_the_budget_of_their_host_are_counted_and_forgotten(store: &impl Store) {
    let frontier = store.open(Budget { pages: 5, ..BUDGET }).await;
    let pages = (0..20).map(|n| found(&format!("http://a.test/{n}")));
    assert_eq!(frontier.add(pages.collect()).await, Ok(5));
    let tally = frontier.tally().await.unwrap();
    assert_eq!((tally.queued, tally.beyond), (5, 15));
}

async fn pages_of_a_host_that_is_down_are_given_up_together(store: &impl Store) {
    let frontier = store.open(BUDGET).await;
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
            ..done(&page)
        })
        .await
        .unwrap();
    let tally = frontier.tally().await.unwrap();
    assert_eq!((tally.failed, tally.queued), (3, 1));
    assert_eq!(frontier.claim(0).await.unwrap().pending, 1);
}

async fn a_sitemaps_pages_wait_for_higher_priorities(store: &impl Store) {
    let frontier = store.open(BUDGET).await;
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

async fn callers_that_come_together_share_a_commit_and_each_gets_its_answer(store: &impl Store) {
    let frontier = store
        .open(Budget {
            pages: 10_000,
            ..BUDGET
        })
        .await;
    let add = |n: u32| frontier.add(vec![found(&format!("http://a.test/{}", n % 500))]);
    let new = futures::future::join_all((0..1_000).map(add)).await;
    let new: u64 = new.into_iter().map(Result::unwrap).sum();
    assert_eq!(new, 500);
}

async fn what_a_reader_sees_is_what_there_is(store: &impl Store) {
    let frontier = store.open(BUDGET).await;
    let pages = ["http://a.test/1", "http://a.test/2", "http://b.test/1"];
    frontier.add(pages.map(found).to_vec()).await.unwrap();
    let page = take(&frontier).await;
    let first = page.found.address.clone();
    let link = Found {
        depth: 1,
        on: Some(page.id),
        ..found("http://c.test/")
    };
    let ended = Ended {
        found: vec![link],
        item: Some("{\"title\":\"t\u{e4}a\"}".to_owned()),
        ..done(&page)
    };
    frontier.end(ended).await.unwrap();
    let failed = take(&frontier).await;
    let outcome = Outcome::Failed("status 404".to_owned());
    frontier.end(failed.end(outcome)).await.unwrap();

    let view = store.reader().await;
    let tally = view.tally().await.unwrap();
    assert_eq!(tally, frontier.tally().await.unwrap());
    assert_eq!((tally.queued, tally.done, tally.failed), (2, 1, 1));
    assert_eq!((tally.items, tally.hosts), (1, 3));
    let seeds = set(["a.test", "b.test"].map(str::to_owned));
    assert_eq!(view.seeds().await.unwrap(), seeds);
    assert_eq!(
        view.reasons(5).await.unwrap(),
        [("status 404".to_owned(), 1)]
    );
    assert_eq!(view.busiest(9).await.unwrap().len(), 2);
    let page = view.page(&first).await.unwrap().unwrap();
    assert_eq!(
        (page.state, page.status, page.found_on),
        ("done", Some(200), None)
    );
    let linked = Address::parse("http://c.test/").unwrap();
    let page = view.page(&linked).await.unwrap().unwrap();
    assert_eq!((page.state, page.depth), ("queued", 1));
    assert_eq!(page.found_on.as_deref(), Some(first.as_str()));
    let unknown = Address::parse("http://d.test/").unwrap();
    assert_eq!(view.page(&unknown).await.unwrap(), None);
    let mut items = Vec::new();
    let write = |item: &str| {
        items.push(item.to_owned());
        Ok(())
    };
    view.items(write).await.unwrap();
    assert_eq!(items, ["{\"title\":\"t\u{e4}a\"}"]);
}

async fn a_page_that_is_asked_for_again_says_what_it_was(store: &impl Store) {
    let frontier = store.open(BUDGET).await;
    let page = Found {
        depth: 3,
        hops: 2,
        priority: -1,
        kind: web_scraper::frontier::Kind::Sitemap,
        ..found("http://a.test/?a=b&c=%20")
    };
    frontier.add(vec![page.clone()]).await.unwrap();
    let taken = take(&frontier).await;
    assert_eq!((&taken.found, taken.failures), (&page, 0));
    frontier
        .end(taken.end(Outcome::Again { failed: true }))
        .await
        .unwrap();
    let taken = take(&frontier).await;
    assert_eq!((&taken.found, taken.failures), (&page, 1));
    let outcome = Outcome::Done {
        status: 200,
        etag: Some("\"v1\"".to_owned()),
        modified: Some("yesterday".to_owned()),
    };
    frontier.end(taken.end(outcome)).await.unwrap();
    assert_eq!(frontier.claim(1).await.unwrap().pending, 0);
    frontier.again().await.unwrap();
    let taken = take(&frontier).await;
    assert_eq!((&taken.found, taken.failures), (&page, 0));
    assert_eq!(taken.etag.as_deref(), Some("\"v1\""));
    assert_eq!(taken.modified.as_deref(), Some("yesterday"));
    assert_eq!(frontier.claim(1).await.unwrap().pending, 1);
}

async fn many_links_and_a_host_with_many_pages_are_many_steps(store: &impl Store) {
    let budget = Budget {
        pages: 5_000,
        ..BUDGET
    };
    let frontier = store.open(budget).await;
    frontier.add(vec![found("http://a.test/")]).await.unwrap();
    let page = take(&frontier).await;
    let links = (0..1_700).map(|n| found(&format!("http://a.test/{n}")));
    let ended = Ended {
        found: links.collect(),
        ..done(&page)
    };
    frontier.end(ended).await.unwrap();
    assert_eq!(frontier.tally().await.unwrap().queued, 1_700);
    let page = take(&frontier).await;
    let down = Outcome::HostDown("no answer".to_owned());
    frontier.end(page.end(down)).await.unwrap();
    let tally = frontier.tally().await.unwrap();
    assert_eq!((tally.queued, tally.taken, tally.failed), (0, 0, 1_700));
    frontier.again().await.unwrap();
    assert_eq!(frontier.tally().await.unwrap().queued, 1_701);
    assert_eq!(store.reader().await.reasons(1).await, Ok(vec![]));
}
