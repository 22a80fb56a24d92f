//! One search finds the whole story of a job.

use std::time::Duration;

use service::telemetry::{LogFormat, lines};
use service::trace::{new_trace, trace_id};
use task_queue::broker::{Lease, LeaseKey};
use task_queue::job::NewJob;
use task_queue::name::{QueueName, TaskName};
use task_queue::telemetry::{enqueue_span, job_span};
use tracing_subscriber::layer::SubscriberExt;

#[test]
fn lines_of_enqueuing_and_of_running_carry_the_same_job_and_trace() {
    let log = tempfile::NamedTempFile::new().unwrap();
    let layer = lines(LogFormat::Json, log.reopen().unwrap(), false);
    let mut job = NewJob::new(
        QueueName::new("q").unwrap(),
        TaskName::new("t").unwrap(),
        "1",
    );
    job.trace = Some(new_trace());
    let lease = lease(&job);
    tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
        enqueue_span(&job).in_scope(|| tracing::info!("sent"));
        job_span(&lease).in_scope(|| tracing::warn!(error = "no luck", "failed"));
    });
    let log = std::fs::read_to_string(log.path()).unwrap();
    let lines: Vec<serde_json::Value> = log
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines[0]["message"], "sent");
    assert_eq!(lines[1]["error"], "no luck");
    let trace = trace_id(job.trace.as_deref().unwrap()).unwrap();
    for line in &lines {
        assert_eq!(line["span"]["job"], job.id.to_string());
        assert_eq!(line["span"]["trace"], trace);
    }
}

fn lease(job: &NewJob) -> Lease {
    Lease {
        key: LeaseKey {
            job: job.id,
            token: 1,
        },
        queue: job.queue.clone(),
        task: job.task.clone(),
        payload: job.payload.clone(),
        priority: job.priority,
        attempt: 1,
        max_attempts: 5,
        recoveries: 0,
        timeout: job.timeout,
        waited: Duration::ZERO,
        trace: job.trace.clone(),
    }
}
