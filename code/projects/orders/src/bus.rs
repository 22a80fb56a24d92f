//! From the log to other services: a relay publishes what is new, at least once and in order for
//! each key; a consumer that keeps failing has the message parked, and the others go on.
//!
//! The log is the outbox: an event is written in the commit that makes it true, and the relay
//! keeps its place in the same store. The place moves after the bus has the messages, so a crash
//! repeats messages and loses none. A bus within the process has nothing after a crash, so there
//! "published" means that all consumers have dealt with it; one that keeps messages on its
//! own, [`streams`], has them when it says so.

pub mod streams;

use std::sync::Arc;

use futures::future::{BoxFuture, try_join_all};
use patterns::retry::Backoff;
use serde::{Deserialize, Serialize};
use tokio::time::sleep;
use tracing::warn;
use uuid::Uuid;

use crate::command::Aggregate;
use crate::crash::{Crash, Point};
use crate::database::{DatabaseError, PAUSE, Result};
use crate::event::Event;
use crate::order::Order;
use crate::parked::Parked;
use crate::store::{Recorded, Store};

pub use streams::Streams;

/// Messages of one key go through one lane, one after the other.
const LANES: usize = 8;
/// So many messages are under way at once; then the sender waits.
pub const ROOM: usize = 64;

/// What other services are told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Message {
    /// The position of its event; the same each time it's sent.
    pub id: u64,
    /// Messages of one order come in order.
    pub order: Uuid,
    /// What happened.
    pub event: Event,
}

/// Takes a message. It may be called twice for the same.
pub type Handler = Arc<dyn Fn(Message) -> BoxFuture<'static, Result<(), String>> + Send + Sync>;

/// A consumer and what it does with a message.
#[derive(Clone)]
pub struct Consumer {
    /// Its name, under which messages are parked.
    pub name: &'static str,
    /// What it does.
    pub handler: Handler,
}

/// Why messages weren't published. Publish them again.
#[derive(Clone, Debug, thiserror::Error)]
pub enum BusError {
    /// A message couldn't be parked.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// The bus doesn't answer, or has no room until its consumers have read more.
    #[error("the bus: {0}")]
    Down(String),
}

/// What carries messages to the consumers. Cheap to clone.
#[derive(Clone)]
pub enum Bus {
    /// Within the process.
    Within(Lanes),
    /// Redis.
    Streams(Streams),
}

impl Bus {
    /// Publishes messages in this order. When it returns they survive a crash, or are dealt with.
    ///
    /// # Errors
    ///
    /// Then any of them may be published or not.
    pub async fn publish(&self, messages: Vec<Message>) -> Result<(), BusError> {
        match self {
            Bus::Within(lanes) => Ok(lanes.deliver(&messages).await?),
            Bus::Streams(streams) => streams.publish(messages).await,
        }
    }
}

/// From a bus to the handlers of its consumers. Cheap to clone.
#[derive(Clone)]
pub struct Lanes {
    /// All of them get each message.
    pub consumers: Vec<Consumer>,
    /// A message that fails after its attempts is parked.
    pub backoff: Backoff,
    /// There.
    pub parked: Parked,
}

impl Lanes {
    /// Gives the messages to all consumers, and returns when each has dealt with them or parked them.
    ///
    /// # Errors
    ///
    /// If a message couldn't be parked. Deliver all of them again.
    ///
    /// Cancel safety: dropping this drops what the handlers do. Deliver all of them again.
    pub async fn deliver(&self, messages: &[Message]) -> Result<()> {
        let mut lanes: [Vec<&Message>; LANES] = Default::default();
        for message in messages {
            lanes[(message.order.as_u128() % LANES as u128) as usize].push(message);
        }
        let of_each = |consumer| lanes.iter().map(move |lane| self.pass(consumer, lane));
        try_join_all(self.consumers.iter().flat_map(of_each)).await?;
        Ok(())
    }

    /// Gives the messages of a lane to a consumer, one after the other.
    async fn pass(&self, consumer: &Consumer, lane: &[&Message]) -> Result<()> {
        for &message in lane {
            let mut failures = 0;
            while let Err(error) = (consumer.handler)(message.clone()).await {
                failures += 1;
                if failures >= self.backoff.attempts {
                    warn!(consumer = consumer.name, message.id, %error, "parked");
                    self.parked.park(consumer.name, message.id, &error).await?;
                    break;
                }
                sleep(self.backoff.full_jitter(failures, fastrand::f64())).await;
            }
        }
        Ok(())
    }
}

/// What of the log is told to others.
pub fn message(recorded: &Recorded) -> Option<Message> {
    let order = Order::of_stream(&recorded.stream)?;
    let (id, event) = (recorded.position, recorded.event().ok()?);
    let is_public = matches!(
        event,
        Event::Placed(_) | Event::Shipped | Event::Canceled { .. }
    );
    is_public.then_some(Message { id, order, event })
}

// ANCHOR: relay
/// Publishes what is new in the log, from the place where the last relay stopped. Doesn't end.
pub async fn relay(store: Store, bus: Bus, crash: Crash) {
    loop {
        match relay_once(&store, &bus, &crash).await {
            Ok(place) => store.beyond(place).await,
            Err(error) => {
                warn!(%error, "the relay waits");
                sleep(PAUSE).await;
            }
        }
    }
}

async fn relay_once(store: &Store, bus: &Bus, crash: &Crash) -> Result<u64, BusError> {
    let place = store.place("relay").await?;
    let mut events = store.after(place).await?;
    events.truncate(ROOM);
    let Some(last) = events.last() else {
        return Ok(place);
    };
    crash.point(Point::AboutToPublish).await;
    if crash.fails("bus") {
        return Err(BusError::Down("it doesn't answer".to_owned()));
    }
    let messages = events.iter().filter_map(message).collect();
    bus.publish(messages).await?;
    crash.point(Point::Published).await;
    // After the bus has them; and not if another relay has moved it meanwhile.
    let moved = store.move_place("relay", place, last.position).await?;
    crash.point(Point::PlaceMoved).await;
    Ok(if moved { last.position } else { place })
}
// ANCHOR_END: relay
