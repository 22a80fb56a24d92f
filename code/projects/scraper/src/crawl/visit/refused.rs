//! A host that asks to be left alone is left alone, for as long as it asks (RFC 9110, 10.2.3). What
//! is longer than a crawl waits is the end of this crawl for the host.

use std::time::Duration;

use super::{Visitor, end};
use crate::fetch::Answer;
use crate::frontier::{Ended, Outcome, Taken};
use crate::hosts::Host;

impl Visitor {
    /// "Slow down" is said to the crawl and not to the page, so the first one in a row is no
    /// failure of the page. From the second on it is: a page that's refused each time must not
    /// make the host seem so.
    pub(super) fn refused(&self, page: &Taken, host: &Host, answer: &Answer) -> Ended {
        let (backoff, courtesy) = (&self.settings.backoff, &self.settings.courtesy);
        let asked = answer.retry_after().unwrap_or(backoff.first);
        let in_a_row = host.refused(Some(answer.latency), asked.min(courtesy.rest));
        let reason = format!("status {}", answer.status);
        if asked > courtesy.rest {
            return self.again(page, host, too_long(&reason, asked), Some(asked), true);
        }
        if in_a_row > 1 {
            let down = in_a_row >= courtesy.failures;
            return self.again(page, host, reason, Some(asked), down);
        }
        Ended {
            rest: asked + backoff.full_jitter(1, fastrand::f64()),
            ..end(page, host, Outcome::Again { failed: false })
        }
    }
}

/// For people, who'll find it in `status` and `explain`.
pub(super) fn too_long(reason: &str, asked: Duration) -> String {
    format!("{reason}, not to be asked for {} s", asked.as_secs())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use patterns::breaker::Law;
    use patterns::retry::Backoff;
    use reqwest::header::{HeaderMap, RETRY_AFTER};
    use tokio::time::{Instant, sleep};

    use super::*;
    use crate::address::Address;
    use crate::crawl::{Scope, Settings, seed};
    use crate::fetch::{Fetcher, Limits};
    use crate::guard::Resolver;
    use crate::hosts::Courtesy;
    use crate::rules::Rules;

    const SECOND: Duration = Duration::from_secs(1);
    const HOUR: Duration = Duration::from_secs(3600);
    const DAY: Duration = Duration::from_secs(24 * 3600);

    fn visitor() -> Visitor {
        let settings = Settings {
            agent: "bookbot".to_owned(),
            scope: Scope::Any,
            depth: 1,
            hops: 1,
            pages: 1,
            at_once: 1,
            backoff: Backoff {
                first: SECOND,
                longest: 60 * SECOND,
                attempts: 3,
            },
            courtesy: Courtesy {
                delay: SECOND,
                longest: 60 * SECOND,
                rest: DAY,
                breaker: Law {
                    window: 60 * SECOND,
                    calls: 5,
                    ratio: 0.8,
                    pause: 30 * SECOND,
                    probes: 1,
                },
                failures: 20,
            },
        };
        let limits = Limits {
            body: 1,
            total: SECOND,
            idle: SECOND,
        };
        let resolver = Resolver {
            private: false,
            known: Arc::default(),
        };
        let fetcher = Fetcher::new("bookbot/1", resolver, limits).expect("a client");
        Visitor::new(settings, fetcher, Rules::parse("rule = []").expect("rules"))
    }

    fn page(failures: u32) -> Taken {
        Taken {
            id: 1,
            lease: 0,
            found: seed(Address::parse("http://a.example/").expect("an address")),
            failures,
            etag: None,
            modified: None,
        }
    }

    fn busy(seconds: u64) -> Answer {
        Answer {
            status: 429,
            headers: HeaderMap::from_iter([(RETRY_AFTER, seconds.into())]),
            body: Vec::new(),
            latency: Duration::ZERO,
        }
    }

    /// Pages of a host that refuses each, and says the same rest: how many requests come, in how
    /// long, and how does it end?
    async fn crawled(pages: usize, seconds: u64) -> (u32, Duration, Vec<Outcome>) {
        let (visitor, start) = (visitor(), Instant::now());
        let host = visitor.hosts.get("a.example").await;
        let (mut requests, mut ends) = (0, Vec::new());
        for _ in 0..pages {
            let mut failures = 0;
            loop {
                requests += 1;
                let busy = busy(seconds);
                let ended = visitor.answered(&page(failures), &host, busy).await;
                match ended.outcome {
                    Outcome::Again { failed } => failures += u32::from(failed),
                    Outcome::HostDown(_) => {
                        ends.push(ended.outcome);
                        return (requests, start.elapsed(), ends);
                    }
                    outcome => {
                        ends.push(outcome);
                        sleep(ended.rest).await;
                        break;
                    }
                }
                sleep(ended.rest).await;
            }
        }
        (requests, start.elapsed(), ends)
    }

    #[tokio::test(start_paused = true)]
    async fn who_asks_for_an_hour_is_asked_once_an_hour_and_given_up_after_twenty() {
        let (requests, took, mut ends) = crawled(100, 3600).await;
        assert_eq!(requests, 20);
        assert!(took >= 19 * HOUR && took < 20 * HOUR, "{took:?}");
        let down = Outcome::HostDown("host given up: status 429".to_owned());
        assert_eq!(ends.pop(), Some(down));
    }

    #[tokio::test(start_paused = true)]
    async fn who_asks_for_more_than_a_day_is_given_up_at_once() {
        let (requests, _, ends) = crawled(100, 7 * 24 * 3600).await;
        let reason = "host given up: status 429, not to be asked for 604800 s";
        assert_eq!(
            (requests, ends),
            (1, vec![Outcome::HostDown(reason.to_owned())])
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_refusal_that_passes_costs_no_page_an_attempt() {
        let visitor = visitor();
        let host = visitor.hosts.get("a.example").await;
        for _ in 0..100 {
            let ended = visitor.answered(&page(0), &host, busy(5)).await;
            assert_eq!(ended.outcome, Outcome::Again { failed: false });
            sleep(ended.rest).await;
            host.note(None, true);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn refusals_of_requests_that_were_under_way_together_are_one() {
        let visitor = visitor();
        let host = visitor.hosts.get("a.example").await;
        for _ in 0..64 {
            let ended = visitor.answered(&page(0), &host, busy(5)).await;
            assert_eq!(ended.outcome, Outcome::Again { failed: false });
        }
    }
}
