//! The connection, what Redis's errors mean to a caller, and the ear for the bells.

use std::sync::Arc;
use std::time::Duration;

use redis::aio::ConnectionManagerConfig;
use redis::{Client, RedisError, RedisResult};
use service::redis::{Ear, Line, may_pass};
use tokio::time::sleep;
use tracing::{info, warn};

use crate::broker::bells::{Bells, Rings};
use crate::error::{BrokerError, Result};

/// How long a call may take. A call that is late may still be done: all of them can be sent again.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long connecting may take, and how long to wait before the next try.
const CONNECTING: Duration = Duration::from_secs(2);
const BETWEEN_TRIES: Duration = Duration::from_millis(500);
/// Scripts that go on when memory is full came with this version.
const OLDEST: u32 = 7;

/// Connects, to a Redis that keeps jobs.
pub(super) async fn open(client: Client) -> Result<Line> {
    let line = Line::open(client, config()).await?;
    let ask = async |mut line| redis::cmd("INFO").query_async(&mut line).await;
    match line.call(ask).await {
        Ok(about) => check(about)?,
        // A user without that right: what it would tell is a convenience.
        Err(error) if error.code() == Some("NOPERM") => {}
        Err(error) => return Err(error.into()),
    }
    Ok(line)
}

fn config() -> ConnectionManagerConfig {
    ConnectionManagerConfig::new()
        .set_number_of_retries(2)
        .set_max_delay(BETWEEN_TRIES)
        .set_connection_timeout(Some(CONNECTING))
        .set_response_timeout(Some(PATIENCE))
}

fn check(about: String) -> Result<()> {
    let value = |name: &str| {
        let mut lines = about.lines();
        lines.find_map(|line| line.strip_prefix(name)).unwrap_or("")
    };
    let version = value("redis_version:");
    let major = version.split('.').next().map(str::parse::<u32>);
    if !matches!(major, Some(Ok(OLDEST..))) {
        let reason = format!("Redis {version:?} is older than version {OLDEST}");
        return Err(BrokerError::Refused(reason));
    }
    if value("aof_enabled:") != "1" {
        warn!(
            "Redis keeps no append-only file: jobs since its last snapshot are lost when it stops"
        );
    }
    let policy = value("maxmemory_policy:");
    if !policy.is_empty() && policy != "noeviction" {
        warn!(
            policy,
            "Redis may evict jobs when its memory is full; use maxmemory-policy noeviction"
        );
    }
    Ok(())
}

/// What an error of Redis, or of the connection to it, means to the caller.
impl From<RedisError> for BrokerError {
    fn from(error: RedisError) -> Self {
        let reason = error.to_string();
        if may_pass(&error) {
            return Self::Unavailable(reason);
        }
        match error.code() {
            Some("OOM" | "MISCONF") => Self::NoRoom(reason),
            Some("MOVED" | "ASK") => Self::Unavailable(reason),
            // Of a user who may not run a command, use a key or ring a bell.
            Some("ERR") if reason.contains("executing the script") => Self::Refused(reason),
            Some("WRONGTYPE" | "ERR") => Self::Damaged(reason),
            _ => Self::Refused(reason),
        }
    }
}

/// Whether Redis answers and takes no writes.
pub(super) fn refuses_writes(error: &BrokerError) -> bool {
    let (BrokerError::NoRoom(reason) | BrokerError::Unavailable(reason)) = error else {
        return false;
    };
    let codes = ["MISCONF", "READONLY", "NOREPLICAS"];
    let reason = reason.to_uppercase();
    codes.iter().any(|code| reason.contains(code))
}

/// Hears the bells of all servers on this store.
pub(super) async fn listen(client: Client, channel: String, bells: Arc<Bells>) {
    loop {
        if let Err(error) = hear(&client, &channel, &bells).await {
            info!(%error, "the bells of Redis are not heard");
        }
        sleep(BETWEEN_TRIES).await;
    }
}

async fn hear(client: &Client, channel: &str, bells: &Bells) -> RedisResult<()> {
    let mut ear = Ear::open(client, channel).await?;
    // What rang while no one listened.
    bells.ring_all();
    loop {
        let message: String = ear.next().await?.get_payload()?;
        bells.ring(&rings(&message));
    }
}

fn rings(message: &str) -> Rings {
    let mut words = message.split(' ');
    let bell = words.next();
    Rings {
        ready: bell == Some("ready"),
        due: bell == Some("due"),
        cancel: bell == Some("cancel"),
        leased: bell == Some("leased"),
        ended: words.filter_map(|job| job.parse().ok()).collect(),
    }
}
