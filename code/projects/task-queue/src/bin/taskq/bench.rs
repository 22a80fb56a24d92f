//! `taskq bench`: no-op jobs, from the first request to the last end.

use std::io::{self, Write};
use std::time::Duration;

use anyhow::{Result, ensure};
use serde_json::value::RawValue;
use tokio::task::JoinSet;
use tokio::time::{self, Instant};

use task_queue::client::Client;
use task_queue::http::JobRequest;
use task_queue::job::JobId;
use task_queue::name::{QueueName, TaskName};

/// Jobs in one request.
const BATCH: usize = 500;
/// How often to look whether all have ended.
const LOOK: Duration = Duration::from_millis(20);

#[derive(clap::Args)]
pub struct Bench {
    /// How many jobs
    #[arg(long, default_value_t = 10_000)]
    jobs: usize,
    /// Requests that are under way at once
    #[arg(long, default_value_t = 4)]
    senders: usize,
    /// The queue; its jobs are counted, so no one else should use it meanwhile
    #[arg(long, default_value = "default")]
    queue: QueueName,
}

pub async fn run(client: &Client, bench: &Bench) -> Result<()> {
    ensure!(
        bench.jobs > 0 && bench.senders > 0,
        "jobs and senders: at least 1"
    );
    let before = ended(client, &bench.queue).await?;
    let start = Instant::now();
    let mut senders = JoinSet::new();
    for sender in 0..bench.senders {
        let mine = bench.jobs / bench.senders + usize::from(sender < bench.jobs % bench.senders);
        senders.spawn(send(client.clone(), bench.queue.clone(), mine));
    }
    while let Some(sent) = senders.join_next().await {
        sent??;
    }
    let enqueued = start.elapsed();
    while ended(client, &bench.queue).await? < before + bench.jobs as u64 {
        time::sleep(LOOK).await;
    }
    let done = start.elapsed();
    let rate = |time: Duration| bench.jobs as f64 / time.as_secs_f64();
    writeln!(
        io::stdout(),
        "{} jobs: enqueued at {:.0} a second, done at {:.0} a second ({:.2} s)",
        bench.jobs,
        rate(enqueued),
        rate(done),
        done.as_secs_f64()
    )?;
    Ok(())
}

async fn send(client: Client, queue: QueueName, jobs: usize) -> Result<()> {
    let task = TaskName::new("echo")?;
    let mut left = jobs;
    while left > 0 {
        let batch = left.min(BATCH);
        let job = || JobRequest {
            id: Some(JobId::new()),
            queue: Some(queue.clone()),
            keep_result_ms: Some(0),
            ..JobRequest::new(task.clone(), RawValue::from_string("1".into()).ok())
        };
        let jobs: Vec<JobRequest> = std::iter::repeat_with(job).take(batch).collect();
        client.enqueue(&jobs).await?;
        left -= batch;
    }
    Ok(())
}

/// Jobs of a queue that ever completed or died.
async fn ended(client: &Client, queue: &QueueName) -> Result<u64> {
    let stats = client.queues().await?;
    let ours = stats.queues.iter().find(|stats| stats.queue == *queue);
    Ok(ours.map_or(0, |stats| stats.counters.completed + stats.counters.died))
}
