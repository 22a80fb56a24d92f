//! A frontier in a Redis (7 or newer), which many processes on many machines share.
//!
//! A host's places are leased: a process keeps what it took as long as it says so in time. Of one
//! that was killed, pages are queued again when its lease is over, and an end that comes after
//! that is refused.

use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{Client, FromRedisValue, RedisError, Script};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};
use tokio_util::task::AbortOnDropHandle;
use tracing::warn;

use super::clock::millis;
use super::{Budget, Claim, Ended, Found, Frontier, FrontierError, Outcome, Taken, Tally};
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

static STEPS: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("redis/steps.lua")));

type Result<T> = std::result::Result<T, FrontierError>;

/// Where a crawl is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RedisStore {
    /// The server: `redis://[[USER]:PASSWORD@]HOST[:PORT][/DB]` or `redis+unix:///PATH`.
    pub url: String,
    /// The crawl's name, which all its keys begin with.
    pub namespace: String,
}

impl std::str::FromStr for RedisStore {
    type Err = String;

    /// Reads an address with `?namespace=NAME` at its end, or without: `crawl`.
    fn from_str(text: &str) -> std::result::Result<RedisStore, String> {
        let (url, namespace) = text.split_once("?namespace=").unwrap_or((text, "crawl"));
        let schemes = ["redis://", "redis+unix://"];
        if !schemes.iter().any(|scheme| url.starts_with(scheme)) {
            return Err("it begins with neither redis:// nor redis+unix://".to_owned());
        }
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        if !(1..=64).contains(&namespace.len()) || !namespace.chars().all(is_plain) {
            return Err("a namespace has 1 to 64 letters, digits, and - _ .".to_owned());
        }
        Ok(RedisStore {
            url: url.to_owned(),
            namespace: namespace.to_owned(),
        })
    }
}

/// A process's part of a crawl. Its lease is renewed as long as this is there.
pub struct RedisFrontier {
    line: Arc<Line>,
    claims: tokio::sync::Mutex<u64>,
    heartbeat: AbortOnDropHandle<()>,
}

impl RedisFrontier {
    /// Takes part in a crawl, or begins it. `lease` is how long other processes wait before they
    /// take over the pages of this one after its last sign of life.
    ///
    /// # Errors
    ///
    /// [`FrontierError::Differs`] if the crawl is running with another budget.
    pub async fn open(
        store: &RedisStore,
        budget: Budget,
        lease: Duration,
    ) -> Result<RedisFrontier> {
        let line = Line::open(store, lease).await?;
        let settings = json!({
            "pages": budget.pages, "places": budget.places, "delay": millis(budget.delay),
        });
        let refused: Vec<String> = line.step("open", &settings).await?;
        if let [name, there] = &refused[..] {
            return Err(FrontierError::Differs {
                name: name.clone(),
                here: settings[name.as_str()].to_string(),
                there: there.clone(),
            });
        }
        let line = Arc::new(line);
        let heartbeat = tokio::spawn(beat(line.clone(), lease / 4));
        Ok(RedisFrontier {
            line,
            claims: tokio::sync::Mutex::default(),
            heartbeat: AbortOnDropHandle::new(heartbeat),
        })
    }

    /// Hands everything back at once, instead of when the lease is over.
    ///
    /// # Errors
    ///
    /// If Redis can't be reached.
    pub async fn leave(&self) -> Result<()> {
        self.heartbeat.abort();
        self.line.step("leave", &Value::Null).await
    }
}

/// Says that this process is alive.
async fn beat(line: Arc<Line>, every: Duration) {
    loop {
        sleep(every).await;
        if let Err(error) = line.step::<()>("renew", &Value::Null).await {
            warn!(%error, "the lease could not be renewed");
        }
    }
}

impl Frontier for RedisFrontier {
    async fn add(&self, found: Vec<Found>) -> Result<u64> {
        let mut new = 0;
        for some in found.chunks(TOGETHER) {
            new += self.line.step::<u64>("add", &row::links(some)).await?;
        }
        Ok(new)
    }

    async fn claim(&self, want: usize) -> Result<Claim> {
        // One at a time: an answer that was lost is that to the last claim, asked for again.
        let mut number = self.claims.lock().await;
        *number += 1;
        let ask = json!({ "number": *number, "want": want });
        let (pending, wait, rows): (u64, i64, Vec<String>) = self.line.step("claim", &ask).await?;
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
        let mut more: u64 = self.line.step("end", &row::end(&ended)).await?;
        while more > 0
            && let Outcome::HostDown(reason) = &ended.outcome
        {
            let ask = json!({ "page": ended.id, "reason": reason });
            more = self.line.step("give up", &ask).await?;
        }
        Ok(())
    }

    async fn again(&self) -> Result<()> {
        let mut from = 1_u64;
        while self.line.step("again", &json!({ "from": from })).await? {
            from += 500;
        }
        Ok(())
    }

    async fn tally(&self) -> Result<Tally> {
        self.line.tally().await
    }
}

/// The connection, and what each call carries. One that breaks is made anew by itself; one that
/// hangs can't tell, and is given up after a call that wasn't answered in time.
struct Line {
    client: Client,
    connection: Mutex<ConnectionManager>,
    prefix: String,
    process: String,
    lease: Duration,
}

impl Line {
    async fn open(store: &RedisStore, lease: Duration) -> Result<Line> {
        let client = Client::open(store.url.as_str()).map_err(failed)?;
        let connection = client.get_connection_manager_with_config(config()).await;
        Ok(Line {
            connection: Mutex::new(connection.map_err(failed)?),
            client,
            prefix: format!("{{{}}}:", store.namespace),
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
        let again = |mut line| async move { call.invoke_async(&mut line).await };
        self.patiently(again).await
    }

    async fn patiently<T, F>(&self, call: impl Fn(ConnectionManager) -> F) -> Result<T>
    where
        F: Future<Output = std::result::Result<T, RedisError>>,
    {
        let start = Instant::now();
        loop {
            let connection = self.connection().clone();
            match call(connection).await {
                Err(error) if may_pass(&error) && start.elapsed() < PATIENCE => {
                    if error.is_timeout()
                        && let Ok(new) = self.client.get_connection_manager_lazy(config())
                    {
                        *self.connection() = new;
                    }
                    sleep(BETWEEN_TRIES).await;
                }
                answer => return answer.map_err(failed),
            }
        }
    }

    fn connection(&self) -> MutexGuard<'_, ConnectionManager> {
        self.connection
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

fn config() -> ConnectionManagerConfig {
    ConnectionManagerConfig::new()
        .set_number_of_retries(1)
        .set_connection_timeout(Some(ANSWER))
        .set_response_timeout(Some(ANSWER))
}

fn may_pass(error: &RedisError) -> bool {
    let codes = [
        "LOADING",
        "READONLY",
        "BUSY",
        "MASTERDOWN",
        "TRYAGAIN",
        "CLUSTERDOWN",
    ];
    error.is_io_error()
        || error.is_timeout()
        || error.is_connection_dropped()
        || error.code().is_some_and(|code| codes.contains(&code))
}

fn failed(error: RedisError) -> FrontierError {
    FrontierError::Store(error.to_string())
}
