//! Hearing what is published, on a connection of its own.

use std::future::Future;
use std::io;
use std::time::Duration;

use redis::aio::{PubSubSink, PubSubStream};
use redis::{Client, Msg, RedisResult, Value};
use tokio::time::timeout;
use tokio_stream::StreamExt;

/// How long Redis may take to be connected to, and to give a sign of life.
const PATIENCE: Duration = Duration::from_secs(2);
/// After so much silence it is asked for one. So a connection that hangs is found within 4 seconds.
const SILENCE: Duration = Duration::from_secs(2);

/// A subscription to one channel. What is published while there is none is lost: whoever opens one
/// looks for what may have happened before.
pub struct Ear {
    asks: PubSubSink,
    messages: PubSubStream,
}

impl Ear {
    /// Subscribes.
    ///
    /// # Errors
    ///
    /// If Redis can't be reached within two seconds, or refuses.
    pub async fn open(client: &Client, channel: &str) -> RedisResult<Ear> {
        let mut subscription = in_time(client.get_async_pubsub()).await?;
        in_time(subscription.subscribe(channel)).await?;
        let (asks, messages) = subscription.split();
        Ok(Ear { asks, messages })
    }

    /// The next message.
    ///
    /// # Errors
    ///
    /// If the connection has ended, or gives no sign of life. Open another.
    ///
    /// Cancel safe: no message is lost with a call that is dropped.
    pub async fn next(&mut self) -> RedisResult<Msg> {
        loop {
            match timeout(SILENCE, self.messages.next()).await {
                Ok(Some(message)) => return Ok(message),
                Ok(None) => return Err(io::Error::from(io::ErrorKind::BrokenPipe).into()),
                // Nothing is published for a while, but a connection that hangs is silent as well.
                Err(_) => _ = in_time(self.asks.ping::<Value>()).await?,
            }
        }
    }
}

/// This connection has no limit of its own for an answer.
async fn in_time<T>(call: impl Future<Output = RedisResult<T>>) -> RedisResult<T> {
    match timeout(PATIENCE, call).await {
        Ok(answer) => answer,
        Err(_) => Err(io::Error::from(io::ErrorKind::TimedOut).into()),
    }
}
