//! From the log to other services: a relay publishes what is new, at least once and in order for
//! each key; a consumer that keeps failing has the message parked, and the others go on.
//!
//! The log is the outbox: an event is written in the commit that makes it true, and the relay
//! keeps its place in the same store. The place moves after all consumers have answered, so a
//! crash repeats messages and loses none. This bus lives in the process; its queues are empty
//! after a crash, which is why "published" means "consumed" here.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use futures::future::{BoxFuture, join_all};
use patterns::retry::Backoff;
use tokio::sync::{mpsc, oneshot};
use tokio::time::sleep;
use tracing::warn;
use uuid::Uuid;

use crate::crash::Crash;
use crate::database::DatabaseError;
use crate::event::Event;
use crate::order;
use crate::parked::Parked;
use crate::store::EventStore;

/// Messages of one key go through one lane, one after the other.
const LANES: usize = 8;
/// So many messages wait in a lane; then the relay waits. It's more than the relay sends at once.
const ROOM: usize = 64;
/// A store that fails is asked again after this.
const PAUSE: Duration = Duration::from_millis(500);

/// What other services are told.
#[derive(Clone, Debug, PartialEq)]
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

/// The messages of a lane, with the one who waits for the answer.
type Lane = mpsc::Sender<(Message, oneshot::Sender<Result<(), DatabaseError>>)>;

/// The bus within the process. Dropping it ends the lanes.
#[derive(Debug)]
pub struct Bus {
    lanes: Vec<Vec<Lane>>,
}

impl Bus {
    /// Starts the lanes of the consumers. A message that fails after the backoff's attempts is parked.
    pub fn start(consumers: &[Consumer], backoff: Backoff, parked: &Parked) -> Bus {
        let lanes = |consumer: &Consumer| {
            let lane = |_| {
                let (lane, messages) = mpsc::channel(ROOM);
                tokio::spawn(work(consumer.clone(), messages, backoff, parked.clone()));
                lane
            };
            (0..LANES).map(lane).collect()
        };
        Bus {
            lanes: consumers.iter().map(lanes).collect(),
        }
    }

    /// Gives the message to all consumers, and returns when each has dealt with it or parked it.
    ///
    /// # Errors
    ///
    /// If a message couldn't be parked. Publish it again.
    pub async fn publish(&self, message: Message) -> Result<(), DatabaseError> {
        let lane = usize::try_from(message.order.as_u128() % LANES as u128).unwrap_or(0);
        let mut answers = Vec::with_capacity(self.lanes.len());
        for lanes in &self.lanes {
            let (reply, answer) = oneshot::channel();
            let sent = lanes[lane].send((message.clone(), reply)).await;
            sent.map_err(|_| DatabaseError::Closed)?;
            answers.push(answer);
        }
        for answer in answers {
            answer.await.map_err(|_| DatabaseError::Closed)??;
        }
        Ok(())
    }
}

async fn work(
    consumer: Consumer,
    mut messages: mpsc::Receiver<(Message, oneshot::Sender<Result<(), DatabaseError>>)>,
    backoff: Backoff,
    parked: Parked,
) {
    while let Some((message, reply)) = messages.recv().await {
        let (id, mut failures) = (message.id, 0);
        let answer = loop {
            let Err(error) = (consumer.handler)(message.clone()).await else {
                break Ok(());
            };
            failures += 1;
            if failures >= backoff.attempts {
                warn!(consumer = consumer.name, id, %error, "parked");
                break parked.park(consumer.name, id, &error).await;
            }
            sleep(backoff.full_jitter(failures, fastrand::f64())).await;
        };
        let _ = reply.send(answer); // the relay may have ended
    }
}

/// What of the log is told to others.
pub fn message(recorded: &crate::store::Recorded) -> Option<Message> {
    let order = order::of_stream(&recorded.stream)?;
    let event = recorded.event().ok()?;
    let public = matches!(
        event,
        Event::Placed(_) | Event::Shipped | Event::Canceled { .. }
    );
    public.then_some(Message {
        id: recorded.position,
        order,
        event,
    })
}

// ANCHOR: relay
/// Publishes what is new in the log, from the place where the last relay stopped. Doesn't end.
pub async fn relay<S: EventStore>(store: S, bus: Bus, crash: Crash) {
    let mut head = store.head();
    loop {
        match relay_once(&store, &bus, &crash).await {
            Ok(place) => {
                let _ = head.wait_for(|head| *head > place).await; // the store holds the sender
            }
            Err(error) => {
                warn!(%error, "the relay waits for the store");
                sleep(PAUSE).await;
            }
        }
    }
}

async fn relay_once<S: EventStore>(
    store: &S,
    bus: &Bus,
    crash: &Crash,
) -> Result<u64, DatabaseError> {
    let place = store.place("relay").await?;
    let mut events = store.after(place).await?;
    events.truncate(ROOM);
    let Some(last) = events.last() else {
        return Ok(place);
    };
    crash.point("relay: about to publish").await;
    let published = join_all(events.iter().filter_map(message).map(|it| bus.publish(it)));
    published.await.into_iter().collect::<Result<(), _>>()?;
    crash.point("relay: published").await;
    store.move_place("relay", last.position).await?; // after all have answered
    crash.point("relay: place moved").await;
    Ok(last.position)
}
// ANCHOR_END: relay

/// The consumers by name, to replay what was parked.
pub fn by_name(consumers: &[Consumer]) -> HashMap<&'static str, Handler> {
    consumers
        .iter()
        .map(|it| (it.name, Arc::clone(&it.handler)))
        .collect()
}
