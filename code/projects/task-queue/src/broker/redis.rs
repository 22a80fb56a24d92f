//! The broker for many machines: Redis 7 or newer, or Valkey.
//!
//! Each call is one script, so it happens as a whole and takes one round trip; the keys are
//! described in `redis/common.lua`. All keys of a namespace carry one hash tag: a namespace lives on
//! one node of a cluster, and several namespaces spread over its nodes.
//!
//! **What survives** is up to Redis. With `appendonly yes` and `appendfsync always` nothing that was
//! answered is lost; with `everysec`, up to a second of it when the machine fails; without the file,
//! everything since the last snapshot. Use `maxmemory-policy noeviction`.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use redis::{FromRedisValue, Script, ScriptInvocation};
use service::redis::Line;
use tokio_util::task::AbortOnDropHandle;

use crate::error::{BrokerError, Result};
use crate::name::QueueName;

use super::Options;
use super::bells::Bells;

mod connection;
mod leases;
mod people;
mod reply;
mod rights;
mod schedules;
mod scripts;

/// Who listens to the bells hears of a broken connection within half of this, and looks then.
const LOOK_EVERY: Duration = Duration::from_secs(10);

/// A task queue in Redis.
#[derive(Clone)]
pub struct RedisBroker {
    shared: Arc<Shared>,
}

struct Shared {
    line: Line,
    /// `{namespace}:`, the beginning of every key.
    prefix: String,
    options: Options,
    aging: i64,
    bells: Arc<Bells>,
    /// Microseconds to add to the clock of Redis: 0, but in tests.
    clock_offset: AtomicI64,
    _listener: AbortOnDropHandle<()>,
}

impl RedisBroker {
    /// Connects. `namespace` keeps several task queues on one Redis apart.
    pub async fn connect(url: &str, namespace: &QueueName, options: Options) -> Result<Self> {
        let client = redis::Client::open(url)
            .map_err(|error| BrokerError::invalid("redis url", error.to_string()))?;
        let line = connection::open(client.clone()).await?;
        let prefix = format!("{{{namespace}}}:");
        rights::check(&client, &line, &prefix).await?;
        let bells = Arc::new(Bells::new(LOOK_EVERY));
        let listener = connection::listen(client, format!("{prefix}bell"), Arc::clone(&bells));
        let shared = Shared {
            line,
            prefix,
            aging: i64::try_from(options.aging.as_micros()).unwrap_or(i64::MAX),
            options,
            bells,
            clock_offset: AtomicI64::new(0),
            _listener: AbortOnDropHandle::new(tokio::spawn(listener)),
        };
        let shared = Arc::new(shared);
        Ok(Self { shared })
    }

    /// Moves the clock that this handle (and its clones) shows the store, for tests.
    pub fn move_clock(&self, micros: i64) {
        let offset = &self.shared.clock_offset;
        offset.fetch_add(micros, Ordering::Relaxed);
    }

    async fn call<T: FromRedisValue>(
        &self,
        script: &Script,
        arguments: impl FnOnce(&mut ScriptInvocation<'_>),
    ) -> Result<T> {
        let mut call = script.key(self.shared.prefix.as_str());
        call.arg(self.shared.clock_offset.load(Ordering::Relaxed))
            .arg(self.shared.aging);
        arguments(&mut call);
        let ask = async |mut line| call.invoke_async(&mut line).await;
        Ok(self.shared.line.call(ask).await?)
    }

    fn key(&self, name: &str) -> String {
        format!("{}{name}", self.shared.prefix)
    }
}

fn millis(span: Duration) -> u64 {
    span.as_millis().try_into().unwrap_or(u64::MAX)
}
