//! Queues, dead letters, schedules and workers.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use service::body::{Body, Named, Query};
use service::problem::Problem;

use crate::broker::{
    BATCH_LIMIT, Broker, Cursor, NewSchedule, Page, ScheduleView, Select, Stats, WorkerReport,
};
use crate::job::JobId;
use crate::name::{QueueName, ScheduleName};

use super::App;
use super::jobs::JobRequest;

/// Dead letters on one page, if the client does not say.
const PAGE: usize = 100;

/// Which dead letters: some by their ids, or the oldest of a queue.
#[derive(Debug, Deserialize, Serialize)]
#[serde(untagged, deny_unknown_fields)]
pub enum SelectRequest {
    /// These.
    Jobs {
        /// Their ids.
        jobs: Vec<JobId>,
    },
    /// The oldest of a queue.
    Oldest {
        /// The queue.
        queue: QueueName,
        /// At most so many.
        oldest: usize,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PageQuery {
    cursor: Option<i64>,
    limit: Option<usize>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ScheduleRequest {
    cron: String,
    job: JobRequest,
}

#[derive(Serialize)]
pub(super) struct Count {
    jobs: u64,
}

impl From<SelectRequest> for Select {
    fn from(request: SelectRequest) -> Self {
        match request {
            SelectRequest::Jobs { jobs } => Self::Jobs(jobs),
            SelectRequest::Oldest { queue, oldest } => Self::Oldest(queue, oldest),
        }
    }
}

pub(super) async fn stats<B: Broker>(State(app): State<App<B>>) -> Result<Json<Stats>, Problem> {
    Ok(Json(app.broker().stats().await?))
}

pub(super) async fn pause<B: Broker>(
    State(app): State<App<B>>,
    Named(queue): Named<QueueName>,
) -> Result<StatusCode, Problem> {
    app.broker().pause(queue, true).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn resume<B: Broker>(
    State(app): State<App<B>>,
    Named(queue): Named<QueueName>,
) -> Result<StatusCode, Problem> {
    app.broker().pause(queue, false).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn forget<B: Broker>(
    State(app): State<App<B>>,
    Named(queue): Named<QueueName>,
) -> Result<StatusCode, Problem> {
    if app.broker().forget(queue.clone()).await? {
        return Ok(StatusCode::NO_CONTENT);
    }
    Err(Problem::not_found(format!("there is no queue {queue}")))
}

pub(super) async fn dead<B: Broker>(
    State(app): State<App<B>>,
    Named(queue): Named<QueueName>,
    Query(page): Query<PageQuery>,
) -> Result<Json<Page>, Problem> {
    let limit = page.limit.unwrap_or(PAGE).min(BATCH_LIMIT);
    let cursor = page.cursor.map(Cursor);
    Ok(Json(app.broker().dead_letters(queue, cursor, limit).await?))
}

pub(super) async fn requeue<B: Broker>(
    State(app): State<App<B>>,
    Body(which): Body<SelectRequest>,
) -> Result<Json<Count>, Problem> {
    let jobs = app.broker().requeue(which.into()).await?;
    Ok(Json(Count { jobs }))
}

pub(super) async fn purge<B: Broker>(
    State(app): State<App<B>>,
    Body(which): Body<SelectRequest>,
) -> Result<Json<Count>, Problem> {
    let jobs = app.broker().purge(which.into()).await?;
    Ok(Json(Count { jobs }))
}

pub(super) async fn schedules<B: Broker>(
    State(app): State<App<B>>,
) -> Result<Json<Vec<ScheduleView>>, Problem> {
    Ok(Json(app.broker().schedules().await?))
}

pub(super) async fn put_schedule<B: Broker>(
    State(app): State<App<B>>,
    Named(name): Named<ScheduleName>,
    Body(request): Body<ScheduleRequest>,
) -> Result<StatusCode, Problem> {
    let schedule = NewSchedule {
        name,
        cron: request.cron,
        job: request.job.into_job(None)?,
    };
    app.broker().put_schedule(schedule).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn remove_schedule<B: Broker>(
    State(app): State<App<B>>,
    Named(name): Named<ScheduleName>,
) -> Result<StatusCode, Problem> {
    if app.broker().remove_schedule(name.clone()).await? {
        return Ok(StatusCode::NO_CONTENT);
    }
    Err(Problem::not_found(format!("there is no schedule {name}")))
}

pub(super) async fn workers<B: Broker>(
    State(app): State<App<B>>,
) -> Result<Json<Vec<WorkerReport>>, Problem> {
    Ok(Json(app.broker().workers().await?))
}
