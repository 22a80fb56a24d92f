//! A client of the HTTP API, for programs that enqueue jobs and wait for them.
//!
//! Every call may be repeated: a job carries an id that its sender makes, so enqueuing it twice
//! enqueues it once.

use std::time::Duration;

use reqwest::{Method, RequestBuilder, Response, StatusCode};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::broker::{
    Cancel, Enqueued, JobStatus, JobView, Page, ScheduleView, Stats, WorkerReport,
};
use crate::http::{JobRequest, SelectRequest};
use crate::job::JobId;
use crate::name::{QueueName, ScheduleName};

/// How long the server may take to accept a connection.
const CONNECT: Duration = Duration::from_secs(5);
/// How long it may take to answer, beyond what a call waits on purpose.
const ANSWER: Duration = Duration::from_secs(30);
/// How long one request waits for a job; longer waits are several requests.
const ROUND: Duration = Duration::from_secs(50);

/// Why a call failed.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The server cannot be reached, or the connection broke. Call again.
    #[error("{url} cannot be reached")]
    Unreachable {
        /// The address of the server.
        url: String,
        /// What the connection said.
        source: reqwest::Error,
    },
    /// The server refused. `retry` tells whether the same call may succeed later.
    #[error("{message}")]
    Refused {
        /// One word that programs decide by, such as `queue_full`.
        code: String,
        /// What is wrong.
        message: String,
        /// Whether to call again.
        retry: bool,
    },
}

/// A handle to a server; cheap to clone.
#[derive(Clone, Debug)]
pub struct Client {
    http: reqwest::Client,
    url: String,
    token: Option<String>,
}

#[derive(Deserialize)]
struct Refusal {
    error: Reason,
}

#[derive(Deserialize)]
struct Reason {
    code: String,
    message: String,
}

#[derive(Serialize, Deserialize)]
struct Jobs<T> {
    jobs: T,
}

#[derive(Serialize)]
struct Schedule<'a> {
    cron: &'a str,
    job: &'a JobRequest,
}

#[derive(Deserialize)]
struct Canceled {
    cancel: Cancel,
}

impl Client {
    /// For the server at `url` (`http://127.0.0.1:7070`).
    pub fn new(url: &str, token: Option<String>) -> Result<Self, ClientError> {
        let url = url.trim_end_matches('/').to_owned();
        let http = reqwest::Client::builder()
            .connect_timeout(CONNECT)
            .timeout(ANSWER + ROUND)
            .build()
            .map_err(|source| ClientError::Unreachable {
                url: url.clone(),
                source,
            })?;
        Ok(Self { http, url, token })
    }

    /// Enqueues jobs: all or none. Give each an id to be able to send it again.
    pub async fn enqueue(&self, jobs: &[JobRequest]) -> Result<Vec<Enqueued>, ClientError> {
        let answer: Jobs<Vec<Enqueued>> = self.post("/jobs", &Jobs { jobs }).await?;
        Ok(answer.jobs)
    }

    /// Everything that is known of a job.
    pub async fn inspect(&self, job: JobId) -> Result<JobView, ClientError> {
        self.get(&format!("/jobs/{job}")).await
    }

    /// How a job stands once it has ended, or when `patience` is over.
    pub async fn wait(&self, job: JobId, patience: Duration) -> Result<JobStatus, ClientError> {
        let end = tokio::time::Instant::now() + patience;
        loop {
            let left = end.saturating_duration_since(tokio::time::Instant::now());
            let round = left.min(ROUND).as_millis();
            let status: JobStatus = self
                .get(&format!("/jobs/{job}/wait?patience_ms={round}"))
                .await?;
            if status.state.has_ended() || left <= ROUND {
                return Ok(status);
            }
        }
    }

    /// Cancels a job.
    pub async fn cancel(&self, job: JobId) -> Result<Cancel, ClientError> {
        let answer: Canceled = self.post(&format!("/jobs/{job}/cancel"), &()).await?;
        Ok(answer.cancel)
    }

    /// Numbers of all queues.
    pub async fn queues(&self) -> Result<Stats, ClientError> {
        self.get("/queues").await
    }

    /// Stops handing out jobs of a queue, or goes on.
    pub async fn pause(&self, queue: &QueueName, paused: bool) -> Result<(), ClientError> {
        let action = if paused { "pause" } else { "resume" };
        let request = self.request(Method::POST, &format!("/queues/{queue}/{action}"));
        self.send(request).await.map(drop)
    }

    /// Dead letters of a queue, the newest first.
    pub async fn dead(&self, queue: &QueueName, cursor: Option<i64>) -> Result<Page, ClientError> {
        let cursor = cursor.map_or(String::new(), |cursor| format!("?cursor={cursor}"));
        self.get(&format!("/queues/{queue}/dead{cursor}")).await
    }

    /// Makes dead letters ready again; answers how many.
    pub async fn requeue(&self, which: &SelectRequest) -> Result<u64, ClientError> {
        let answer: Jobs<u64> = self.post("/dead/requeue", which).await?;
        Ok(answer.jobs)
    }

    /// Deletes dead letters; answers how many.
    pub async fn purge(&self, which: &SelectRequest) -> Result<u64, ClientError> {
        let answer: Jobs<u64> = self.post("/dead/purge", which).await?;
        Ok(answer.jobs)
    }

    /// All schedules.
    pub async fn schedules(&self) -> Result<Vec<ScheduleView>, ClientError> {
        self.get("/schedules").await
    }

    /// Adds a schedule, or replaces the one of that name.
    pub async fn put_schedule(
        &self,
        name: &ScheduleName,
        cron: &str,
        job: &JobRequest,
    ) -> Result<(), ClientError> {
        let body = Schedule { cron, job };
        let request = self.request(Method::PUT, &format!("/schedules/{name}"));
        self.send(request.json(&body)).await.map(drop)
    }

    /// Removes a schedule.
    pub async fn remove_schedule(&self, name: &ScheduleName) -> Result<(), ClientError> {
        let request = self.request(Method::DELETE, &format!("/schedules/{name}"));
        self.send(request).await.map(drop)
    }

    /// The worker processes that live.
    pub async fn workers(&self) -> Result<Vec<WorkerReport>, ClientError> {
        self.get("/workers").await
    }

    async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, ClientError> {
        let response = self.send(self.request(Method::GET, path)).await?;
        self.read(response).await
    }

    async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &(impl Serialize + ?Sized),
    ) -> Result<T, ClientError> {
        let request = self.request(Method::POST, path).json(body);
        let response = self.send(request).await?;
        self.read(response).await
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method, format!("{}/v1{path}", self.url));
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    async fn send(&self, request: RequestBuilder) -> Result<Response, ClientError> {
        let response = request.send().await.map_err(|error| self.broken(error))?;
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        let retry = matches!(
            status,
            StatusCode::TOO_MANY_REQUESTS
                | StatusCode::SERVICE_UNAVAILABLE
                | StatusCode::INSUFFICIENT_STORAGE
        );
        let text = response.text().await.map_err(|error| self.broken(error))?;
        let reason = serde_json::from_str(&text).map_or_else(
            |_| Reason {
                code: status.as_str().to_owned(),
                message: format!("{} answers {status}, as no task queue does", self.url),
            },
            |refusal: Refusal| refusal.error,
        );
        Err(ClientError::Refused {
            code: reason.code,
            message: reason.message,
            retry,
        })
    }

    async fn read<T: DeserializeOwned>(&self, response: Response) -> Result<T, ClientError> {
        response.json().await.map_err(|error| self.broken(error))
    }

    fn broken(&self, source: reqwest::Error) -> ClientError {
        ClientError::Unreachable {
            url: self.url.clone(),
            source: source.without_url(),
        }
    }
}
