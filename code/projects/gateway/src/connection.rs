//! One client's connection, in HTTP/1.1 or HTTP/2.

use std::convert::Infallible;
use std::sync::Arc;

use arc_swap::ArcSwap;
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use service::serve::until;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tracing::debug;

use crate::body::Body;
use crate::config::Times;
use crate::forward::Client;
use crate::gateway::Gateway;
use crate::head::LONGEST_HEAD;
use crate::journey::answer;
use crate::strict::Strict;

/// Requests at a time on a connection of HTTP/2.
const STREAMS: u32 = 100;

/// Streams that a client opens and resets before they're accepted. Beyond it, the connection ends:
/// a client that does this makes work and waits for none of it.
const RESETS: usize = 20;

/// What all workers share.
pub struct Shared {
    /// Replaced by a reload.
    pub gateway: ArcSwap<Gateway>,
    /// Places for connections.
    pub places: Arc<Semaphore>,
    /// If it speaks TLS.
    pub tls: Option<TlsAcceptor>,
    /// Accept no more.
    pub stop: CancellationToken,
    /// Wait no longer.
    pub abort: CancellationToken,
}

/// Serves a client until it leaves, or until its last answer after `stop`.
pub async fn serve<T>(shared: Arc<Shared>, client: Client, stream: T)
where
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (times, metrics) = {
        let gateway = shared.gateway.load();
        (gateway.times, gateway.metrics.clone())
    };
    metrics.connections.inc();
    let mut stream = Strict::new(stream, times.still, Arc::clone(&client.switch));
    // Which version it is, we see ourselves, within the limit of a head.
    if let Ok(Ok(is_http2)) = timeout(times.head, stream.is_http2()).await
        && let Err(error) = speak(shared, client, TokioIo::new(stream), is_http2, times).await
    {
        debug!(%error, "connection");
    }
    metrics.connections.dec();
}

async fn speak<T>(
    shared: Arc<Shared>,
    client: Client,
    stream: TokioIo<Strict<T>>,
    is_http2: bool,
    times: Times,
) -> hyper::Result<()>
where
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let client = Arc::new(client);
    let stop = shared.stop.child_token(); // its lock is asked at each poll: no other thread's
    let handle = service_fn(move |request: Request<Incoming>| {
        let gateway = shared.gateway.load_full(); // this request keeps it to its end
        // In a box: it has kilobytes, and is moved three times before it's first polled.
        let answer = Box::pin(answer(gateway, Arc::clone(&client), request));
        async move { Ok::<Response<Body>, Infallible>(answer.await) }
    });
    if is_http2 {
        let mut http2 = http2::Builder::new(TokioExecutor::new());
        http2
            .timer(TokioTimer::new())
            .max_concurrent_streams(STREAMS)
            .max_pending_accept_reset_streams(RESETS)
            .max_header_list_size(LONGEST_HEAD as u32)
            .keep_alive_interval(times.head)
            .keep_alive_timeout(times.head);
        let connection = http2.serve_connection(stream, handle);
        return until(connection, &stop, |it| it.graceful_shutdown()).await;
    }
    let mut http1 = http1::Builder::new();
    http1
        .timer(TokioTimer::new())
        .header_read_timeout(times.head)
        .max_buf_size(LONGEST_HEAD * 4);
    let connection = http1.serve_connection(stream, handle).with_upgrades();
    until(connection, &stop, |it| it.graceful_shutdown()).await
}
