//! This task queue as a library: a producer and a worker, with everything that they promise.

use std::time::Duration;

use anyhow::{Result, ensure};
use serde::Deserialize;
use std::sync::Arc;
use tokio::time;
use tokio_util::sync::CancellationToken;

use task_queue::broker::redis::RedisBroker;
use task_queue::broker::sqlite::SqliteBroker;
use task_queue::broker::{Broker, Options, StoreUrl};
use task_queue::handler::{Context, Handler, HandlerError, Registry};
use task_queue::job::{NewJob, Start};
use task_queue::name::{QueueName, TaskName, WorkerId};
use task_queue::scale::Bounds;
use task_queue::worker::{Settings, Worker};

use crate::payload;
use crate::producer::{self, Sender};
use crate::program::Role;
use crate::tally::{self, Tally};

#[derive(Clone)]
struct Ours<B> {
    broker: B,
    queue: QueueName,
    task: TaskName,
}

/// The input of the handler.
#[derive(Deserialize)]
struct Input {
    sent: u64,
}

#[tokio::main]
pub async fn run(role: Role) -> Result<()> {
    let options = Options::STANDARD;
    let store = std::env::var("STORE")?.parse();
    match store.map_err(anyhow::Error::msg)? {
        StoreUrl::Sqlite { path, sync } => {
            run_on(SqliteBroker::open(&path, sync, options).await?, role).await
        }
        StoreUrl::Redis { url, namespace } => {
            run_on(RedisBroker::connect(&url, &namespace, options).await?, role).await
        }
    }
}

async fn run_on<B: Broker>(broker: B, role: Role) -> Result<()> {
    let ours = Ours {
        broker,
        queue: QueueName::new("default")?,
        task: TaskName::new("nothing")?,
    };
    let tally = Arc::new(Tally::of_environment());
    if role != Role::Producer {
        let worker = worker(&ours, &tally)?;
        tokio::spawn(worker.run(CancellationToken::new()));
    }
    producer::obey_all(&ours, &tally).await
}

fn worker<B: Broker>(ours: &Ours<B>, tally: &Arc<Tally>) -> Result<Worker<B>> {
    let tally = Arc::clone(tally);
    let nothing = move |_: Context, input: Input| {
        let held = tally.note(input.sent);
        async move {
            if let Some(held) = held {
                time::sleep(held).await;
            }
            Ok::<_, HandlerError>(())
        }
    };
    let registry = Registry::new().with("nothing", Handler::new(nothing))?;
    let mut settings = Settings::standard(vec![ours.queue.clone()], WorkerId::unique("bench"));
    settings.lease = Duration::from_secs(tally::number("LEASE") as u64);
    settings.scale.bounds = Bounds::fixed(tally::number("JOBS").try_into()?);
    Ok(Worker::new(ours.broker.clone(), registry, settings)?)
}

impl<B: Broker> Sender for Ours<B> {
    async fn send(&self, jobs: usize, delay: Duration) -> Result<()> {
        let job = || {
            let job = NewJob::new(self.queue.clone(), self.task.clone(), payload::payload());
            match delay.is_zero() {
                true => job,
                false => NewJob {
                    start: Start::In(delay),
                    ..job
                },
            }
        };
        let jobs: Vec<NewJob> = std::iter::repeat_with(job).take(jobs).collect();
        let number = jobs.len();
        let sent = self.broker.enqueue(jobs).await?;
        ensure!(
            sent.len() == number,
            "{} of {number} jobs were sent",
            sent.len()
        );
        Ok(())
    }
}
