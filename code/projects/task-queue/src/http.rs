//! The HTTP API, the health checks and the dashboard.
//!
//! | | |
//! | --- | --- |
//! | `POST /v1/jobs` | enqueue: `{"jobs": [{"task": "echo", "payload": 1}]}` |
//! | `GET /v1/jobs/ID` | everything that is known of a job |
//! | `GET /v1/jobs/ID/wait?patience_ms=30000` | its state and result, once it has ended |
//! | `POST /v1/jobs/ID/cancel` | cancel it |
//! | `GET /v1/queues` | numbers of all queues |
//! | `POST /v1/queues/NAME/pause`, `…/resume` | stop and go on handing out its jobs |
//! | `GET /v1/queues/NAME/dead?limit=100&cursor=…` | its dead letters, the newest first |
//! | `POST /v1/dead/requeue`, `/v1/dead/purge` | `{"jobs": ["ID"]}` or `{"queue": "NAME", "oldest": 100}` |
//! | `GET /v1/schedules`, `PUT` and `DELETE /v1/schedules/NAME` | cron |
//! | `GET /v1/workers` | the processes that work |
//! | `GET /v1/events` | queues and workers each second, as server-sent events |
//! | `GET /healthz`, `/readyz`, `/metrics` | for those who run it |
//!
//! An error is `{"error": {"code": "invalid", "message": "…"}}`; `Retry-After` is 1 (second) with
//! 429 (the queue is full) and 503 (the store does not answer, or the server stops), and 10 with 507 (the store has no room).

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use tokio::time;
use tokio_util::sync::CancellationToken;

use crate::broker::Broker;
use crate::config::Config;
use crate::metrics::Metrics;

mod body;
mod dashboard;
mod error;
mod events;
mod guard;
mod jobs;
mod queues;

pub use error::ApiError;
pub use jobs::{JobRequest, UniqueRequest};
pub use queues::SelectRequest;

/// How long a readiness check waits for the store.
const READY_WITHIN: Duration = Duration::from_secs(2);

/// What every request can reach.
#[derive(Clone)]
pub struct App<B>(Arc<Parts<B>>);

struct Parts<B> {
    broker: B,
    metrics: Metrics,
    token: Option<String>,
    max_body: usize,
    /// The process has been told to stop; jobs drain.
    draining: CancellationToken,
    /// Nothing is left to wait for.
    closing: CancellationToken,
}

impl<B: Broker> App<B> {
    /// For one process, which is not ready any more once `draining` fires, and answers who still
    /// waits once `closing` does.
    pub fn new(
        broker: B,
        metrics: Metrics,
        config: &Config,
        draining: CancellationToken,
        closing: CancellationToken,
    ) -> Self {
        Self(Arc::new(Parts {
            broker,
            metrics,
            token: config.token.clone(),
            max_body: config.max_body,
            draining,
            closing,
        }))
    }

    fn broker(&self) -> &B {
        &self.0.broker
    }
}

/// All routes.
pub fn router<B: Broker>(app: App<B>) -> Router {
    let api = Router::new()
        .route("/jobs", post(jobs::enqueue))
        .route("/jobs/{id}", get(jobs::inspect))
        .route("/jobs/{id}/wait", get(jobs::wait))
        .route("/jobs/{id}/cancel", post(jobs::cancel))
        .route("/queues", get(queues::stats))
        .route("/queues/{queue}/pause", post(queues::pause))
        .route("/queues/{queue}/resume", post(queues::resume))
        .route("/queues/{queue}/dead", get(queues::dead))
        .route("/dead/requeue", post(queues::requeue))
        .route("/dead/purge", post(queues::purge))
        .route("/schedules", get(queues::schedules))
        .route(
            "/schedules/{name}",
            put(queues::put_schedule).delete(queues::remove_schedule),
        )
        .route("/workers", get(queues::workers))
        .route("/events", get(events::events))
        .layer(axum::middleware::from_fn_with_state(
            app.clone(),
            guard::guard,
        ));
    let max_body = app.0.max_body;
    Router::new()
        .nest("/v1", api)
        .route("/healthz", get(|| async { "alive\n" }))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .merge(dashboard::routes())
        .fallback(|| async { ApiError::not_found("there is nothing at this address") })
        .method_not_allowed_fallback(|| async { ApiError::wrong_method() })
        .layer(DefaultBodyLimit::max(max_body))
        .with_state(app)
}

/// Ready: not shutting down, and the store answers.
async fn ready<B: Broker>(State(app): State<App<B>>) -> Response {
    let reason = if app.0.draining.is_cancelled() {
        "shutting down".to_owned()
    } else {
        match time::timeout(READY_WITHIN, app.broker().ping()).await {
            Ok(Ok(())) => return "ready\n".into_response(),
            Ok(Err(error)) => error.to_string(),
            Err(_) => "the store does not answer".to_owned(),
        }
    };
    let later = [(header::RETRY_AFTER, error::SOON)];
    (
        StatusCode::SERVICE_UNAVAILABLE,
        later,
        format!("{reason}\n"),
    )
        .into_response()
}

/// For Prometheus. Numbers of the store are left as they were if it does not answer.
async fn metrics<B: Broker>(State(app): State<App<B>>) -> impl IntoResponse {
    let seen = async { tokio::try_join!(app.broker().stats(), app.broker().workers()) };
    if let Ok(Ok((stats, workers))) = time::timeout(READY_WITHIN, seen).await {
        app.0.metrics.observe(&stats, &workers);
    }
    let kind = "text/plain; version=0.0.4; charset=utf-8";
    ([(header::CONTENT_TYPE, kind)], app.0.metrics.render())
}
