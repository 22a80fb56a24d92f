//! Jobs: enqueue, look, wait, cancel.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use service::body::{Body, Named, Query};
use service::problem::Problem;
use service::trace::{new_trace, trace_id};
use tracing::Instrument;

use crate::broker::{Broker, Cancel, Enqueued, JobStatus, JobView};
use crate::error::BrokerError;
use crate::job::{JobId, NewJob, Priority, Start, Timestamp, Unique};
use crate::name::{QueueName, TaskName};
use crate::telemetry;

use super::App;

/// The queue of a job that names none.
const DEFAULT_QUEUE: &str = "default";
/// The longest that one request waits for a job.
const MOST_PATIENCE: Duration = Duration::from_secs(60);

/// A job as clients describe it. What is left out is as [`NewJob::new`] has it; times are in
/// milliseconds.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct JobRequest {
    /// Made by the client, so that it may send the job again without fear.
    pub id: Option<JobId>,
    /// `default` if it is left out.
    pub queue: Option<QueueName>,
    /// The handler.
    pub task: TaskName,
    /// The handler's input: any JSON; `null` if it is left out.
    pub payload: Option<Box<RawValue>>,
    /// 0 (can wait) to 9 (first).
    pub priority: Option<Priority>,
    /// Starts so much later.
    pub delay_ms: Option<u64>,
    /// Starts at this time: milliseconds since 1970, by the store's clock.
    pub run_at_ms: Option<i64>,
    /// How often it may fail.
    pub max_attempts: Option<u32>,
    /// How long it is worth starting.
    pub max_age_ms: Option<u64>,
    /// How long one attempt may run.
    pub timeout_ms: Option<u64>,
    /// How long its result is kept.
    pub keep_result_ms: Option<u64>,
    /// At most one job with this key.
    pub unique: Option<UniqueRequest>,
    /// Starts after these have completed.
    #[serde(default)]
    pub after: Vec<JobId>,
}

/// A key that one job at a time may have.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct UniqueRequest {
    /// Counts within its queue.
    pub key: String,
    /// How long it holds.
    pub ttl_ms: u64,
}

/// Jobs, or how many.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Jobs<T> {
    pub(crate) jobs: T,
}

/// What became of jobs that were sent.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Sent {
    /// Of each, in the order sent.
    pub jobs: Vec<Enqueued>,
    /// What their sender should know: that no worker has a handler for a task, say.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WaitQuery {
    #[serde(default)]
    patience_ms: u64,
}

#[derive(Deserialize, Serialize)]
pub(crate) struct Canceled {
    pub(crate) cancel: Cancel,
}

impl JobRequest {
    /// A job for this task, with the payload as JSON.
    pub fn new(task: TaskName, payload: Option<Box<RawValue>>) -> Self {
        Self {
            id: None,
            queue: None,
            task,
            payload,
            priority: None,
            delay_ms: None,
            run_at_ms: None,
            max_attempts: None,
            max_age_ms: None,
            timeout_ms: None,
            keep_result_ms: None,
            unique: None,
            after: Vec::new(),
        }
    }

    /// The job for the broker.
    pub(super) fn into_job(self, trace: Option<&str>) -> Result<NewJob, Problem> {
        let queue = match self.queue {
            Some(queue) => queue,
            None => QueueName::new(DEFAULT_QUEUE).map_err(BrokerError::from)?,
        };
        let payload = self.payload.as_deref().map_or("null", RawValue::get);
        let standard = NewJob::new(queue, self.task, payload);
        let start = match (self.delay_ms, self.run_at_ms) {
            (None, None) => Start::Now,
            (Some(delay), None) => Start::In(Duration::from_millis(delay)),
            (None, Some(moment)) => Start::At(Timestamp(moment)),
            (Some(_), Some(_)) => {
                return Err(Problem::invalid("delay_ms and run_at_ms: give one of them"));
            }
        };
        let or = |ms: Option<u64>, otherwise| ms.map_or(otherwise, Duration::from_millis);
        Ok(NewJob {
            id: self.id.unwrap_or(standard.id),
            start,
            priority: self.priority.unwrap_or(standard.priority),
            max_attempts: self.max_attempts.unwrap_or(standard.max_attempts),
            max_age: self.max_age_ms.map(Duration::from_millis),
            timeout: or(self.timeout_ms, standard.timeout),
            keep_result: or(self.keep_result_ms, standard.keep_result),
            unique: self.unique.map(|unique| Unique {
                key: unique.key,
                ttl: Duration::from_millis(unique.ttl_ms),
            }),
            after: self.after,
            trace: trace.map(str::to_owned),
            ..standard
        })
    }
}

pub(super) async fn enqueue<B: Broker>(
    State(app): State<App<B>>,
    headers: HeaderMap,
    Body(Jobs { jobs }): Body<Jobs<Vec<JobRequest>>>,
) -> Result<(StatusCode, Json<Sent>), Problem> {
    let given = headers.get("traceparent");
    let given = given.and_then(|value| value.to_str().ok());
    let given = given.filter(|trace| trace_id(trace).is_some());
    let trace = given.map_or_else(new_trace, str::to_owned);
    let jobs = jobs.into_iter().map(|job| job.into_job(Some(&trace)));
    let jobs: Vec<NewJob> = jobs.collect::<Result<_, _>>()?;
    let span = match jobs.as_slice() {
        [job] => telemetry::enqueue_span(job),
        jobs => tracing::info_span!("enqueue", jobs = jobs.len(), trace = trace_id(&trace)),
    };
    let broker = app.broker();
    let enqueue = async {
        let warnings = app.0.known.warnings(broker, &jobs).await;
        let jobs = broker.enqueue(jobs).await?;
        tracing::debug!("enqueued");
        Ok((StatusCode::CREATED, Json(Sent { jobs, warnings })))
    };
    enqueue.instrument(span).await
}

pub(super) async fn inspect<B: Broker>(
    State(app): State<App<B>>,
    Named(id): Named<JobId>,
) -> Result<Json<JobView>, Problem> {
    let job = app.broker().inspect(id).await?;
    job.map(Json).ok_or_else(|| unknown(id))
}

// ANCHOR: wait
/// The client that goes away drops this future; that ends the wait.
pub(super) async fn wait<B: Broker>(
    State(app): State<App<B>>,
    Named(id): Named<JobId>,
    Query(query): Query<WaitQuery>,
) -> Result<Json<JobStatus>, Problem> {
    let patience = Duration::from_millis(query.patience_ms).min(MOST_PATIENCE);
    let wait = app.broker().wait(id, patience);
    let status = match app.0.closing.run_until_cancelled(wait).await {
        Some(status) => status?,
        // The server is about to stop: answer with what is known now.
        None => app.broker().wait(id, Duration::ZERO).await?,
    };
    status.map(Json).ok_or_else(|| unknown(id))
}
// ANCHOR_END: wait

pub(super) async fn cancel<B: Broker>(
    State(app): State<App<B>>,
    Named(id): Named<JobId>,
) -> Result<Json<Canceled>, Problem> {
    match app.broker().cancel(id).await? {
        Cancel::Unknown => Err(unknown(id)),
        cancel => Ok(Json(Canceled { cancel })),
    }
}

fn unknown(id: JobId) -> Problem {
    Problem::not_found(format!("job {id} is not known; it may have expired"))
}
