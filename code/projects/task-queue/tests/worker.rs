//! What a worker does, on a paused clock, with a broker that does harm on command.

use std::future::Future;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use task_queue::broker::Leases;
use task_queue::handler::{Context, Handler, HandlerError, Registry};
use task_queue::job::{JobId, NewJob};
use task_queue::name::{TaskName, WorkerId};
use task_queue::scale::Bounds;
use task_queue::worker::{Settings, Summary, Worker};
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::scripted::Scripted;
use crate::support::queue;

mod failures;
mod jobs;
mod leases;
mod outages;
mod scaling;
mod shutdown;
mod stores;

pub const LEASE: Duration = Duration::from_secs(9);

pub fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// A worker on queue `q` with a fixed number of slots.
pub fn settings(slots: u32) -> Settings {
    let mut settings = Settings::standard(vec![queue("q")], WorkerId::unique("test"));
    settings.scale.bounds = Bounds::fixed(slots);
    settings.lease = LEASE;
    settings
}

/// A registry whose task `t` is this function.
pub fn task<F, Fut>(function: F) -> Registry
where
    F: Fn(Context, u64) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<u64, HandlerError>> + Send + 'static,
{
    Registry::new().with("t", Handler::new(function)).unwrap()
}

/// A job for task `t`.
pub fn job(input: u64) -> NewJob {
    NewJob::new(queue("q"), TaskName::new("t").unwrap(), input.to_string())
}

pub fn jobs(inputs: std::ops::Range<u64>) -> Vec<NewJob> {
    inputs.map(job).collect()
}

/// A worker that runs.
pub struct Running {
    pub shutdown: CancellationToken,
    worker: JoinHandle<Summary>,
}

pub fn start<B: Leases>(broker: &B, registry: Registry, settings: Settings) -> Running {
    let shutdown = CancellationToken::new();
    let worker = Worker::new(broker.clone(), registry, settings).unwrap();
    let worker = tokio::spawn(worker.run(shutdown.clone()));
    Running { shutdown, worker }
}

impl Running {
    /// Shuts it down, and answers what it did.
    pub async fn stop(self) -> Summary {
        self.shutdown.cancel();
        self.worker.await.unwrap()
    }

    /// Drops the worker's future.
    pub async fn kill(self) {
        self.worker.abort();
        let _ = self.worker.await;
    }
}

/// Enqueues jobs, runs them all with 4 slots, and answers what the worker did.
pub async fn run_all(broker: &Scripted, registry: Registry, jobs: Vec<NewJob>) -> Summary {
    broker.enqueue(jobs).await.unwrap();
    let worker = start(broker, registry, settings(4));
    broker.all_ended().await;
    worker.stop().await
}

/// Enqueues one job, and answers its id.
pub async fn send(broker: &Scripted, job: NewJob) -> JobId {
    let id = job.id;
    broker.enqueue(vec![job]).await.unwrap();
    id
}

/// Moments and numbers that handlers note down.
pub struct Notes<T>(Arc<Mutex<Vec<T>>>);

impl<T> Clone for Notes<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T: Clone> Notes<T> {
    pub fn new() -> Self {
        Self(Arc::default())
    }

    pub fn add(&self, note: T) {
        self.0.lock().unwrap().push(note);
    }

    pub fn all(&self) -> Vec<T> {
        self.0.lock().unwrap().clone()
    }
}

impl Notes<Instant> {
    pub fn add_now(&self) {
        self.add(Instant::now());
    }

    /// The moments, since `start`.
    pub fn since(&self, start: Instant) -> Vec<Duration> {
        self.all().into_iter().map(|at| at - start).collect()
    }
}
