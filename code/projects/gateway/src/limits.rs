//! How much one client may send, and how much a route does at a time.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use hyper::header::{HeaderMap, HeaderName};
use sha2::{Digest, Sha256};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use crate::config;
use crate::shared::Shared;

/// How long a request waits for a place.
const WAIT: Duration = Duration::from_secs(1);

/// After so many new clients, those that have regained all are forgotten.
const CLEAN_EVERY: usize = 10_000;

/// GCRA: each key regains at a steady rate, up to its burst. Checked and counted in one step.
pub struct Rate {
    limiter: DefaultKeyedRateLimiter<Key>,
    quota: Quota,
    by: Option<HeaderName>,
    /// Where gateways count together, and the beginning of the keys there.
    shared: Option<(Arc<Shared>, String)>,
    /// For the field `RateLimit-Policy`.
    pub policy: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Key {
    Address(IpAddr),
    Field(Box<[u8]>),
}

impl Rate {
    /// The limit of a route. Zero counts as one.
    pub fn new(rate: &config::Rate, route: &str, shared: Option<&Arc<Shared>>) -> Rate {
        let some = |number| NonZeroU32::new(number).unwrap_or(NonZeroU32::MIN);
        let (per_second, burst) = (some(rate.per_second), some(rate.burst));
        let quota = Quota::per_second(per_second).allow_burst(burst);
        let shared = shared.filter(|_| rate.shared);
        Rate {
            limiter: RateLimiter::keyed(quota),
            quota,
            by: rate.by.clone(),
            shared: shared.map(|shared| (Arc::clone(shared), format!("gateway:rate:{route}"))),
            policy: format!("{burst};w={}", burst.get().div_ceil(per_second.get())),
        }
    }

    /// Lets a request through, or says how long to wait, if no other comes. Waits for Redis if the
    /// rate is shared.
    pub async fn check(&self, client: IpAddr, headers: &HeaderMap) -> Result<(), Duration> {
        let key = match self.by.as_ref().and_then(|name| headers.get(name)) {
            Some(value) => Key::Field(value.as_bytes().into()),
            None => Key::Address(client),
        };
        if let Some((shared, route)) = &self.shared {
            let (each, burst) = (self.quota.replenish_interval(), self.quota.burst_size());
            let name = format!("{route}:{}", key.name());
            if let Some(said) = shared.check(&name, each, burst.get()).await {
                return said;
            }
        }
        if self.limiter.len() > CLEAN_EVERY {
            self.limiter.retain_recent();
        }
        let passed = self.limiter.check_key(&key);
        passed.map_err(|early| early.wait_time_from(DefaultClock::default().now()))
    }
}

impl Key {
    /// What Redis knows it by. A field may be a secret, so that is its hash.
    fn name(&self) -> String {
        match self {
            Key::Address(address) => address.to_string(),
            Key::Field(value) => {
                let hash = Sha256::digest(value);
                hash.iter().map(|byte| format!("{byte:02x}")).collect()
            }
        }
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
        let place = timeout(WAIT, Arc::clone(&self.0).acquire_owned()).await;
        place.ok()?.ok()
    }
}
