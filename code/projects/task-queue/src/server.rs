//! The program as a whole: listens, works, and stops in order.

use service::serve::serve as serve_http;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tracing::warn;

use crate::broker::Broker;
use crate::config::Config;
use crate::error::Result;
use crate::handler::Registry;
use crate::http::{self, App};
use crate::metrics::Metrics;
use crate::upkeep;
use crate::worker::{Summary, Worker};

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
) -> Result<Option<Summary>> {
    let metrics = Metrics::new();
    let (stop_http, closing) = (CancellationToken::new(), broker.clone());
    let host = std::env::var("HOSTNAME").unwrap_or_else(|_| "worker".into());
    let settings = config.worker_settings(&host);
    let this = (!config.no_worker).then(|| settings.id.clone());
    let worker = match &this {
        Some(_) => Some(Worker::new(broker.clone(), registry, settings)?),
        None => None,
    };
    let app = App::new(
        broker.clone(),
        metrics.clone(),
        this,
        config,
        shutdown.clone(),
        stop_http.clone(),
    );
    let http = tokio::spawn(serve_http(
        listener,
        http::router(app),
        config.edge.limits(),
        stop_http.clone(),
    ));
    let summary = match worker {
        Some(worker) => Some(worker.with_metrics(metrics).run(shutdown).await),
        None => {
            upkeep::run(broker, metrics, shutdown).await;
            None
        }
    };
    stop_http.cancel();
    if let Err(panic) = http.await {
        warn!(%panic, "the listener broke");
    }
    if let Err(error) = closing.close().await {
        warn!(%error, "the store was not closed");
    }
    Ok(summary)
}
