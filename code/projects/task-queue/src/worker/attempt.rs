//! One attempt at a job: runs its handler, watches over it, and says how it ended.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::{JoinError, JoinHandle};
use tokio::time::{self, Instant};
use tracing::{Instrument, debug, warn};

use crate::broker::{Lease, LeaseKey, Outcome};
use crate::handler::{Context, Handler, HandlerError, Output, Run};
use crate::telemetry;

use super::permits::Permit;
use super::running::{Slot, Stop};
use super::{Shared, Task};

/// A handler that was aborted ends at its next `.await`. One that has not after this time
/// is given up.
const ABORT_PATIENCE: Duration = Duration::from_millis(100);

/// The end of an attempt, on its way to the finisher.
pub(super) struct Ended {
    pub(super) key: LeaseKey,
    /// What to tell the store; nothing if the lease is someone else's. How long a retry waits is
    /// for the finisher to say.
    pub(super) outcome: Option<Outcome>,
    pub(super) attempt: u32,
    pub(super) max_attempts: u32,
    pub(super) task: Arc<Task>,
    pub(super) panicked: bool,
    pub(super) timed_out: bool,
    /// The handler did not stop and could not be stopped. It still has its permit.
    pub(super) abandoned: bool,
}

impl Ended {
    /// Before it has begun, as far as the store is told.
    pub(super) fn released(lease: &Lease, task: Arc<Task>) -> Self {
        Self {
            key: lease.key,
            outcome: Some(Outcome::Released),
            attempt: lease.attempt,
            max_attempts: lease.max_attempts,
            task,
            panicked: false,
            timed_out: false,
            abandoned: false,
        }
    }
}

/// How the handler's task ended; `None` if it has not.
type End = Option<Result<Output, JoinError>>;

/// Runs the handler to its end, or until it had to be stopped, and sends what became of it.
pub(super) async fn run(
    shared: Arc<Shared>,
    lease: Lease,
    slot: Arc<Slot>,
    permit: Permit,
    ends: mpsc::Sender<Ended>,
) {
    // The handler holds one part, because it may live on after it was given up; this function the
    // other, so that no further job starts here while ends are piling up.
    let permit = Arc::new(permit);
    let task = shared.task(&lease.task);
    let timeout = lease.timeout;
    let mut ended = Ended::released(&lease, Arc::clone(&task));
    let span = telemetry::job_span(&lease);
    let Some(handler) = &task.handler else {
        slot.end();
        // Another worker may have one: while a new version is being rolled out, say.
        ended.outcome = Some(failed(format!("no handler for task {}", lease.task)));
        span.in_scope(|| warn!("no handler for this task"));
        let _ = ends.send(ended).await;
        return;
    };
    let started = Instant::now();
    let mut running = start(handler, lease, &slot, Arc::clone(&permit), &span);
    let (timeout_at, grace) = (started + timeout, shared.settings.grace);
    let end = watch(&mut running, &slot, timeout_at, grace).await;
    task.metrics.run.observe(started.elapsed().as_secs_f64());
    let stopped = slot.end();
    ended.panicked = matches!(&end, Some(Err(error)) if error.is_panic());
    ended.timed_out = stopped == Some(Stop::TimedOut);
    ended.abandoned = end.is_none();
    ended.outcome = outcome(end, stopped, timeout);
    span.in_scope(|| log(&ended, stopped));
    // Without a finisher the worker is gone, and the lease runs out.
    let _ = ends.send(ended).await;
}

/// In a task of its own, where a panic of it ends.
fn start(
    handler: &Handler,
    lease: Lease,
    slot: &Slot,
    permit: Arc<Permit>,
    span: &tracing::Span,
) -> JoinHandle<Output> {
    let context = Context {
        job: lease.key.job,
        attempt: lease.attempt,
        max_attempts: lease.max_attempts,
        trace: lease.trace,
        stop: slot.stop.clone(),
        progress: Arc::clone(&slot.progress),
    };
    let payload = lease.payload;
    match &handler.0 {
        Run::Async(run) => {
            let run = Arc::clone(run);
            let running = async move {
                let _permit = permit;
                run(context, payload).await
            };
            tokio::spawn(running.instrument(span.clone()))
        }
        Run::Blocking(run) => {
            let (run, span) = (Arc::clone(run), span.clone());
            tokio::task::spawn_blocking(move || {
                let _permit = permit;
                span.in_scope(|| run(context, payload))
            })
        }
    }
}

/// Waits for the handler. One timer watches both its timeout and its lease: it wakes at whichever
/// is nearer, and heartbeats move the lease on in the meantime.
async fn watch(
    running: &mut JoinHandle<Output>,
    slot: &Slot,
    timeout_at: Instant,
    grace: Duration,
) -> End {
    loop {
        tokio::select! {
            biased;
            result = &mut *running => return Some(result),
            () = slot.stop.cancelled() => break,
            () = time::sleep_until(slot.held_until().min(timeout_at)) => {
                if slot.held_until() <= Instant::now() {
                    slot.stop(Stop::LeaseLost);
                } else if timeout_at <= Instant::now() {
                    slot.stop(Stop::TimedOut);
                }
            }
        }
    }
    if let Ok(result) = time::timeout(grace, &mut *running).await {
        return Some(result);
    }
    running.abort();
    time::timeout(ABORT_PATIENCE, running).await.ok()
}

/// What the worker makes of the end.
fn outcome(end: End, stopped: Option<Stop>, timeout: Duration) -> Option<Outcome> {
    if stopped == Some(Stop::LeaseLost) {
        return None;
    }
    Some(match end {
        // Done is done, even if it was asked to stop.
        Some(Ok(Ok(result))) => Outcome::Completed(result),
        _ if stopped == Some(Stop::Canceled) => Outcome::Canceled,
        Some(Ok(Err(HandlerError::Permanent(error)))) => Outcome::Dead { error },
        _ if stopped == Some(Stop::TimedOut) => failed(format!("ran for longer than {timeout:?}")),
        _ if stopped == Some(Stop::ShutDown) => Outcome::Released,
        Some(Ok(Err(error))) => failed(error.to_string()),
        Some(Err(error)) if error.is_panic() => failed(panic_message(error)),
        // The worker's future was dropped, or the runtime ends.
        Some(Err(_)) | None => Outcome::Released,
    })
}

fn failed(error: String) -> Outcome {
    let after = Duration::ZERO;
    Outcome::Retry { after, error }
}

fn panic_message(error: JoinError) -> String {
    let payload = error.into_panic();
    let constant = payload.downcast_ref::<&str>().copied();
    match constant.or_else(|| payload.downcast_ref::<String>().map(String::as_str)) {
        Some(message) => format!("panicked: {message}"),
        None => "panicked".to_owned(),
    }
}

fn log(ended: &Ended, stopped: Option<Stop>) {
    match &ended.outcome {
        Some(Outcome::Completed(_)) => debug!("completed"),
        Some(Outcome::Retry { error, .. }) => warn!(error, "failed"),
        Some(Outcome::Dead { error }) => warn!(error, "failed for good"),
        Some(Outcome::Canceled | Outcome::Released) => debug!(?stopped, "stopped"),
        None => warn!("the lease was lost"),
    }
    if ended.abandoned {
        warn!("the handler did not stop, and keeps its slot until it does");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Duration = Duration::from_secs(5);

    #[test]
    fn a_result_counts_whatever_the_handler_was_asked_to_do_but_not_without_the_lease() {
        let done = || Some(Ok(Ok("1".to_owned())));
        let asked = [Stop::Canceled, Stop::TimedOut, Stop::ShutDown].map(Some);
        for stopped in asked.into_iter().chain([None]) {
            let expected = Some(Outcome::Completed("1".into()));
            assert_eq!(outcome(done(), stopped, LIMIT), expected);
        }
        assert_eq!(outcome(done(), Some(Stop::LeaseLost), LIMIT), None);
    }

    #[test]
    fn a_failure_means_what_the_reason_for_stopping_makes_of_it() {
        let too_long = failed("ran for longer than 5s".into());
        for (stopped, expected) in [
            (None, Some(failed("no route".into()))),
            (Some(Stop::Canceled), Some(Outcome::Canceled)),
            (Some(Stop::TimedOut), Some(too_long)),
            (Some(Stop::ShutDown), Some(Outcome::Released)),
            (Some(Stop::LeaseLost), None),
        ] {
            let end = Some(Ok(Err(HandlerError::retryable("no route"))));
            assert_eq!(outcome(end, stopped, LIMIT), expected);
        }
    }

    #[test]
    fn a_permanent_failure_is_one_also_while_the_worker_shuts_down() {
        let end = Some(Ok(Err(HandlerError::permanent("no such user"))));
        let error = "no such user".to_owned();
        let expected = Some(Outcome::Dead { error });
        assert_eq!(outcome(end, Some(Stop::ShutDown), LIMIT), expected);
    }

    #[tokio::test]
    async fn a_panic_keeps_its_message() {
        let number = 7;
        for (task, expected) in [
            (tokio::spawn(async { panic!("plain") }), "panicked: plain"),
            (
                tokio::spawn(async move { panic!("{number}") }),
                "panicked: 7",
            ),
            (tokio::spawn(async { std::panic::panic_any(7) }), "panicked"),
        ] {
            let expected = Some(failed(expected.into()));
            assert_eq!(outcome(Some(task.await), None, LIMIT), expected);
        }
    }
}
