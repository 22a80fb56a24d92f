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
