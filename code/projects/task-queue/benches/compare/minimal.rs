//! The floor: the fewest commands that make a queue with priorities and leases, and nothing around them.
//!
//! One script enqueues, one claims a single job, one finishes it; 32 loops share a connection. There is no
//! heartbeat, no one looks for leases that ran out, nothing is retried, counted, delayed or kept.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, ensure};
use redis::Script;
use redis::aio::MultiplexedConnection;
use tokio::time;
use uuid::Uuid;

use crate::payload;
use crate::producer::{self, Sender};
use crate::program::Role;
use crate::tally::{self, Tally};

const ENQUEUE: &str = "
for at = 1, #ARGV, 2 do
  redis.call('HSET', 'jobs', ARGV[at], ARGV[at + 1])
  redis.call('ZADD', 'ready', at, ARGV[at])
end";

const CLAIM: &str = "
local first = redis.call('ZPOPMIN', 'ready')
if not first[1] then return nil end
local now = redis.call('TIME')
redis.call('ZADD', 'leases', now[1] + ARGV[1], first[1])
return { first[1], redis.call('HGET', 'jobs', first[1]) }";

const FINISH: &str = "
if redis.call('ZREM', 'leases', ARGV[1]) == 0 then return 0 end
return redis.call('HDEL', 'jobs', ARGV[1])";

/// How long a loop that found nothing sleeps.
const LOOK_AGAIN: Duration = Duration::from_millis(1);

#[derive(Clone)]
struct Minimal {
    connection: MultiplexedConnection,
    scripts: Arc<Scripts>,
}

struct Scripts {
    enqueue: Script,
    claim: Script,
    finish: Script,
}

#[tokio::main]
pub async fn run(role: Role) -> Result<()> {
    let client = redis::Client::open(std::env::var("STORE")?)?;
    let minimal = Minimal {
        connection: client.get_multiplexed_async_connection().await?,
        scripts: Arc::new(Scripts {
            enqueue: Script::new(ENQUEUE),
            claim: Script::new(CLAIM),
            finish: Script::new(FINISH),
        }),
    };
    let tally = Arc::new(Tally::of_environment());
    if role != Role::Producer {
        for _ in 0..tally::number("JOBS") {
            tokio::spawn(work(minimal.clone(), Arc::clone(&tally)));
        }
    }
    producer::obey_all(&minimal, &tally).await
}

async fn work(minimal: Minimal, tally: Arc<Tally>) -> Result<()> {
    let (mut connection, scripts) = (minimal.connection, minimal.scripts);
    let lease = tally::number("LEASE");
    loop {
        let mut claim = scripts.claim.prepare_invoke();
        let found = claim.arg(lease).invoke_async(&mut connection).await?;
        let Some((id, payload)): Option<(String, String)> = found else {
            time::sleep(LOOK_AGAIN).await;
            continue;
        };
        if let Some(held) = tally.note(payload::sent(&payload)?) {
            time::sleep(held).await;
        }
        let mut finish = scripts.finish.prepare_invoke();
        let () = finish.arg(id).invoke_async(&mut connection).await?;
    }
}

impl Sender for Minimal {
    async fn send(&self, jobs: usize, delay: Duration) -> Result<()> {
        ensure!(delay.is_zero(), "the minimal loop has no delays");
        let mut enqueue = self.scripts.enqueue.prepare_invoke();
        for _ in 0..jobs {
            enqueue
                .arg(Uuid::now_v7().to_string())
                .arg(payload::payload());
        }
        let () = enqueue.invoke_async(&mut self.connection.clone()).await?;
        Ok(())
    }
}
