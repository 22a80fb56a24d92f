//! A client of the HTTP API, for programs that enqueue jobs and wait for them.
//!
//! Every call may be repeated: a job carries an id that its sender makes, so enqueuing it twice
//! enqueues it once.

use std::time::Duration;

use reqwest::Method;
use service::client::Client as Core;
pub use service::client::ClientError;

use crate::broker::{
    Cancel, Enqueued, JobStatus, JobView, Page, ScheduleView, Select, Stats, WorkerReport,
};
use crate::http::{Canceled, JobRequest, Jobs, ScheduleRequest, Sent};
use crate::job::JobId;
use crate::name::{QueueName, ScheduleName};

/// How long a server may take to answer, beyond what a call waits on purpose.
const ANSWER: Duration = Duration::from_secs(30);
/// How long one request waits for a job; longer waits are several requests.
const ROUND: Duration = Duration::from_secs(50);

/// A handle to a server; cheap to clone.
#[derive(Clone, Debug)]
pub struct Client(Core);

impl Client {
    /// For the server at `url` (`http://127.0.0.1:7070`).
    pub fn new(url: &str, token: Option<String>) -> Result<Self, ClientError> {
        Core::new(url, token, ANSWER + ROUND).map(Self)
    }

    /// Enqueues jobs: all or none. Give each an id to be able to send it again.
    pub async fn enqueue(&self, jobs: &[JobRequest]) -> Result<Vec<Enqueued>, ClientError> {
        self.send(jobs).await.map(|sent| sent.jobs)
    }

    /// As [`enqueue`](Self::enqueue), with what the server has to say of them.
    pub async fn send(&self, jobs: &[JobRequest]) -> Result<Sent, ClientError> {
        self.0.post("/v1/jobs", &Jobs { jobs }).await
    }

    /// Everything that is known of a job.
    pub async fn inspect(&self, job: JobId) -> Result<JobView, ClientError> {
        self.0.get(&format!("/v1/jobs/{job}")).await
    }

    /// How a job stands once it has ended, or when `patience` is over.
    pub async fn wait(&self, job: JobId, patience: Duration) -> Result<JobStatus, ClientError> {
        let end = tokio::time::Instant::now() + patience;
        loop {
            let left = end.saturating_duration_since(tokio::time::Instant::now());
            let round = left.min(ROUND).as_millis();
            let path = format!("/v1/jobs/{job}/wait?patience_ms={round}");
            let status: JobStatus = self.0.get(&path).await?;
            if status.state.has_ended() || left <= ROUND {
                return Ok(status);
            }
        }
    }

    /// Cancels a job.
    pub async fn cancel(&self, job: JobId) -> Result<Cancel, ClientError> {
        let answer: Canceled = self.0.post(&format!("/v1/jobs/{job}/cancel"), &()).await?;
        Ok(answer.cancel)
    }

    /// Numbers of all queues.
    pub async fn queues(&self) -> Result<Stats, ClientError> {
        self.0.get("/v1/queues").await
    }

    /// Stops handing out jobs of a queue, or goes on.
    pub async fn pause(&self, queue: &QueueName, paused: bool) -> Result<(), ClientError> {
        let action = if paused { "pause" } else { "resume" };
        self.act(Method::POST, &format!("/v1/queues/{queue}/{action}"))
            .await
    }

    /// Forgets a queue that holds no job.
    pub async fn forget(&self, queue: &QueueName) -> Result<(), ClientError> {
        self.act(Method::DELETE, &format!("/v1/queues/{queue}"))
            .await
    }

    /// Dead letters of a queue, the newest first.
    pub async fn dead(&self, queue: &QueueName, cursor: Option<i64>) -> Result<Page, ClientError> {
        let cursor = cursor.map_or(String::new(), |cursor| format!("?cursor={cursor}"));
        let path = format!("/v1/queues/{queue}/dead{cursor}");
        self.0.get(&path).await
    }

    /// Makes dead letters ready again; answers how many.
    pub async fn requeue(&self, which: &Select) -> Result<u64, ClientError> {
        let answer: Jobs<u64> = self.0.post("/v1/dead/requeue", which).await?;
        Ok(answer.jobs)
    }

    /// Deletes dead letters; answers how many.
    pub async fn purge(&self, which: &Select) -> Result<u64, ClientError> {
        let answer: Jobs<u64> = self.0.post("/v1/dead/purge", which).await?;
        Ok(answer.jobs)
    }

    /// All schedules.
    pub async fn schedules(&self) -> Result<Vec<ScheduleView>, ClientError> {
        self.0.get("/v1/schedules").await
    }

    /// Adds a schedule, or replaces the one of that name.
    pub async fn put_schedule(
        &self,
        name: &ScheduleName,
        schedule: &ScheduleRequest,
    ) -> Result<(), ClientError> {
        let path = format!("/v1/schedules/{name}");
        let request = self.0.request(Method::PUT, &path).json(schedule);
        self.0.send(request).await.map(drop)
    }

    /// Removes a schedule.
    pub async fn remove_schedule(&self, name: &ScheduleName) -> Result<(), ClientError> {
        self.act(Method::DELETE, &format!("/v1/schedules/{name}"))
            .await
    }

    /// The worker processes that live.
    pub async fn workers(&self) -> Result<Vec<WorkerReport>, ClientError> {
        self.0.get("/v1/workers").await
    }

    async fn act(&self, method: Method, path: &str) -> Result<(), ClientError> {
        self.0.send(self.0.request(method, path)).await.map(drop)
    }
}
