//! How much one client may send, and how much a route does at a time.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use hyper::header::{HeaderMap, HeaderName};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use crate::config;

/// How long a request waits for a place.
const WAIT: Duration = Duration::from_secs(1);

/// After so many new clients, those that have regained all are forgotten.
const CLEAN_EVERY: usize = 10_000;

/// GCRA: each key regains at a steady rate, up to its burst. Checked and counted in one step.
#[derive(Debug)]
pub struct Rate {
    limiter: DefaultKeyedRateLimiter<Key>,
    by: Option<HeaderName>,
    /// For the field `RateLimit-Policy`.
    pub policy: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Key {
    Address(IpAddr),
    Field(Box<[u8]>),
}

impl Rate {
    /// A limit. Zero counts as one.
    pub fn new(rate: &config::Rate) -> Rate {
        let number = |n: u32| NonZeroU32::new(n).unwrap_or(NonZeroU32::MIN);
        let (per_second, burst) = (number(rate.per_second), number(rate.burst));
        let quota = Quota::per_second(per_second).allow_burst(burst);
        Rate {
            limiter: RateLimiter::keyed(quota),
            by: rate.by.as_ref().and_then(|name| name.parse().ok()),
            policy: format!("{burst};w={}", burst.get().div_ceil(per_second.get())),
        }
    }

    /// Lets a request through, or says how long to wait.
    ///
    /// # Errors
    ///
    /// The wait until one would be let through, if no other comes.
    pub fn check(&self, client: IpAddr, headers: &HeaderMap) -> Result<(), Duration> {
        if self.limiter.len() > CLEAN_EVERY {
            self.limiter.retain_recent();
        }
        let field = self.by.as_ref().and_then(|name| headers.get(name));
        let key = match field {
            Some(value) => Key::Field(value.as_bytes().into()),
            None => Key::Address(client),
        };
        let now = || DefaultClock::default().now();
        self.limiter
            .check_key(&key)
            .map_err(|early| early.wait_time_from(now()))
    }
}

/// Requests at a time.
#[derive(Clone, Debug)]
pub struct AtOnce(Arc<Semaphore>);

impl AtOnce {
    /// So many.
    pub fn new(places: usize) -> AtOnce {
        AtOnce(Arc::new(Semaphore::new(places.min(Semaphore::MAX_PERMITS))))
    }

    /// A place, or `None` if there's none within a second. Keep it until the answer has begun.
    ///
    /// Cancel safe: one that waited and left takes no place.
    pub async fn enter(&self) -> Option<OwnedSemaphorePermit> {
        timeout(WAIT, Arc::clone(&self.0).acquire_owned())
            .await
            .ok()?
            .ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    #[test]
    fn two_hundred_at_once_through_two_threads_are_ten_that_pass() {
        let (per_second, burst, by) = (1, 10, None);
        let rate = Rate::new(&config::Rate {
            per_second,
            burst,
            by,
        });
        let pass = || {
            (0..100)
                .filter(|_| rate.check(HERE, &HeaderMap::new()).is_ok())
                .count()
        };
        let passed = std::thread::scope(|scope| {
            let other = scope.spawn(pass);
            pass() + other.join().expect("counts")
        });
        assert_eq!(passed, 10);
    }

    #[tokio::test(start_paused = true)]
    async fn a_place_is_waited_for_and_not_for_ever() {
        let at_once = AtOnce::new(1);
        let first = at_once.enter().await;
        assert!(first.is_some() && at_once.enter().await.is_none());
        drop(first);
        assert!(at_once.enter().await.is_some());
    }
}
