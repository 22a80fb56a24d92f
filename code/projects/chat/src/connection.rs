//! One client's WebSocket, from its upgrade to its end.
//!
//! Reading and writing are two futures side by side: a write that waits for a client who doesn't
//! read keeps no ping, no deadline and no other client waiting. What ends the one ends the other.

use std::num::NonZeroU32;
use std::ops::ControlFlow;
use std::pin::pin;
use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, WebSocket};
use futures::future::FusedFuture;
use futures::stream::{SplitSink, SplitStream};
use futures::{FutureExt, SinkExt, StreamExt};
use patterns::token_bucket::TokenBucket;
use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep, timeout};
use tokio_tungstenite::tungstenite::error::{CapacityError, ProtocolError};
use tokio_tungstenite::tungstenite::{self, Bytes};
use tokio_util::sync::CancellationToken;
use tracing::debug;

use crate::desk::Desk;
use crate::hub::Hub;
use crate::outbox::{End, Next, Outbox};
use crate::room::ConnectionId;
use crate::session::Session;
use crate::wire::Ask;

/// How often a client is pinged.
pub const PING: Duration = Duration::from_secs(20);
/// A client of whom nothing comes for this long, not even a pong, is gone.
pub const SILENCE: Duration = Duration::from_secs(45);
/// A batch of frames that can't be written in this time is the last.
pub const WRITE: Duration = Duration::from_secs(5);
/// So long is a client listened to after it was told goodbye, so that it hears it.
const LINGER: Duration = Duration::from_secs(1);
/// So many frames a client may send in a second on average ...
const FRAMES: NonZeroU32 = NonZeroU32::new(20).expect("not zero");
/// ... and so many at once.
const BURST: NonZeroU32 = NonZeroU32::new(60).expect("not zero");
/// A client that has sent so many frames too many is sent away; one in time makes up for one.
const PATIENCE: u32 = 200;

// ANCHOR: run
/// Serves one client until it leaves, is too slow, is silent, expires, or `stop` fires.
pub async fn run(
    socket: WebSocket,
    id: ConnectionId,
    session: Session,
    hub: Hub,
    stop: CancellationToken,
) {
    let outbox = Outbox::default();
    let (sink, mut frames) = socket.split();
    let mut desk = Desk::new(id, session.sub.clone(), outbox.clone(), hub.clone());
    hub.metrics().opened();
    debug!("opened");
    let mut write = pin!(write(sink, &outbox).fuse());
    let end = tokio::select! {
        end = &mut write => end,
        end = read(&mut frames, &mut desk) => end,
        () = sleep(session.remaining()) => End::Expired,
        () = stop.cancelled() => End::Restart,
    };
    desk.leave_all().await;
    outbox.end(end);
    let told = async {
        if !write.is_terminated() {
            write.await;
        }
        while let Some(Ok(_)) = frames.next().await {}
    };
    timeout(WRITE + LINGER, told).await.ok();
    hub.metrics().closed(end);
    debug!(?end, "closed");
}
// ANCHOR_END: run

/// Does what the client asks for, until it goes or breaks a rule.
async fn read(frames: &mut SplitStream<WebSocket>, desk: &mut Desk) -> End {
    let bucket = TokenBucket::new(FRAMES, BURST);
    let mut too_many: u32 = 0;
    loop {
        let frame = match timeout(SILENCE, frames.next()).await {
            Err(_elapsed) => return End::Silent,
            Ok(None | Some(Ok(Message::Close(_)))) => return End::Gone,
            Ok(Some(Err(error))) => return broken(error),
            Ok(Some(Ok(frame))) => frame,
        };
        let in_time = bucket.try_take().is_ok();
        too_many = match in_time {
            true => too_many.saturating_sub(1),
            false => too_many + 1,
        };
        if too_many > PATIENCE {
            return End::Policy;
        }
        let Message::Text(text) = frame else {
            match frame {
                Message::Binary(_) => return End::Policy,
                _ping_or_pong => continue,
            }
        };
        let Ok(ask) = serde_json::from_str::<Ask>(&text) else {
            return End::Policy;
        };
        if let ControlFlow::Break(end) = desk.serve(ask, in_time).await {
            return end;
        }
    }
}

/// Which rule of RFC 6455, or of ours, the client has broken.
fn broken(error: axum::Error) -> End {
    let error = error.into_inner();
    match error.downcast_ref::<tungstenite::Error>() {
        Some(tungstenite::Error::Capacity(CapacityError::MessageTooLong { .. })) => End::TooBig,
        Some(tungstenite::Error::Utf8(_)) => End::NotUtf8,
        Some(tungstenite::Error::Protocol(ProtocolError::ResetWithoutClosingHandshake)) => {
            End::Gone
        }
        Some(tungstenite::Error::Protocol(_)) => End::Protocol,
        _ => End::Gone,
    }
}

// ANCHOR: write
/// Writes what waits, all of it at once, and pings in between. Ends with a close frame.
async fn write(mut sink: SplitSink<WebSocket, Message>, outbox: &Outbox) -> End {
    let mut pings = interval_at(Instant::now() + PING, PING);
    pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let next = tokio::select! {
            next = outbox.next() => next,
            _ = pings.tick() => Next::Frames(Vec::new()),
        };
        match next {
            Next::Frames(frames) => match timeout(WRITE, write_batch(&mut sink, frames)).await {
                Ok(Ok(())) => {}
                Ok(Err(_broken)) => return End::Gone,
                Err(_elapsed) => return End::Slow,
            },
            Next::Close(end) => {
                let frame = CloseFrame {
                    code: end.code(),
                    reason: end.reason().into(),
                };
                timeout(WRITE, sink.send(Message::Close(Some(frame))))
                    .await
                    .ok();
                return end;
            }
        }
    }
}

/// One flush for all: a system call for a hundred frames, and not for each.
async fn write_batch(
    sink: &mut SplitSink<WebSocket, Message>,
    frames: Vec<tungstenite::Utf8Bytes>,
) -> Result<(), axum::Error> {
    if frames.is_empty() {
        sink.feed(Message::Ping(Bytes::new())).await?;
    }
    for frame in frames {
        let text = axum::extract::ws::Utf8Bytes::try_from(Bytes::from(frame))
            .expect("it was UTF-8 before");
        sink.feed(Message::Text(text)).await?;
    }
    sink.flush().await
}
// ANCHOR_END: write
