//! Queues, dead letters, schedules and workers.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use service::body::{Body, Named, Query};
use service::problem::Problem;

use crate::broker::{
    BATCH_LIMIT, Broker, NewSchedule, Page, ScheduleView, Select, Stats, WorkerReport,
};
use crate::name::{QueueName, ScheduleName};

use super::App;
use super::jobs::{JobRequest, Jobs};

/// Dead letters on one page, if the client does not say.
const PAGE: usize = 100;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PageQuery {
    cursor: Option<i64>,
    limit: Option<usize>,
}

/// A schedule as clients describe it.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ScheduleRequest {
    /// When, as [`NewSchedule::cron`] says.
    pub cron: String,
    /// What to enqueue.
    pub job: JobRequest,
}

pub(super) async fn stats<B: Broker>(State(app): State<App<B>>) -> Result<Json<Stats>, Problem> {
    Ok(Json(app.broker().stats().await?))
}

/// Stops handing out jobs of a queue, or goes on.
pub(super) async fn pause<B: Broker, const PAUSED: bool>(
    State(app): State<App<B>>,
    Named(queue): Named<QueueName>,
) -> Result<StatusCode, Problem> {
    app.broker().pause(queue, PAUSED).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn forget<B: Broker>(
    State(app): State<App<B>>,
    Named(queue): Named<QueueName>,
) -> Result<StatusCode, Problem> {
    let known = app.broker().forget(queue.clone()).await?;
    gone(known, || format!("there is no queue {queue}"))
}

pub(super) async fn dead<B: Broker>(
    State(app): State<App<B>>,
    Named(queue): Named<QueueName>,
    Query(page): Query<PageQuery>,
) -> Result<Json<Page>, Problem> {
    let limit = page.limit.unwrap_or(PAGE).min(BATCH_LIMIT);
    let page = app.broker().dead_letters(queue, page.cursor, limit);
    Ok(Json(page.await?))
}

pub(super) async fn requeue<B: Broker>(
    State(app): State<App<B>>,
    Body(which): Body<Select>,
) -> Result<Json<Jobs<u64>>, Problem> {
    let jobs = app.broker().requeue(which).await?;
    Ok(Json(Jobs { jobs }))
}

pub(super) async fn purge<B: Broker>(
    State(app): State<App<B>>,
    Body(which): Body<Select>,
) -> Result<Json<Jobs<u64>>, Problem> {
    let jobs = app.broker().purge(which).await?;
    Ok(Json(Jobs { jobs }))
}

pub(super) async fn schedules<B: Broker>(
    State(app): State<App<B>>,
) -> Result<Json<Vec<ScheduleView>>, Problem> {
    Ok(Json(app.broker().schedules().await?))
}

pub(super) async fn put_schedule<B: Broker>(
    State(app): State<App<B>>,
    Named(name): Named<ScheduleName>,
    Body(ScheduleRequest { cron, job }): Body<ScheduleRequest>,
) -> Result<StatusCode, Problem> {
    let job = job.into_job(None)?;
    let schedule = NewSchedule { name, cron, job };
    app.broker().put_schedule(schedule).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn remove_schedule<B: Broker>(
    State(app): State<App<B>>,
    Named(name): Named<ScheduleName>,
) -> Result<StatusCode, Problem> {
    let known = app.broker().remove_schedule(name.clone()).await?;
    gone(known, || format!("there is no schedule {name}"))
}

pub(super) async fn workers<B: Broker>(
    State(app): State<App<B>>,
) -> Result<Json<Vec<WorkerReport>>, Problem> {
    Ok(Json(app.broker().workers().await?))
}

fn gone(known: bool, unknown: impl FnOnce() -> String) -> Result<StatusCode, Problem> {
    match known {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(Problem::not_found(unknown())),
    }
}
