//! The HTTP API, the health checks and the dashboard.
//!
//! | | |
//! | --- | --- |
//! | `POST /v1/jobs` | enqueue: `{"jobs": [{"task": "echo", "payload": 1}]}`; `warnings` name tasks without a handler |
//! | `GET /v1/jobs/ID` | everything that is known of a job |
//! | `GET /v1/jobs/ID/wait?patience_ms=30000` | its state and result, once it has ended |
//! | `POST /v1/jobs/ID/cancel` | cancel it |
//! | `GET /v1/queues` | numbers of all queues |
//! | `DELETE /v1/queues/NAME` | forget a queue that holds no job |
//! | `POST /v1/queues/NAME/pause`, `…/resume` | stop and go on handing out its jobs |
//! | `GET /v1/queues/NAME/dead?limit=100&cursor=…` | its dead letters, the newest first |
//! | `POST /v1/dead/requeue`, `/v1/dead/purge` | `{"jobs": ["ID"]}` or `{"queue": "NAME", "oldest": 100}` |
//! | `GET /v1/schedules`, `PUT` and `DELETE /v1/schedules/NAME` | cron |
//! | `GET /v1/workers` | the processes that work |
//! | `GET /v1/events` | queues and workers each second, as server-sent events |
//! | `GET /healthz`, `/readyz`, `/metrics` | for those who run it |
//!
//! An error is `{"status": 422, "code": "invalid", "detail": "…"}` ([`service::problem`]); `Retry-After` is 1 (second) with
//! 429 (the queue is full) and 503 (the store does not answer, or the server stops), and 10 with 507 (the store has no room).

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::routing::{delete, get, post, put};
use serde::Serialize;
use service::guard::Guard;
use service::health::{self, READY_WITHIN};
use service::live::{self, Live};
use service::page;
use service::{body, metrics as numbers, problem};
use tokio::time;
use tokio_util::sync::CancellationToken;

use crate::broker::{Broker, Stats, WorkerReport};
use crate::config::Config;
use crate::error::Result;
use crate::metrics::Metrics;
use crate::name::WorkerId;

mod error;
mod jobs;
mod known;
mod queues;

use known::KnownTasks;

pub(crate) use jobs::{Canceled, Jobs};
pub use jobs::{JobRequest, Sent, UniqueRequest};
pub use queues::ScheduleRequest;

/// How often the dashboard hears of queues and workers.
const EACH: Duration = Duration::from_secs(1);

/// The dashboard.
const PAGE: [(&str, &str); 3] = [
    ("/", include_str!("http/dashboard/index.html")),
    (
        "/dashboard.css",
        include_str!("http/dashboard/dashboard.css"),
    ),
    ("/dashboard.js", include_str!("http/dashboard/dashboard.js")),
];

/// What every request can reach.
#[derive(Clone)]
pub struct App<B>(Arc<Parts<B>>);

struct Parts<B> {
    broker: B,
    metrics: Metrics,
    /// The worker of this process, if it has one.
    worker: Option<WorkerId>,
    known: KnownTasks,
    guard: Guard,
    max_body: usize,
    /// The process has been told to stop; jobs drain.
    draining: CancellationToken,
    /// Nothing is left to wait for.
    closing: CancellationToken,
}

impl<B: Broker> App<B> {
    /// For one process, which is not ready anymore once `draining` fires, and answers who still
    /// waits once `closing` does. `worker` is the one that runs in it.
    pub fn new(
        broker: B,
        metrics: Metrics,
        worker: Option<WorkerId>,
        config: &Config,
        draining: CancellationToken,
        closing: CancellationToken,
    ) -> Self {
        Self(Arc::new(Parts {
            broker,
            metrics,
            worker,
            known: KnownTasks::default(),
            guard: Guard::new(&config.edge),
            max_body: config.edge.max_body as usize,
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
        .route("/queues/{queue}", delete(queues::forget))
        .route("/queues/{queue}/pause", post(queues::pause::<B, true>))
        .route("/queues/{queue}/resume", post(queues::pause::<B, false>))
        .route("/queues/{queue}/dead", get(queues::dead))
        .route("/dead/requeue", post(queues::requeue))
        .route("/dead/purge", post(queues::purge))
        .route("/schedules", get(queues::schedules))
        .route(
            "/schedules/{name}",
            put(queues::put_schedule).delete(queues::remove_schedule),
        )
        .route("/workers", get(queues::workers))
        .route("/events", get(events));
    let api = Router::new().nest("/v1", api).with_state(app.clone());
    let (asked, seen) = (app.clone(), app.clone());
    let ready = move || {
        let broker = asked.broker().clone();
        async move { broker.ping().await.map_err(|error| error.to_string()) }
    };
    let observe = move || observe(seen.clone());
    let open = page::routes(&PAGE)
        .merge(health::routes(app.0.draining.clone(), ready))
        .merge(numbers::routes(app.0.metrics.registry(), observe));
    app.0
        .guard
        .around(api, open)
        .fallback(problem::no_address)
        .method_not_allowed_fallback(problem::no_method)
        .layer(body::limit(app.0.max_body))
}

/// What the dashboard hears.
#[derive(Serialize)]
struct Seen {
    #[serde(flatten)]
    stats: Stats,
    workers: Vec<WorkerReport>,
    /// The worker of the process that answers.
    this: Option<WorkerId>,
}

async fn events<B: Broker>(State(app): State<App<B>>) -> Live {
    let closing = app.0.closing.clone();
    let look = move || {
        let app = app.clone();
        async move { see(&app).await.map_err(|error| error.to_string()) }
    };
    live::looked_up(EACH, look, closing)
}

async fn see<B: Broker>(app: &App<B>) -> Result<Seen> {
    let (stats, workers) = tokio::try_join!(app.broker().stats(), app.broker().workers())?;
    let this = app.0.worker.clone();
    Ok(Seen {
        stats,
        workers,
        this,
    })
}

/// Numbers of the store are left as they were if it does not answer.
async fn observe<B: Broker>(app: App<B>) {
    if let Ok(Ok(seen)) = time::timeout(READY_WITHIN, see(&app)).await {
        app.0.metrics.observe(&seen.stats, &seen.workers);
    }
}
