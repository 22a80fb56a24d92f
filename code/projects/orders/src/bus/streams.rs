//! A bus for many machines: one Redis stream, with a consumer group for each consumer.
//!
//! The id of an entry is the position of its event, and Redis takes no id that isn't above the
//! last. So what is sent twice stands there once, and a relay that was taken for dead can't put
//! old messages behind new ones.
//!
//! One process reads for a group at a time (see [`lease`](crate::lease)), since two would
//! overtake each other. What was handed out and isn't acknowledged is read first, whoever had it.

use std::collections::HashMap;
use std::time::Duration;

use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{Client, ErrorKind, FromRedisValue, RedisError, ServerErrorKind};
use tokio::time::sleep;
use tracing::warn;

use super::{BusError, Lanes, Message, ROOM};
use crate::database::PAUSE;

/// The stream.
const STREAM: &str = "orders";
/// So many messages may wait for a group; then the relay waits, and the log is the queue.
pub const WAITING: u64 = 10_000;
/// So many messages are kept: more than may wait, so none goes that isn't acknowledged.
const KEPT: u64 = 2 * WAITING;
/// How long Redis waits for something to read.
const BLOCK: Duration = Duration::from_secs(1);
/// An answer that takes longer isn't waited for.
const PATIENCE: Duration = Duration::from_secs(4);

/// A cheap-to-clone handle.
#[derive(Clone, Debug)]
pub struct Streams {
    client: Client,
    redis: ConnectionManager,
    groups: &'static [&'static str],
}

/// An entry: its id and its fields, which are gone if it was deleted.
type Entry = (String, Option<HashMap<String, String>>);

impl From<RedisError> for BusError {
    fn from(error: RedisError) -> Self {
        BusError::Down(error.to_string())
    }
}

impl Streams {
    /// Prepares for the Redis that the URL names, which may come later, and for these consumers.
    ///
    /// # Errors
    ///
    /// If the URL can't be read.
    pub fn new(url: &str, groups: &'static [&'static str]) -> Result<Streams, BusError> {
        let client = Client::open(url)?;
        let redis = manager(&client)?;
        Ok(Streams {
            client,
            redis,
            groups,
        })
    }

    /// Adds the messages that the stream hasn't, if no group has too many to read.
    ///
    /// # Errors
    ///
    /// Then any of them may be there or not.
    pub async fn publish(&self, messages: Vec<Message>) -> Result<(), BusError> {
        let mut redis = self.redis.clone();
        if self.waiting().await? > WAITING {
            return Err(BusError::Down("its consumers are behind".to_owned()));
        }
        let mut adds = redis::pipe();
        adds.ignore_errors();
        for message in messages {
            let (id, text) = (format!("{}-0", message.id), serde_json::to_string(&message));
            let text = text.expect("a message is plain data");
            let add = (STREAM, "MAXLEN", "~", KEPT, id, "message", text);
            adds.cmd("XADD").arg(add);
        }
        let answers: Vec<redis::Value> = adds.query_async(&mut redis).await?;
        for answer in answers {
            match answer.extract_error() {
                Err(error) if !is_known(&error) => return Err(error.into()),
                _ => {}
            }
        }
        Ok(())
    }

    /// How many messages the group that is furthest behind has yet to read or to acknowledge.
    /// Makes groups that aren't there.
    ///
    /// # Errors
    ///
    /// If Redis doesn't answer.
    pub async fn waiting(&self) -> Result<u64, BusError> {
        let mut redis = self.redis.clone();
        for group in self.groups {
            create(&mut redis, group).await?;
        }
        let mut info = redis::cmd("XINFO");
        let info = info.arg(("GROUPS", STREAM)).query_async(&mut redis);
        let groups: Vec<HashMap<String, redis::Value>> = info.await?;
        let numbers = |mut group: HashMap<String, redis::Value>| {
            let numbers = ["lag", "pending"].map(|name| group.remove(name));
            let numbers = numbers.into_iter().flatten();
            numbers
                .filter_map(|it| u64::from_redis_value(it).ok())
                .sum()
        };
        Ok(groups.into_iter().map(numbers).max().unwrap_or(0))
    }

    /// Gives a group's messages to the lanes of its consumer. Doesn't end.
    ///
    /// Cancel safety: dropping this leaves what wasn't acknowledged to the next who reads.
    pub async fn consume(&self, group: &str, lanes: &Lanes) {
        loop {
            if let Err(error) = self.consume_all(group, lanes).await {
                warn!(group, %error, "the consumer waits");
                sleep(PAUSE).await;
            }
        }
    }

    async fn consume_all(&self, group: &str, lanes: &Lanes) -> Result<(), BusError> {
        let mut redis = manager(&self.client)?; // its own: it's blocked while it waits
        create(&mut redis, group).await?;
        let mut from = "0"; // what was handed out before; then ">", what wasn't
        loop {
            let entries = read(&mut redis, group, from).await?;
            if entries.is_empty() {
                from = ">";
                continue;
            }
            let (mut ids, mut messages) = (Vec::new(), Vec::new());
            for (id, fields) in entries {
                let text = fields.and_then(|mut fields| fields.remove("message"));
                match serde_json::from_str(&text.unwrap_or_default()) {
                    Ok(message) => messages.push(message),
                    Err(error) => {
                        let position = id.split('-').next().and_then(|it| it.parse().ok());
                        let (position, error) = (position.unwrap_or(0), error.to_string());
                        lanes.parked.park(group, position, &error).await?;
                    }
                }
                ids.push(id);
            }
            lanes.deliver(&messages).await?;
            let mut acknowledge = redis::cmd("XACK");
            let acknowledge = acknowledge.arg((STREAM, group, ids));
            acknowledge.exec_async(&mut redis).await?;
        }
    }
}

async fn create(redis: &mut ConnectionManager, group: &str) -> Result<(), RedisError> {
    let mut create = redis::cmd("XGROUP");
    let create = create.arg(("CREATE", STREAM, group, 0, "MKSTREAM"));
    match create.exec_async(redis).await {
        Err(error) if error.code() != Some("BUSYGROUP") => Err(error),
        _ => Ok(()),
    }
}

async fn read(
    redis: &mut ConnectionManager,
    group: &str,
    from: &str,
) -> Result<Vec<Entry>, RedisError> {
    let mut read = redis::cmd("XREADGROUP");
    read.arg(("GROUP", group, "one", "COUNT", ROOM));
    read.arg(("BLOCK", BLOCK.as_millis() as u64, "STREAMS", STREAM, from));
    let answer: Option<Vec<(String, Vec<Entry>)>> = read.query_async(redis).await?;
    let streams = answer.into_iter().flatten();
    Ok(streams.flat_map(|(_, entries)| entries).collect())
}

fn manager(client: &Client) -> Result<ConnectionManager, RedisError> {
    let config = ConnectionManagerConfig::new()
        .set_response_timeout(Some(PATIENCE))
        .set_connection_timeout(Some(PATIENCE))
        .set_number_of_retries(1);
    ConnectionManager::new_lazy_with_config(client.clone(), config)
}

/// "The ID specified in XADD is equal or smaller than the target stream top item".
fn is_known(error: &RedisError) -> bool {
    error.kind() == ErrorKind::Server(ServerErrorKind::ResponseError)
        && error.to_string().contains("equal or smaller")
}
