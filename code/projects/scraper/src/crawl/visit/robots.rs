//! A host's robots.txt: asked for once a day, before its first page.

use std::time::Duration;

use reqwest::header::{self, HeaderMap};
use tracing::{debug, warn};

use super::refused::too_long;
use super::{Visitor, end};
use crate::address::Address;
use crate::fetch::FetchError;
use crate::frontier::{Ended, Found, Kind, Outcome, Taken};
use crate::hosts::Host;
use crate::robots::Robots;

/// robots.txt is tried so often; a host where it can't be read is closed.
const ROBOTS_ATTEMPTS: u32 = 3;
/// Redirects of robots.txt that are followed; the RFC asks for five.
const ROBOTS_HOPS: usize = 5;
/// Sitemaps that a robots.txt may name.
const SITEMAPS: usize = 20;

impl Visitor {
    pub(super) async fn ask_robots(&self, page: &Taken, host: &Host) -> Ended {
        let again = end(page, host, Outcome::Again { failed: false });
        let _asking = host.asking.lock().await;
        if host.robots().is_some() {
            return Ended {
                asked: false,
                ..again
            };
        }
        let robots = match self.fetch_robots(&page.found.address).await {
            Ok(robots) => robots,
            Err((error, _)) if !error.is_transient() => {
                return end(page, host, Outcome::Failed(error.to_string()));
            }
            Err((error, Some(asked))) if asked > self.settings.courtesy.rest => {
                let reason = too_long(&format!("robots.txt: {error}"), asked);
                return self.again(page, host, reason, Some(asked), true);
            }
            Err((error, asked)) if host.robots_failed() < ROBOTS_ATTEMPTS => {
                debug!(host = page.found.address.host(), %error, "robots.txt can't be read");
                let jitter = self.settings.backoff.full_jitter(1, fastrand::f64());
                return Ended {
                    rest: (asked.unwrap_or_default() + jitter).max(host.delay()),
                    ..again
                };
            }
            Err((error, _)) => {
                warn!(host = page.found.address.host(), %error, "closed: no robots.txt");
                Robots::closed()
            }
        };
        let lists = robots.sitemaps.iter().take(SITEMAPS);
        let lists = lists.filter_map(|text| page.found.address.join(text).ok());
        let lists = lists.filter_map(|list| self.link(page, list));
        let kind = Kind::Sitemap;
        let found = lists
            .map(|list| Found {
                kind,
                priority: 1,
                ..list
            })
            .collect();
        if let Some(asked) = host.set_robots(robots) {
            let (name, kept) = (page.found.address.host(), self.settings.courtesy.longest);
            warn!(host = name, ?asked, ?kept, "crawl-delay cut");
        }
        let delay = host.delay();
        Ended {
            found,
            delay,
            rest: delay,
            ..again
        }
    }

    /// 4xx opens a host. 429, 5xx and no answer are errors that may pass, after `Retry-After`.
    async fn fetch_robots(&self, page: &Address) -> Result<Robots, (FetchError, Option<Duration>)> {
        let mut address = page.robots();
        for _ in 0..=ROBOTS_HOPS {
            let answer = self.fetcher.get(&address, HeaderMap::new()).await;
            let answer = match answer {
                // What's longer than our limit is longer than the RFC's.
                Err(FetchError::Large(_)) => return Ok(Robots::closed()),
                answer => answer.map_err(|error| (error, None))?,
            };
            match answer.status {
                200..=299 => return Ok(Robots::parse(&self.settings.agent, &answer.body)),
                300..=399 => {
                    let location = answer.header(header::LOCATION).unwrap_or_default();
                    let Ok(target) = address.join(location) else {
                        break;
                    };
                    address = target;
                }
                429 | 500..=599 => {
                    let error = FetchError::Broken(format!("status {}", answer.status));
                    return Err((error, answer.retry_after()));
                }
                _ => break,
            }
        }
        Ok(Robots::open())
    }
}
