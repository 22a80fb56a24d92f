//! What the dashboard hears: queues and workers, each second, as server-sent events.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::State;
use axum::response::Sse;
use axum::response::sse::Event;
use serde::Serialize;
use tokio::sync::mpsc;
use tokio::time::{self, MissedTickBehavior};
use tokio_stream::Stream;
use tokio_stream::wrappers::ReceiverStream;

use crate::broker::{Broker, Stats, WorkerReport};
use crate::error::BrokerError;

use super::App;

const EACH: Duration = Duration::from_secs(1);

#[derive(Serialize)]
struct Seen {
    #[serde(flatten)]
    stats: Stats,
    workers: Vec<WorkerReport>,
}

/// A stream that ends when the client goes away or the server shuts down.
pub(super) async fn events<B: Broker>(
    State(app): State<App<B>>,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    // One: a client that does not read slows down its own stream and nothing else.
    let (sender, receiver) = mpsc::channel(1);
    tokio::spawn(async move {
        let mut ticks = time::interval(EACH);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while app
            .0
            .closing
            .run_until_cancelled(ticks.tick())
            .await
            .is_some()
        {
            if sender.send(Ok(look(app.broker()).await)).await.is_err() {
                break;
            }
        }
    });
    Sse::new(ReceiverStream::new(receiver))
}

async fn look(broker: &impl Broker) -> Event {
    let event = see(broker)
        .await
        .map(|seen| Event::default().json_data(seen));
    match event {
        Ok(Ok(event)) => event,
        Ok(Err(error)) => Event::default().event("trouble").data(error.to_string()),
        Err(error) => Event::default().event("trouble").data(error.to_string()),
    }
}

async fn see(broker: &impl Broker) -> Result<Seen, BrokerError> {
    let (stats, workers) = tokio::try_join!(broker.stats(), broker.workers())?;
    Ok(Seen { stats, workers })
}
