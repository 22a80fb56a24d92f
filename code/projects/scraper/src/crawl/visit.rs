//! One visit: may we, does the host answer, and what does the page say?

use std::sync::Arc;
use std::time::Duration;

use patterns::retry::Backoff;
use reqwest::header::{self, HeaderName};
use tracing::{debug, warn};

use super::{Progress, Scope};
use crate::fetch::{Answer, FetchError, Fetcher};
use crate::frontier::{Ended, Found, Kind, Outcome, Taken};
use crate::hosts::{Courtesy, Host, Hosts};
use crate::page::{self, Raw};
use crate::rules::Rules;

/// While another request probes a host that was down.
const PROBING: Duration = Duration::from_secs(1);

mod links;
mod refused;
mod robots;

/// What a crawl was asked to do.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Our name in robots.txt.
    pub agent: String,
    /// Where it may go.
    pub scope: Scope,
    /// Links from a seed.
    pub depth: u32,
    /// Redirects in a row.
    pub hops: u32,
    /// Visits of this run.
    pub pages: u64,
    /// Visits at the same time, at least 1.
    pub at_once: usize,
    /// How often a page is tried, and how long its host rests in between.
    pub backoff: Backoff,
    /// How to behave towards each host.
    pub courtesy: Courtesy,
}

/// Visits pages.
pub struct Visitor {
    pub(super) settings: Settings,
    fetcher: Fetcher,
    rules: Arc<Rules>,
    /// What it has learned of each host.
    pub hosts: Hosts,
    /// For those who watch.
    pub progress: Progress,
}

impl Visitor {
    /// A visitor that knows no host yet.
    pub fn new(settings: Settings, fetcher: Fetcher, rules: Rules) -> Visitor {
        Visitor {
            hosts: Hosts::new(settings.courtesy),
            settings,
            fetcher,
            rules: Arc::new(rules),
            progress: Progress::default(),
        }
    }

    /// Visits a page, unless its host has to be asked for robots.txt first: then that was this
    /// turn, and the page has another.
    pub(super) async fn visit(&self, page: Taken) -> Ended {
        let host = self.hosts.get(&page.found.address.host()).await;
        let Some(robots) = host.robots() else {
            return self.ask_robots(&page, &host).await;
        };
        let path = page.found.address.path();
        if !robots.allows(path) {
            let rule = robots.because(path).unwrap_or_default();
            let closed = Outcome::Skipped(format!("robots.txt: {rule}"));
            return Ended {
                asked: false,
                ..end(&page, &host, closed)
            };
        }
        let permit = match host.breaker.enter() {
            Ok(permit) => permit,
            Err(open) => {
                let again = end(&page, &host, Outcome::Again { failed: false });
                return Ended {
                    asked: false,
                    rest: open.wait.max(PROBING),
                    ..again
                };
            }
        };
        if page.failures == 0 {
            host.budget.deposit();
        }
        let answer = self.fetcher.page(&page).await;
        if is_failure(&answer) {
            permit.failed();
        } else {
            permit.succeeded();
        }
        match answer {
            Ok(answer) => self.answered(&page, &host, answer).await,
            Err(error) => self.unanswered(&page, &host, error),
        }
    }

    /// What an answer means: for the page, for the pages that it links to, and for its host.
    pub async fn answered(&self, page: &Taken, host: &Host, answer: Answer) -> Ended {
        let (status, latency) = (answer.status, Some(answer.latency));
        debug!(page = %page.found.address, status, "answered");
        if answer.refuses() {
            return self.refused(page, host, &answer);
        }
        let down = host.note(latency, !(500..=599).contains(&status));
        match status {
            200..=299 | 304 => self.done(page, host, answer).await,
            301 | 302 | 303 | 307 | 308 => self.redirected(page, host, &answer),
            500..=599 => self.again(page, host, format!("status {status}"), None, down),
            _ => end(page, host, Outcome::Failed(format!("status {status}"))),
        }
    }

    fn unanswered(&self, page: &Taken, host: &Host, error: FetchError) -> Ended {
        if !error.is_transient() {
            return end(page, host, Outcome::Failed(error.to_string()));
        }
        let down = host.note(None, false);
        self.again(page, host, error.to_string(), None, down)
    }

    // ANCHOR: again
    /// A failure that may pass: rest, and again, if the page, its host and the budget allow it.
    fn again(
        &self,
        page: &Taken,
        host: &Host,
        reason: String,
        asked: Option<Duration>,
        down: bool,
    ) -> Ended {
        let (backoff, courtesy) = (&self.settings.backoff, &self.settings.courtesy);
        let failures = page.failures + 1;
        let jitter = backoff.full_jitter(failures, fastrand::f64());
        // What the server asks for is kept even if this page is given up.
        let rest = asked.map_or(jitter, |asked| asked.min(courtesy.rest) + jitter);
        let outcome = if down {
            warn!(host = page.found.address.host(), reason, "host given up");
            Outcome::HostDown(format!("host given up: {reason}"))
        } else if failures >= backoff.attempts || !host.budget.withdraw() {
            Outcome::Failed(format!("{reason}, after {failures} attempts"))
        } else {
            Outcome::Again { failed: true }
        };
        Ended {
            rest,
            ..end(page, host, outcome)
        }
    }
    // ANCHOR_END: again

    /// A redirect is a link. So its target is in scope or not, allowed by robots.txt or not,
    /// visited once, and polite to: all by the rules that hold for links.
    fn redirected(&self, page: &Taken, host: &Host, answer: &Answer) -> Ended {
        let hops = page.found.hops + 1;
        let fail = |reason: String| end(page, host, Outcome::Failed(reason));
        if hops > self.settings.hops {
            return fail(format!("more than {} redirects", self.settings.hops));
        }
        let location = answer.header(header::LOCATION).unwrap_or_default();
        let target = match page.found.address.join(location) {
            Ok(target) => target,
            Err(error) => return fail(format!("redirects away: {error}")),
        };
        if !self.settings.scope.allows(&target) {
            let out = format!("redirects out of scope: {target}");
            return end(page, host, Outcome::Skipped(out));
        }
        let found = Found {
            address: target,
            hops,
            on: Some(page.id),
            ..page.found.clone()
        };
        Ended {
            found: vec![found],
            ..end(page, host, done(answer))
        }
    }

    async fn done(&self, page: &Taken, host: &Host, answer: Answer) -> Ended {
        let outcome = done(&answer);
        let ended = end(page, host, outcome);
        if answer.status == 304 || answer.body.is_empty() {
            return ended;
        }
        if page.found.kind == Kind::Sitemap {
            let found = self.listed(page, answer.body).await;
            return Ended { found, ..ended };
        }
        let text = |name: HeaderName| answer.header(name).map(str::to_owned);
        let raw = Raw {
            address: page.found.address.clone(),
            content_type: text(header::CONTENT_TYPE),
            robots_tag: text(HeaderName::from_static("x-robots-tag")),
            body: answer.body,
        };
        let parsed = page::read(raw, self.rules.clone()).await;
        self.parsed(page, parsed, ended)
    }
}

/// The host's failures, as its breaker counts them. "Slow down" isn't one.
fn is_failure(answer: &Result<Answer, FetchError>) -> bool {
    match answer {
        Ok(answer) => answer.status >= 500 && !answer.refuses(),
        Err(error) => error.is_transient(),
    }
}

fn done(answer: &Answer) -> Outcome {
    let text = |name| answer.header(name).map(str::to_owned);
    Outcome::Done {
        status: answer.status,
        etag: text(header::ETAG),
        modified: text(header::LAST_MODIFIED),
    }
}

fn end(page: &Taken, host: &Host, outcome: Outcome) -> Ended {
    Ended {
        delay: host.delay(),
        ..page.end(outcome)
    }
}
