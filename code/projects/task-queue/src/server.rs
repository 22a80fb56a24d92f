//! The program as a whole: listens, works, and stops in order.

use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time;
use tokio_util::sync::CancellationToken;
use tracing::{debug, info, warn};

use crate::broker::Broker;
use crate::config::Config;
use crate::error::BrokerError;
use crate::handler::Registry;
use crate::http::{self, App};
use crate::metrics::Metrics;
use crate::upkeep;
use crate::worker::{Summary, Worker};

/// A client that has not sent a whole request head by then is hung up on.
const HEAD: Duration = Duration::from_secs(10);
/// How long open requests may go on once the worker has drained.
const LAST_REQUESTS: Duration = Duration::from_secs(5);
/// The longest request head, in bytes.
const MOST_HEAD: usize = 16 * 1024;

/// Serves the API and runs jobs until `shutdown` fires, then drains: the worker first, with the
/// API still up to be asked for results, then the last requests.
///
/// The summary is that of the worker, if there is one. An error means that nothing was started.
pub async fn serve<B: Broker>(
    listener: TcpListener,
    broker: B,
    registry: Registry,
    config: &Config,
    shutdown: CancellationToken,
) -> Result<Option<Summary>, BrokerError> {
    let metrics = Metrics::new();
    let stop_http = CancellationToken::new();
    let app = App::new(
        broker.clone(),
        metrics.clone(),
        config,
        shutdown.clone(),
        stop_http.clone(),
    );
    let host = std::env::var("HOSTNAME").unwrap_or_else(|_| "worker".into());
    let worker = match config.no_worker {
        true => None,
        false => Some(
            Worker::new(broker.clone(), registry, config.worker_settings(&host))?
                .with_metrics(metrics.clone()),
        ),
    };
    let http = tokio::spawn(accept(
        listener,
        http::router(app),
        config.max_connections,
        stop_http.clone(),
    ));
    // ANCHOR: order
    let summary = match worker {
        Some(worker) => Some(worker.run(shutdown).await),
        None => {
            upkeep::run(broker, metrics, shutdown).await;
            None
        }
    };
    // ANCHOR_END: order
    stop_http.cancel();
    if let Err(panic) = http.await {
        warn!(%panic, "the listener broke");
    }
    Ok(summary)
}

/// Each connection takes a file; many systems start a program with 1,024 and let it ask for more.
pub fn raise_file_limit() {
    let limit = getrlimit(Resource::Nofile);
    let most = Rlimit {
        current: limit.maximum,
        ..limit
    };
    // Without it, whoever comes when all files are in use waits to be accepted.
    let _ = setrlimit(Resource::Nofile, most);
}

/// Accepts connections until `stop`, then lets open requests end.
async fn accept(listener: TcpListener, router: axum::Router, most: usize, stop: CancellationToken) {
    let free = Arc::new(Semaphore::new(most));
    let graceful = GracefulShutdown::new();
    loop {
        // Before accepting: whoever is one too many waits in the kernel's queue.
        let permit = tokio::select! {
            () = stop.cancelled() => break,
            Ok(permit) = Arc::clone(&free).acquire_owned() => permit,
            else => break,
        };
        let stream = tokio::select! {
            () = stop.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        match stream {
            Ok((stream, _)) => {
                let connection = graceful.watch(connection(stream, router.clone()));
                tokio::spawn(async move {
                    if let Err(error) = connection.await {
                        debug!(%error, "a connection broke");
                    }
                    drop(permit);
                });
            }
            // Out of file descriptors, say. Trying again at once would only burn a core.
            Err(error) => {
                warn!(%error, "cannot accept");
                time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
    let open = graceful.count();
    if time::timeout(LAST_REQUESTS, graceful.shutdown())
        .await
        .is_err()
    {
        info!(open, "some requests did not end in time");
    }
}

type Connection = http1::Connection<TokioIo<TcpStream>, TowerToHyperService<axum::Router>>;

fn connection(stream: TcpStream, router: axum::Router) -> Connection {
    http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .max_buf_size(MOST_HEAD)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router))
}
