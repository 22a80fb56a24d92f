//! Accepts connections within limits, and ends in order.
//!
//! `axum::serve` waits for a request's head forever, so that a few thousand silent clients take
//! all its files. Here a head has a deadline, connections have a cap, and what is beyond the cap
//! waits in the kernel's queue.

use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use axum::http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt;
use tracing::{debug, info, warn};

use self::counted::Counted;
use crate::file_limit;

mod counted;

/// What a server keeps to.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Connections at once, those that became WebSockets included. One at least.
    pub connections: u32,
    /// A client that has not sent a whole request head by then is hung up on; so is one that has
    /// had its answer and asks nothing more.
    pub head: Duration,
    /// The longest request head in bytes, 8,192 at least. A longer one is answered with 431.
    pub head_bytes: usize,
    /// How long open requests may go on after the end was announced.
    pub last_requests: Duration,
}

impl Limits {
    /// 4,096 connections, 10 s and 16 KiB for a head, 5 s for the last requests.
    pub const STANDARD: Self = Self {
        connections: 4096,
        head: Duration::from_secs(10),
        head_bytes: 16 * 1024,
        last_requests: Duration::from_secs(5),
    };
}

/// How long to wait when no connection can be accepted: trying again at once would only burn a core.
const PAUSE: Duration = Duration::from_millis(100);

/// Serves HTTP/1.1 until `stop`, then lets open requests end, and hangs up on those that do not
/// within [`Limits::last_requests`]. When it returns, no connection is open, but for those that
/// were upgraded: a WebSocket belongs to the handler that took it over.
///
/// Handlers find the client's address as [`ConnectInfo<SocketAddr>`](ConnectInfo).
/// A future that is dropped before it ends leaves open connections to their tasks.
pub async fn serve(listener: TcpListener, router: Router, limits: Limits, stop: CancellationToken) {
    let free = Arc::new(Semaphore::new(limits.connections.max(1) as usize));
    let (tasks, end) = (TaskTracker::new(), CancellationToken::new());
    while let Some((stream, client, permit)) = next(&listener, &free, &stop).await {
        let stream = Counted::new(stream, permit);
        let connection = connection(stream, client, router.clone(), limits, stop.clone());
        let end = end.clone();
        tasks.spawn(async move {
            if let Some(Err(error)) = end.run_until_cancelled(connection).await {
                debug!(%client, %error, "a connection broke");
            }
        });
    }
    drop(listener);
    tasks.close();
    if time::timeout(limits.last_requests, tasks.wait())
        .await
        .is_err()
    {
        info!(open = tasks.len(), "some requests did not end in time");
    }
    end.cancel();
    tasks.wait().await;
}

/// The next connection, once there is room for it; none after `stop`.
async fn next(
    listener: &TcpListener,
    free: &Arc<Semaphore>,
    stop: &CancellationToken,
) -> Option<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
    let accept = async {
        // Before accepting: a client that is one too many waits in the kernel's queue.
        let permit = Arc::clone(free).acquire_owned().await.ok()?;
        loop {
            match listener.accept().await {
                Ok((stream, client)) => return Some((stream, client, permit)),
                // Out of file descriptors, say.
                Err(error) => warn!(%error, ulimit = file_limit(), "cannot accept"),
            }
            time::sleep(PAUSE).await;
        }
    };
    stop.run_until_cancelled(accept).await?
}

/// Answers one client, request after request; after `stop`, at most the one that was begun.
async fn connection(
    stream: Counted,
    client: SocketAddr,
    router: Router,
    limits: Limits,
    stop: CancellationToken,
) -> hyper::Result<()> {
    let answer = hyper::service::service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(ConnectInfo(client));
        router.clone().oneshot(request)
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head)
        .max_buf_size(limits.head_bytes.max(8192))
        .serve_connection(TokioIo::new(stream), answer)
        .with_upgrades();
    until(connection, &stop, |it| it.graceful_shutdown()).await
}

/// Drives a connection of hyper to its end; after `stop`, which it's told by `end`, at most to the
/// end of what was begun.
pub async fn until<C: Future>(
    connection: C,
    stop: &CancellationToken,
    end: impl FnOnce(Pin<&mut C>),
) -> C::Output {
    let mut connection = pin!(connection);
    tokio::select! {
        ended = connection.as_mut() => return ended,
        () = stop.cancelled() => end(connection.as_mut()),
    }
    connection.await
}
