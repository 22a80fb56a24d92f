//! apalis-redis as a worker or a producer; compare/program.rs says what the driver and it say to each other.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use apalis::prelude::*;
use apalis_redis::{Config, RedisStorage};
use serde::{Deserialize, Serialize};

#[path = "../../../compare/producer.rs"]
mod producer;
#[path = "../../../compare/tally.rs"]
mod tally;

use producer::Sender;
use tally::Tally;

#[derive(Debug, Serialize, Deserialize)]
struct Job {
    sent: u64,
    text: String,
}

#[derive(Clone)]
struct Apalis(RedisStorage<Job>);

#[tokio::main]
async fn main() -> Result<()> {
    let connection = apalis_redis::connect(std::env::var("STORE")?).await?;
    let heartbeat = Duration::from_secs(tally::number("LEASE") as u64 / 3);
    let config = Config::default()
        .batch_size(100)
        .heartbeat_interval(heartbeat)
        .missed_heartbeats(3);
    let storage = RedisStorage::new(connection).with_config(config);
    let tally = Arc::new(Tally::of_environment());
    let apalis = Apalis(storage.clone());
    let orders = producer::obey_all(&apalis, &tally);
    if std::env::args().nth(1).as_deref() != Some("worker") {
        return orders.await;
    }
    tokio::select! {
        orders = orders => orders,
        ended = work(storage, Arc::clone(&tally)) => Err(anyhow::anyhow!("the worker ended: {ended:?}")),
    }
}

async fn nothing(job: Job, tally: Data<Arc<Tally>>) -> Result<(), BoxDynError> {
    if let Some(held) = tally.note(job.sent) {
        tokio::time::sleep(held).await;
    }
    Ok(())
}

async fn work(storage: RedisStorage<Job>, tally: Arc<Tally>) -> Result<(), WorkerError> {
    let worker = WorkerBuilder::new(format!("worker-{}", std::process::id()))
        .backend(storage.poll_with_interval(Duration::from_millis(200)))
        .data(tally)
        .concurrency(tally::number("JOBS"))
        .parallelize(tokio::spawn)
        .build(nothing);
    worker.run().await
}

impl Sender for Apalis {
    async fn send(&self, jobs: usize, delay: Duration) -> Result<()> {
        let mut storage = self.0.clone();
        let mut tasks = Vec::with_capacity(jobs);
        for _ in 0..jobs {
            let text = "x".repeat(60);
            let sent = tally::micros();
            tasks.push(Job { sent, text });
        }
        if delay.is_zero() {
            storage.push_bulk(tasks).await?;
        } else {
            let tasks = tasks
                .into_iter()
                .map(|job| TaskBuilder::new(job).run_after(delay).build());
            storage.push_all(&mut futures::stream::iter(tasks)).await?;
        }
        Ok(())
    }
}
