//! What a page hears while it is open: server-sent events.
//!
//! Each function makes an answer that ends when the server stops or the client goes away.
//! A client that reads slowly slows down its own stream and nothing else: of a watched value it
//! misses what was replaced meanwhile, and of messages it is told how many it missed.

use std::convert::Infallible;
use std::future::Future;
use std::time::Duration;

use axum::response::Sse;
use axum::response::sse::{Event, KeepAlive};
use futures::stream::{self, BoxStream};
use futures::{FutureExt, StreamExt};
use serde::Serialize;
use tokio::sync::{broadcast, watch};
use tokio::time::{self, MissedTickBehavior};
use tokio_util::sync::CancellationToken;

/// An answer of events.
pub type Live =
    Sse<axum::response::sse::KeepAliveStream<BoxStream<'static, Result<Event, Infallible>>>>;

/// A value now and whenever it changes, as JSON; ends with the value's sender.
pub fn watched<T>(mut values: watch::Receiver<T>, stop: CancellationToken) -> Live
where
    T: Serialize + Send + Sync + 'static,
{
    values.mark_changed();
    let events = stream::unfold(values, async |mut values| {
        values.changed().await.ok()?;
        let event = event(&*values.borrow_and_update());
        Some((event, values))
    });
    live(events, stop)
}

/// Messages from now on, as JSON. An event named `lagged` carries how many were missed.
pub fn messages<T>(messages: broadcast::Receiver<T>, stop: CancellationToken) -> Live
where
    T: Serialize + Clone + Send + 'static,
{
    let events = stream::unfold(messages, async |mut messages| {
        let event = match messages.recv().await {
            Ok(message) => event(&message),
            Err(broadcast::error::RecvError::Lagged(missed)) => {
                Event::default().event("lagged").data(missed.to_string())
            }
            Err(broadcast::error::RecvError::Closed) => return None,
        };
        Some((event, messages))
    });
    live(events, stop)
}

/// What `look` finds, now and every `period`, as JSON; an error becomes an event named `trouble`.
pub fn looked_up<T, L, F>(period: Duration, look: L, stop: CancellationToken) -> Live
where
    T: Serialize,
    L: Fn() -> F + Send + 'static,
    F: Future<Output = Result<T, String>> + Send + 'static,
{
    let mut ticks = time::interval(period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let events = stream::unfold((ticks, look), |(mut ticks, look)| async move {
        ticks.tick().await;
        let event = match look().await {
            Ok(seen) => event(&seen),
            Err(reason) => trouble(&reason),
        };
        Some((event, (ticks, look)))
    });
    live(events, stop)
}

fn event(value: &impl Serialize) -> Event {
    let event = Event::default().json_data(value);
    event.unwrap_or_else(|error| trouble(&error.to_string()))
}

fn trouble(reason: &str) -> Event {
    // A line break would begin a second field.
    Event::default()
        .event("trouble")
        .data(reason.replace(['\r', '\n'], " "))
}

fn live(
    events: impl futures::Stream<Item = Event> + Send + 'static,
    stop: CancellationToken,
) -> Live {
    let end = async move { stop.cancelled().await }.boxed();
    let events = events.map(Ok).take_until(end).boxed();
    // A comment each 15 seconds, so that a client that went away silently is noticed.
    Sse::new(events).keep_alive(KeepAlive::default())
}

#[cfg(test)]
mod tests;
