//! What a crawl makes of "slow down": 429, and 5xx with `Retry-After`. No server is needed, and the
//! clock is paused.

use std::sync::Arc;
use std::time::Duration;

use patterns::retry::Backoff;
use reqwest::header::{HeaderMap, RETRY_AFTER};
use tokio::time::{Instant, sleep};
use web_scraper::address::Address;
use web_scraper::crawl::{Visitor, seed};
use web_scraper::fetch::Answer;
use web_scraper::frontier::{Ended, Outcome, Taken};
use web_scraper::hosts::Host;

use crate::support::{Crawl, set};

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(24 * 3600);

const AGAIN: Outcome = Outcome::Again { failed: false };
const FAILED_AND_AGAIN: Outcome = Outcome::Again { failed: true };

/// A visitor with the program's own limits, and the host that answers it.
struct Visit(Arc<Visitor>, Arc<Host>);

impl Visit {
    async fn new() -> Visit {
        let mut crawl = Crawl::new();
        crawl.settings.backoff = Backoff {
            first: SECOND,
            longest: MINUTE,
            attempts: 3,
        };
        let courtesy = &mut crawl.settings.courtesy;
        (courtesy.longest, courtesy.rest, courtesy.failures) = (MINUTE, DAY, 20);
        let visitor = crawl.visitor();
        let host = visitor.hosts.get("a.test").await;
        Visit(visitor, host)
    }

    /// The end of a visit to a page that has failed so often, by an answer without a body.
    async fn ended(&self, failures: u32, status: u16, retry_after: Option<Duration>) -> Ended {
        let page = Taken {
            id: 1,
            lease: 0,
            found: seed(Address::parse("http://a.test/").unwrap()),
            failures,
            etag: None,
            modified: None,
        };
        let seconds = retry_after.map(|rest| (RETRY_AFTER, rest.as_secs().into()));
        let answer = Answer {
            status,
            headers: HeaderMap::from_iter(seconds),
            body: Vec::new(),
            latency: Duration::ZERO,
        };
        self.0.answered(&page, &self.1, answer).await
    }

    async fn refused(&self, failures: u32, rest: Duration) -> Ended {
        self.ended(failures, 429, Some(rest)).await
    }

    /// Visits pages that are refused each time, until the host is given up. How many requests were
    /// that, in how long, and how did the pages end?
    async fn refused_until_given_up(&self, rest: Duration) -> (u32, Duration, Vec<Outcome>) {
        let (start, mut requests, mut failures, mut ends) = (Instant::now(), 0, 0, Vec::new());
        loop {
            requests += 1;
            assert!(requests < 1_000, "it's asked without an end");
            let ended = self.refused(failures, rest).await;
            match ended.outcome {
                Outcome::Again { failed } => failures += u32::from(failed),
                outcome => {
                    failures = 0;
                    ends.push(outcome);
                }
            }
            if let Some(Outcome::HostDown(_)) = ends.last() {
                return (requests, start.elapsed(), ends);
            }
            sleep(ended.rest).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn who_asks_for_an_hour_is_asked_once_an_hour_and_given_up_after_twenty() {
    let visit = Visit::new().await;
    let (requests, took, ends) = visit.refused_until_given_up(HOUR).await;
    assert_eq!(requests, 20);
    assert!(took >= 19 * HOUR && took < 20 * HOUR, "{took:?}");
    let failed = Outcome::Failed("status 429, after 3 attempts".to_owned());
    assert_eq!(
        ends.first(),
        Some(&failed),
        "the first refusal cost nothing"
    );
    let down = Outcome::HostDown("host given up: status 429".to_owned());
    assert_eq!(ends.last(), Some(&down));
}

#[tokio::test(start_paused = true)]
async fn a_day_is_granted_and_who_asks_for_more_is_given_up_and_left_alone_for_a_day() {
    let visit = Visit::new().await;
    let ended = visit.refused(0, DAY).await;
    assert_eq!(ended.outcome, AGAIN);
    assert!((DAY..=DAY + MINUTE).contains(&ended.rest));

    let visit = Visit::new().await;
    let ended = visit.refused(0, 7 * DAY).await;
    let reason = "host given up: status 429, not to be asked for 604800 s";
    assert_eq!(ended.outcome, Outcome::HostDown(reason.to_owned()));
    assert!((DAY..=DAY + MINUTE).contains(&ended.rest));
    // A page that's found later is asked for after this day; its refusal is the second in a row.
    sleep(ended.rest).await;
    assert_eq!(visit.refused(0, SECOND).await.outcome, FAILED_AND_AGAIN);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_that_passes_costs_no_page_an_attempt() {
    let visit = Visit::new().await;
    for _ in 0..100 {
        let ended = visit.refused(0, 5 * SECOND).await;
        assert_eq!(ended.outcome, AGAIN);
        sleep(ended.rest).await;
        visit.ended(0, 200, None).await;
    }
}

#[tokio::test(start_paused = true)]
async fn refusals_of_requests_that_were_under_way_together_are_one() {
    let visit = Visit::new().await;
    let mut rests = Vec::new();
    for _ in 0..64 {
        let ended = visit.refused(0, 5 * SECOND).await;
        assert_eq!(ended.outcome, AGAIN);
        rests.push(ended.rest);
    }
    assert!(rests.iter().all(|rest| *rest >= 5 * SECOND));
    assert!(set(rests).len() > 1, "crawlers would all come back at once");
}

#[tokio::test(start_paused = true)]
async fn a_shorter_rest_does_not_end_a_longer_one() {
    let visit = Visit::new().await;
    visit.refused(0, HOUR).await;
    visit.refused(0, 5 * SECOND).await;
    sleep(10 * SECOND).await;
    assert_eq!(visit.refused(0, 5 * SECOND).await.outcome, AGAIN);
    sleep(HOUR).await;
    assert_eq!(visit.refused(0, HOUR).await.outcome, FAILED_AND_AGAIN);
}

#[tokio::test(start_paused = true)]
async fn a_429_that_does_not_say_how_long_is_a_rest_of_a_second() {
    let visit = Visit::new().await;
    let ended = visit.ended(0, 429, None).await;
    assert_eq!(ended.outcome, AGAIN);
    assert!((SECOND..=2 * SECOND).contains(&ended.rest));
}

#[tokio::test(start_paused = true)]
async fn a_503_that_says_how_long_is_a_refusal_and_one_that_does_not_is_a_failure() {
    let visit = Visit::new().await;
    let ended = visit.ended(0, 503, Some(HOUR)).await;
    assert_eq!(ended.outcome, AGAIN);
    assert!(ended.rest >= HOUR);

    let visit = Visit::new().await;
    let ended = visit.ended(0, 503, None).await;
    assert_eq!(ended.outcome, FAILED_AND_AGAIN);
    assert!(ended.rest <= SECOND);
}

#[tokio::test(start_paused = true)]
async fn a_404_is_no_refusal_even_if_it_says_how_long() {
    let visit = Visit::new().await;
    let ended = visit.ended(0, 404, Some(HOUR)).await;
    let failed = Outcome::Failed("status 404".to_owned());
    assert_eq!((ended.outcome, ended.rest), (failed, Duration::ZERO));
}

#[tokio::test(start_paused = true)]
async fn a_refusal_makes_the_delay_of_its_host_longer() {
    let visit = Visit::new().await;
    let before = visit.1.delay();
    let ended = visit.refused(0, 5 * SECOND).await;
    assert!(ended.delay > before);
}

#[tokio::test(start_paused = true)]
async fn pages_that_fail_are_asked_for_again_as_long_as_their_hosts_budget_lasts() {
    let visit = Visit::new().await;
    let mut again = 0;
    for _ in 0..30 {
        let ended = visit.ended(0, 500, None).await;
        again += u32::from(ended.outcome == FAILED_AND_AGAIN);
        visit.ended(0, 200, None).await; // not so often in a row that the host is given up
    }
    assert_eq!(again, 10);
}
