//! The connection, what Redis's errors mean to a caller, and the ear for the bells.

use std::sync::{Arc, Weak};
use std::time::Duration;

use redis::aio::{ConnectionManagerConfig, PubSubSink, PubSubStream};
use redis::{Client, RedisError, Value};
use service::redis::{Line, may_pass};
use tokio::time::{sleep, timeout};
use tokio_stream::StreamExt;
use tracing::{info, warn};

use crate::broker::bells::{Bells, Rings};
use crate::error::BrokerError;

/// How long a call may take. A call that is late may still be done: all of them can be sent again.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long connecting may take, and how long to wait before the next try.
const CONNECTING: Duration = Duration::from_secs(2);
const BETWEEN_TRIES: Duration = Duration::from_millis(500);
/// After so much silence the bells' connection is asked for a sign of life, and has [`CONNECTING`] to give
/// it. So one that hangs is replaced within 4.5 seconds.
const SILENCE: Duration = Duration::from_secs(2);
/// Scripts that go on when memory is full came with this version.
const OLDEST: u32 = 7;

/// Connects, to a Redis that keeps jobs.
pub(super) async fn open(client: Client) -> Result<Line, BrokerError> {
    let line = Line::open(client, config()).await.map_err(typed)?;
    let (mut connection, number) = line.connection();
    let about = redis::cmd("INFO").query_async(&mut connection).await;
    match line.heard(number, about) {
        Ok(about) => check(about)?,
        // A user without that right: what it would tell is a convenience.
        Err(error) if error.code() == Some("NOPERM") => {}
        Err(error) => return Err(typed(error)),
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

fn check(about: String) -> Result<(), BrokerError> {
    let value = |name: &str| {
        about
            .lines()
            .find_map(|line| line.strip_prefix(name))
            .unwrap_or("")
    };
    let version = value("redis_version:");
    let major: u32 = version
        .split('.')
        .next()
        .and_then(|major| major.parse().ok())
        .unwrap_or(0);
    if major < OLDEST {
        let reason = format!("Redis {version:?} is older than version {OLDEST}");
        return Err(BrokerError::Refused { reason });
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
pub(super) fn typed(error: RedisError) -> BrokerError {
    let reason = error.to_string();
    if may_pass(&error) {
        return BrokerError::Unavailable { reason };
    }
    match error.code() {
        Some("OOM" | "MISCONF") => BrokerError::NoRoom { reason },
        Some("MOVED" | "ASK") => BrokerError::Unavailable { reason },
        // Of a user who may not run a command, use a key or ring a bell.
        Some("ERR") if reason.contains("executing the script") => BrokerError::Refused { reason },
        Some("WRONGTYPE" | "ERR") => BrokerError::Damaged { reason },
        _ => BrokerError::Refused { reason },
    }
}

/// Whether Redis answers and takes no writes.
pub(super) fn refuses_writes(error: &BrokerError) -> bool {
    let (BrokerError::NoRoom { reason } | BrokerError::Unavailable { reason }) = error else {
        return false;
    };
    let codes = ["MISCONF", "READONLY", "NOREPLICAS"];
    let reason = reason.to_uppercase();
    codes.iter().any(|code| reason.contains(code))
}

/// Hears the bells of all servers on this store for as long as `bells` are used.
async fn listen(client: Client, channel: String, bells: Weak<Bells>) {
    while bells.strong_count() > 0 {
        if let Err(error) = hear(&client, &channel, &bells).await {
            info!(%error, "the bells of Redis are not heard");
        }
        sleep(BETWEEN_TRIES).await;
    }
}

async fn hear(client: &Client, channel: &str, bells: &Weak<Bells>) -> Result<(), BrokerError> {
    let (mut line, mut messages) = in_time(subscribe(client, channel)).await?;
    // What rang while no one listened.
    if let Some(bells) = bells.upgrade() {
        bells.ring_all();
    }
    loop {
        match timeout(SILENCE, messages.next()).await {
            Ok(Some(message)) => {
                let Some(bells) = bells.upgrade() else {
                    return Ok(());
                };
                bells.ring(&rings(&message.get_payload::<String>().map_err(typed)?));
            }
            Ok(None) => return Err(BrokerError::unavailable("the connection has ended")),
            // Nothing rings at night, but a connection that hangs is silent as well.
            Err(_) => drop(in_time(line.ping::<Value>()).await?),
        }
    }
}

pub(super) async fn subscribe(
    client: &Client,
    channel: &str,
) -> Result<(PubSubSink, PubSubStream), RedisError> {
    let mut subscription = client.get_async_pubsub().await?;
    subscription.subscribe(channel).await?;
    Ok(subscription.split())
}

/// This connection, unlike the other, has no limit of its own for an answer.
pub(super) async fn in_time<T>(
    call: impl Future<Output = Result<T, RedisError>>,
) -> Result<T, BrokerError> {
    match timeout(CONNECTING, call).await {
        Ok(answer) => answer.map_err(typed),
        Err(_) => Err(BrokerError::unavailable(format!(
            "no answer within {CONNECTING:?}"
        ))),
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

/// Stops the listener with the last handle of its broker.
pub(super) struct Listener(tokio::task::AbortHandle);

impl Listener {
    pub(super) fn spawn(client: Client, channel: String, bells: &Arc<Bells>) -> Self {
        let task = tokio::spawn(listen(client, channel, Arc::downgrade(bells)));
        Self(task.abort_handle())
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.0.abort();
    }
}
