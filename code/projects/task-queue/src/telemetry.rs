//! The trace that follows a job from who enqueued it to who ran it.
//!
//! A job carries the `traceparent` of its sender (W3C Trace Context). Each log line written inside
//! [`enqueue_span`] or [`job_span`] has the job's id and the trace's id as fields, so that one
//! search finds the whole story, however many processes it took.

use service::trace::trace_id;
use tracing::{Span, info_span};

use crate::broker::Lease;
use crate::job::NewJob;

/// The span in which a job is enqueued.
pub fn enqueue_span(job: &NewJob) -> Span {
    let trace = job.trace.as_deref().and_then(trace_id);
    info_span!("enqueue", job = %job.id, queue = %job.queue, task = %job.task, trace)
}

/// The span in which a job runs.
pub fn job_span(lease: &Lease) -> Span {
    let trace = lease.trace.as_deref().and_then(trace_id);
    let (job, attempt) = (lease.key.job, lease.attempt);
    info_span!("job", %job, queue = %lease.queue, task = %lease.task, attempt, trace)
}

#[cfg(test)]
mod tests {
    use service::telemetry::{LogFormat, lines};
    use service::trace::new_trace;
    use tracing_subscriber::layer::SubscriberExt;

    use super::*;
    use crate::broker::LeaseKey;
    use crate::job::Timestamp;
    use crate::name::{QueueName, TaskName};

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
            enqueued_at: Timestamp(0),
            ready_at: Timestamp(0),
            claimed_at: Timestamp(0),
            trace: job.trace.clone(),
        }
    }
}
