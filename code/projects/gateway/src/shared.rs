//! A rate that several gateways count together, in Redis.
//!
//! While Redis doesn't answer, each gateway counts for itself. So an outage of Redis refuses no
//! one, and lets through at most as many times more as there are gateways.

use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{Client, RedisResult, Script};
use tokio::time::{Instant, timeout};
use tracing::warn;

/// So long a request waits for Redis.
const PATIENCE: Duration = Duration::from_millis(50);

/// And so long none asks it, when it hasn't answered.
const PAUSE: Duration = Duration::from_secs(1);

// ANCHOR: script
/// GCRA by the clock of Redis, in microseconds. What is kept is when this client will have
/// regained all; it's forgotten then. Returns how long to wait, 0 for not at all.
static SCRIPT: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "local each, burst = tonumber(ARGV[1]), tonumber(ARGV[2])
        local time = redis.call('TIME')
        local now = time[1] * 1000000 + time[2]
        local whole = math.max(tonumber(redis.call('GET', KEYS[1]) or now), now)
        local early = whole - each * (burst - 1) - now
        if early > 0 then return math.ceil(early) end
        whole = whole + each
        redis.call('SET', KEYS[1], string.format('%.0f', whole), 'PX', math.ceil((whole - now) / 1000))
        return 0",
    )
});
// ANCHOR_END: script

/// A Redis that gateways share.
pub struct Shared {
    /// Where it is.
    pub url: String,
    connection: ConnectionManager,
    /// Until then, it isn't asked. Short sections, without awaits.
    away_until: Mutex<Option<Instant>>,
}

impl Shared {
    /// Connects when it's first asked. Fails if that isn't an address of a Redis.
    pub fn new(url: &str) -> RedisResult<Shared> {
        let limits = ConnectionManagerConfig::new()
            .set_connection_timeout(Some(PATIENCE))
            .set_response_timeout(Some(PATIENCE))
            .set_number_of_retries(1);
        Ok(Shared {
            url: url.to_owned(),
            connection: Client::open(url)?.get_connection_manager_lazy(limits)?,
            away_until: Mutex::default(),
        })
    }

    /// Counts a request under this key, which regains one `each` so long, up to `burst`. The wait,
    /// if it comes too early; `None`, if Redis doesn't say.
    ///
    /// Cancel safe: one that leaves may have been counted.
    pub async fn check(
        &self,
        key: &str,
        each: Duration,
        burst: u32,
    ) -> Option<Result<(), Duration>> {
        if self.away().is_some_and(|until| Instant::now() < until) {
            return None;
        }
        let mut call = SCRIPT.key(key);
        call.arg(each.as_nanos() as f64 / 1_000.0).arg(burst);
        let mut connection = self.connection.clone();
        match timeout(PATIENCE, call.invoke_async::<u64>(&mut connection)).await {
            Ok(Ok(0)) => Some(Ok(())),
            Ok(Ok(wait)) => Some(Err(Duration::from_micros(wait))),
            failed => {
                warn!(?failed, "rates are counted by each gateway");
                *self.away() = Some(Instant::now() + PAUSE);
                None
            }
        }
    }

    fn away(&self) -> MutexGuard<'_, Option<Instant>> {
        let away = self.away_until.lock();
        away.unwrap_or_else(PoisonError::into_inner)
    }
}
