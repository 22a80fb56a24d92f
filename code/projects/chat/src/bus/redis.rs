//! Hints over Redis: published to one channel, and lost whenever Redis or the way to it is gone.
//!
//! That is what pub/sub promises: who isn't subscribed at the moment gets nothing. So each time
//! that a subscription begins anew, the server hears [`Hint::Cut`], and looks everywhere.

use std::time::Duration;

use anyhow::{Context, Result};
use redis::Client;
use redis::aio::MultiplexedConnection;
use serde::{Deserialize, Serialize};
use service::redis::Ear;
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::{Bus, HINTS, Hint};

/// The channel that all servers share.
const CHANNEL: &str = "chat:hints";
/// An answer of Redis that takes longer isn't waited for.
const PATIENCE: Duration = Duration::from_secs(2);
/// How long to wait before the next attempt to reach Redis; half of that is random.
const RETRY: Duration = Duration::from_millis(500);
/// So many hints go out at once.
const BATCH: usize = 128;

#[derive(Serialize, Deserialize)]
struct Envelope {
    from: u64,
    hint: Hint,
}

/// Joins the servers that use this Redis, until `stop`.
///
/// # Errors
///
/// It can't be reached now, or its user may not subscribe. Later, it may come and go.
pub async fn join(url: &str, stop: CancellationToken) -> Result<Bus> {
    let client = Client::open(url).with_context(|| format!("--bus: {url:?}"))?;
    let connection = connect(&client).await;
    connection.with_context(|| "--bus: cannot reach Redis")?;
    let ear = Ear::open(&client, CHANNEL).await;
    let ear = ear.with_context(|| format!("--bus: cannot subscribe to {CHANNEL}"))?;
    let (tell, told) = mpsc::channel(HINTS);
    let (heard, hear) = mpsc::channel(HINTS);
    let node = fastrand::u64(..);
    tokio::spawn(
        stop.clone()
            .run_until_cancelled_owned(tell_all(client.clone(), node, told)),
    );
    tokio::spawn(stop.run_until_cancelled_owned(hear_all(client, ear, node, heard)));
    Ok(Bus { tell, hear })
}

async fn connect(client: &Client) -> redis::RedisResult<MultiplexedConnection> {
    let connected = timeout(PATIENCE, client.get_multiplexed_async_connection());
    connected.await.unwrap_or_else(|_| Err(too_slow()))
}

/// Publishes what it is given. While Redis is gone, the newest are lost.
async fn tell_all(client: Client, node: u64, mut told: mpsc::Receiver<Hint>) {
    let mut connection = None;
    let mut hints = Vec::with_capacity(BATCH);
    while told.recv_many(&mut hints, BATCH).await > 0 {
        let mut pipe = redis::pipe();
        hints.dedup();
        for hint in hints.drain(..) {
            let envelope = Envelope { from: node, hint };
            let text = serde_json::to_string(&envelope).expect("names are JSON");
            pipe.publish(CHANNEL, text).ignore();
        }
        if connection.is_none() {
            connection = connect(&client).await.ok();
        }
        let Some(redis) = &mut connection else {
            pause().await;
            continue;
        };
        let sent = timeout(PATIENCE, pipe.query_async::<()>(redis)).await;
        if let Err(error) = sent.unwrap_or_else(|_| Err(too_slow())) {
            tracing::warn!(%error, "hints are lost");
            connection = None;
        }
    }
}

/// Hears what the others publish, subscribing again each time that the connection ends.
async fn hear_all(client: Client, mut ear: Ear, node: u64, heard: mpsc::Sender<Hint>) {
    loop {
        heard.send(Hint::Cut).await.ok();
        while let Ok(message) = ear.next().await {
            match serde_json::from_slice::<Envelope>(message.get_payload_bytes()) {
                Ok(envelope) if envelope.from == node => {}
                Ok(envelope) => _ = heard.try_send(envelope.hint),
                Err(error) => tracing::warn!(%error, "not a hint"),
            }
        }
        tracing::warn!("the subscription has ended");
        ear = loop {
            pause().await;
            if let Ok(ear) = Ear::open(&client, CHANNEL).await {
                break ear;
            }
        };
    }
}

async fn pause() {
    sleep(RETRY / 2 + RETRY.mul_f64(fastrand::f64() / 2.0)).await;
}

fn too_slow() -> redis::RedisError {
    std::io::Error::from(std::io::ErrorKind::TimedOut).into()
}
