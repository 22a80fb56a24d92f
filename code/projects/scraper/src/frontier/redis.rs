//! A frontier in a Redis (7 or newer), which many processes on many machines share.
//!
//! A host's places are leased: a process keeps what it took as long as it says so in time. Of one
//! that was killed, pages are queued again when its lease is over, and an end that comes after
//! that is refused.

use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{Client, FromRedisValue, RedisError, Script};
use serde_json::{Value, json};
use service::redis::{Line, Store, may_pass};
use tokio::time::{Instant, sleep};
use tokio_util::task::AbortOnDropHandle;
use tracing::warn;

use super::clock::millis;
use super::{Budget, Claim, Ended, Found, Frontier, FrontierError, Outcome, Result, Taken, Tally};
use row::Row;

pub use reader::RedisReader;

mod reader;
mod row;

/// An answer that takes longer is asked for again: all calls can be.
const ANSWER: Duration = Duration::from_secs(5);
/// A Redis that's gone longer ends the crawl, which can be resumed.
const PATIENCE: Duration = Duration::from_secs(60);
const BETWEEN_TRIES: Duration = Duration::from_millis(300);
/// Addresses in one step; what a page has beyond is added before it ends.
const TOGETHER: usize = 500;

/// The crawl's name, if none was given.
const NAMESPACE: &str = "crawl";

static STEPS: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("redis/steps.lua")));

/// A process's part of a crawl. Its lease is renewed as long as this is there.
pub struct RedisFrontier {
    calls: Arc<Calls>,
    number: tokio::sync::Mutex<u64>,
    heartbeat: AbortOnDropHandle<()>,
}

impl RedisFrontier {
    /// Takes part in a crawl, or begins it. `lease` is how long other processes wait before they
    /// take over the pages of this one after its last sign of life.
    ///
    /// # Errors
    ///
    /// [`FrontierError::Differs`] if the crawl is running with another budget.
    pub async fn open(store: &Store, budget: Budget, lease: Duration) -> Result<RedisFrontier> {
        let calls = Calls::open(store, lease).await?;
        let settings = json!({
            "pages": budget.pages, "places": budget.places, "delay": millis(budget.delay),
        });
        let refused: Vec<String> = calls.step("open", &settings).await?;
        if let [name, there] = &refused[..] {
            return Err(FrontierError::Differs {
                name: name.clone(),
                here: settings[name.as_str()].to_string(),
                there: there.clone(),
            });
        }
        let calls = Arc::new(calls);
        let heartbeat = tokio::spawn(beat(calls.clone(), lease / 4));
        Ok(RedisFrontier {
            calls,
            number: tokio::sync::Mutex::default(),
            heartbeat: AbortOnDropHandle::new(heartbeat),
        })
    }

    /// Hands everything back at once, instead of when the lease is over.
    pub async fn leave(&self) -> Result<()> {
        self.heartbeat.abort();
        self.calls.step("leave", &Value::Null).await
    }
}

/// Says that this process is alive.
async fn beat(calls: Arc<Calls>, every: Duration) {
    loop {
        sleep(every).await;
        if let Err(error) = calls.step::<()>("renew", &Value::Null).await {
            warn!(%error, "the lease could not be renewed");
        }
    }
}

impl Frontier for RedisFrontier {
    async fn add(&self, found: Vec<Found>) -> Result<u64> {
        let mut new = 0;
        for some in found.chunks(TOGETHER) {
            new += self.calls.step::<u64>("add", &row::links(some)).await?;
        }
        Ok(new)
    }

    async fn claim(&self, want: usize) -> Result<Claim> {
        // One at a time: an answer that was lost is that to the last claim, asked for again.
        let mut number = self.number.lock().await;
        *number += 1;
        let ask = json!({ "number": *number, "want": want });
        let (pending, wait, rows): (u64, i64, Vec<String>) = self.calls.step("claim", &ask).await?;
        let pages = rows
            .chunks_exact(2)
            .map(|pair| Row::parse(&pair[1])?.taken(&pair[0]));
        Ok(Claim {
            pages: pages.collect::<Result<Vec<Taken>>>()?,
            pending,
            wait: u64::try_from(wait).ok().map(Duration::from_millis),
        })
    }

    async fn end(&self, mut ended: Ended) -> Result<()> {
        let last = ended.found.len().saturating_sub(TOGETHER);
        self.add(ended.found.drain(..last).collect()).await?;
        let mut more: u64 = self.calls.step("end", &row::end(&ended)).await?;
        while more > 0
            && let Outcome::HostDown(reason) = &ended.outcome
        {
            let ask = json!({ "page": ended.id, "reason": reason });
            more = self.calls.step("give up", &ask).await?;
        }
        Ok(())
    }

    async fn again(&self) -> Result<()> {
        let mut from = 1_u64;
        while self.calls.step("again", &json!({ "from": from })).await? {
            from += 500;
        }
        Ok(())
    }

    async fn tally(&self) -> Result<Tally> {
        self.calls.tally().await
    }
}

/// The connection, and what each call carries.
struct Calls {
    line: Line,
    prefix: String,
    process: String,
    lease: Duration,
}

impl Calls {
    async fn open(store: &Store, lease: Duration) -> Result<Calls> {
        let client = Client::open(store.url.as_str()).map_err(failed)?;
        let limits = ConnectionManagerConfig::new()
            .set_number_of_retries(1)
            .set_connection_timeout(Some(ANSWER))
            .set_response_timeout(Some(ANSWER));
        Ok(Calls {
            line: Line::open(client, limits).await.map_err(failed)?,
            prefix: format!("{{{}}}:", store.namespace.as_deref().unwrap_or(NAMESPACE)),
            process: format!("{:016x}", RandomState::new().hash_one(())),
            lease,
        })
    }

    /// Runs a step, again if Redis is gone for a moment: each can be sent twice.
    async fn step<T: FromRedisValue>(&self, step: &str, ask: &Value) -> Result<T> {
        let mut call = STEPS.key(self.prefix.as_str());
        call.arg(step)
            .arg(&self.process)
            .arg(millis(self.lease))
            .arg(ask.to_string());
        let call = &call;
        self.patiently(|mut line| async move { call.invoke_async(&mut line).await })
            .await
    }

    async fn patiently<T, F>(&self, call: impl Fn(ConnectionManager) -> F) -> Result<T>
    where
        F: Future<Output = std::result::Result<T, RedisError>>,
    {
        let start = Instant::now();
        loop {
            match self.line.call(&call).await {
                Err(error) if may_pass(&error) && start.elapsed() < PATIENCE => {
                    sleep(BETWEEN_TRIES).await;
                }
                answer => return answer.map_err(failed),
            }
        }
    }
}

fn failed(error: RedisError) -> FrontierError {
    FrontierError::Store(error.to_string())
}
