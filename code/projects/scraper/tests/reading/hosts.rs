//! What a crawl learns of a host while it runs.

use std::sync::Arc;
use std::time::Duration;

use patterns::breaker::Law;
use web_scraper::hosts::{Courtesy, Host, Hosts};
use web_scraper::robots::Robots;

const LONGEST: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(24 * 3600);

async fn host(delay: Duration) -> Arc<Host> {
    let courtesy = Courtesy {
        delay,
        longest: LONGEST,
        rest: DAY,
        breaker: Law {
            window: LONGEST,
            calls: 5,
            ratio: 0.5,
            pause: LONGEST,
            probes: 1,
        },
        failures: 3,
    };
    Hosts::new(courtesy).get("a.example").await
}

#[tokio::test]
async fn a_host_that_gets_slow_is_asked_less_often_and_recovers() {
    let least = Duration::from_millis(10);
    let host = host(least).await;
    let (fast, slow) = (Duration::from_millis(50), Duration::from_millis(900));
    for _ in 0..50 {
        host.note(Some(fast), true);
    }
    assert_eq!(host.delay(), least);
    host.note(Some(slow), true);
    let longer = host.delay();
    assert!(longer > least);
    host.note(Some(slow), true);
    assert_eq!(host.delay(), longer * 2);
    for _ in 0..100 {
        host.note(Some(fast), true);
    }
    assert_eq!(host.delay(), least);
}

#[tokio::test]
async fn refusals_slow_down_to_the_longest_delay_and_no_further() {
    let host = host(Duration::ZERO).await;
    for _ in 0..100 {
        host.note(None, false);
    }
    assert_eq!(host.delay(), LONGEST);
}

#[tokio::test(start_paused = true)]
async fn a_crawl_delay_is_kept_up_to_the_longest_and_reported_beyond() {
    let host = host(Duration::from_secs(1)).await;
    let with = |text: &str| Robots::parse("bookbot", text.as_bytes());
    assert_eq!(host.set_robots(with("User-agent: *\nCrawl-delay: 7")), None);
    assert_eq!(host.delay(), Duration::from_secs(7));
    let asked = host.set_robots(with("User-agent: *\nCrawl-delay: 86400"));
    assert_eq!(asked, Some(DAY));
    assert_eq!(host.delay(), LONGEST);
}

#[tokio::test(start_paused = true)]
async fn robots_txt_is_asked_for_again_after_a_day() {
    let host = host(Duration::ZERO).await;
    host.set_robots(Robots::open());
    tokio::time::advance(DAY - Duration::from_secs(1)).await;
    assert!(host.robots().is_some());
    tokio::time::advance(Duration::from_secs(1)).await;
    assert!(host.robots().is_none());
}

#[tokio::test]
async fn failures_in_a_row_give_a_host_up() {
    let host = host(Duration::ZERO).await;
    assert!(!host.note(None, false) && !host.note(None, false));
    assert!(!host.note(None, true) && !host.note(None, false));
    assert!(!host.note(None, false) && host.note(None, false));
}
