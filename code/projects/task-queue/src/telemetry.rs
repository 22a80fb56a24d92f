//! Logs, and the trace that follows a job from who enqueued it to who ran it.
//!
//! A job carries the `traceparent` of its sender (W3C Trace Context). Each log line written inside
//! [`enqueue_span`] or [`job_span`] has the job's id and the trace's id as fields, so that one
//! search finds the whole story, however many processes it took.

use std::io::IsTerminal;
use std::panic::PanicHookInfo;
use std::str::FromStr;

use tracing::{Span, error, info_span};
use tracing_subscriber::filter::{ParseError, Targets};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::{SubscriberInitExt, TryInitError};
use tracing_subscriber::{Layer, Registry, fmt};

use crate::broker::Lease;
use crate::job::NewJob;

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line, for programs.
    Json,
}

/// Why logging did not start.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// The filter cannot be read.
    #[error("log filter {filter:?}: {source}; write something like \"info,task_queue=debug\"")]
    Filter {
        /// What was given.
        filter: String,
        /// What is wrong with it.
        source: ParseError,
    },
    /// Somebody in this process started logging before.
    #[error(transparent)]
    Twice(#[from] TryInitError),
}

/// Starts logging to standard error, once in a process. `filter` says which targets at which level:
/// `info,task_queue=debug`. A panic becomes a log line too, with the job it happened in.
pub fn init(format: LogFormat, filter: &str) -> Result<(), TelemetryError> {
    let is_terminal = std::io::stderr().is_terminal();
    let targets = Targets::from_str(filter).map_err(|source| TelemetryError::Filter {
        filter: filter.to_owned(),
        source,
    })?;
    tracing_subscriber::registry()
        .with(lines(format, std::io::stderr, is_terminal).with_filter(targets))
        .try_init()?;
    std::panic::set_hook(Box::new(log_panic));
    Ok(())
}

fn lines<W>(format: LogFormat, writer: W, colors: bool) -> Box<dyn Layer<Registry> + Send + Sync>
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let lines = fmt::layer().with_writer(writer).with_ansi(colors);
    match format {
        LogFormat::Text => lines.boxed(),
        LogFormat::Json => lines.json().flatten_event(true).boxed(),
    }
}

fn log_panic(panic: &PanicHookInfo<'_>) {
    let message = panic.payload_as_str().unwrap_or("not a text");
    let place = panic.location().map(ToString::to_string);
    error!(panic = message, place, "panicked");
}

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

/// A trace context for a job whose sender has none.
pub fn new_trace() -> String {
    // Zero stands for "none" in the standard, so neither id may be zero.
    let (trace, span) = (fastrand::u128(1..), fastrand::u64(1..));
    format!("00-{trace:032x}-{span:016x}-01")
}

/// The id of the trace within a `traceparent`, if that is well formed.
pub fn trace_id(traceparent: &str) -> Option<&str> {
    let mut parts = traceparent.split('-');
    let (version, trace, span) = (parts.next()?, parts.next()?, parts.next()?);
    let is_hex = |part: &str, length| {
        part.len() == length && part.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
    };
    let is_some = |part: &str| part.bytes().any(|b| b != b'0');
    let well_formed = is_hex(version, 2) && is_hex(trace, 32) && is_hex(span, 16);
    (well_formed && is_some(trace) && is_some(span)).then_some(trace)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::broker::LeaseKey;
    use crate::job::Timestamp;
    use crate::name::{QueueName, TaskName};

    #[test]
    fn a_new_trace_is_well_formed_and_never_the_same() {
        let (one, two) = (new_trace(), new_trace());
        assert_eq!(one.len(), 55);
        assert_eq!(trace_id(&one), Some(&one[3..35]));
        assert_ne!(trace_id(&one), trace_id(&two));
    }

    #[test]
    fn what_is_no_traceparent_has_no_trace_id() {
        let zero = format!("00-{}-{}-01", "0".repeat(32), "1".repeat(16));
        let upper = format!("00-{}-{}-01", "A".repeat(32), "1".repeat(16));
        for text in ["", "00", "00-xyz-1-01", &zero, &upper] {
            assert_eq!(trace_id(text), None, "{text:?}");
        }
    }

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

    #[test]
    fn a_wrong_filter_says_what_was_given() {
        let error = init(LogFormat::Text, "task_queue=loud").unwrap_err();
        let text = error.to_string();
        assert!(
            text.starts_with("log filter \"task_queue=loud\": "),
            "{text}"
        );
    }
}
