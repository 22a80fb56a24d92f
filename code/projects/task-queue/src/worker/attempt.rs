//! One attempt at a job: runs its handler, watches over it, and says how it ended.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::{JoinError, JoinHandle};
use tokio::time::{self, Instant};
use tracing::{Instrument, debug, warn};

use crate::broker::{Lease, LeaseKey};
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
    pub(super) verdict: Verdict,
    pub(super) mishaps: Mishaps,
    pub(super) attempt: u32,
    pub(super) max_attempts: u32,
    pub(super) task: Arc<Task>,
}

/// What the worker makes of the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Completed(String),
    Failed(String),
    Dead(String),
    Canceled,
    Released,
    /// The lease is someone else's: there is nothing to tell the store.
    LeaseLost,
}

/// What else is to be counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Mishaps {
    pub(super) panicked: bool,
    pub(super) timed_out: bool,
    /// It did not stop and could not be stopped. It still has its permit.
    pub(super) abandoned: bool,
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
    let mut ended = Ended {
        key: lease.key,
        verdict: Verdict::Released,
        mishaps: Mishaps::default(),
        attempt: lease.attempt,
        max_attempts: lease.max_attempts,
        task: Arc::clone(&task),
    };
    let span = telemetry::job_span(&lease);
    let Some(handler) = &task.handler else {
        slot.end();
        // Another worker may have one: while a new version is being rolled out, say.
        ended.verdict = Verdict::Failed(format!("no handler for task {}", lease.task));
        span.in_scope(|| warn!("no handler for this task"));
        let _ = ends.send(ended).await;
        return;
    };
    let started = Instant::now();
    let mut running = start(handler, lease, &slot, Arc::clone(&permit), &span);
    let end = watch(
        &mut running,
        &slot,
        started + timeout,
        shared.settings.grace,
    )
    .await;
    task.metrics.run.observe(started.elapsed().as_secs_f64());
    let stopped = slot.end();
    ended.mishaps = Mishaps {
        panicked: matches!(&end, Some(Err(error)) if error.is_panic()),
        timed_out: stopped == Some(Stop::TimedOut),
        abandoned: end.is_none(),
    };
    ended.verdict = verdict(end, stopped, timeout);
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
    let context = Context::new(
        lease.key.job,
        (lease.attempt, lease.max_attempts),
        lease.trace,
        slot.stop.clone(),
        Arc::clone(&slot.progress),
    );
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
    // ANCHOR: watch
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
    // ANCHOR_END: watch
}

// ANCHOR: verdict
fn verdict(end: End, stopped: Option<Stop>, timeout: Duration) -> Verdict {
    if stopped == Some(Stop::LeaseLost) {
        return Verdict::LeaseLost;
    }
    let failure = match end {
        // Done is done, even if it was asked to stop.
        Some(Ok(Ok(result))) => return Verdict::Completed(result),
        _ if stopped == Some(Stop::Canceled) => return Verdict::Canceled,
        Some(Ok(Err(HandlerError::Permanent(reason)))) => return Verdict::Dead(reason),
        _ if stopped == Some(Stop::TimedOut) => format!("ran for longer than {timeout:?}"),
        _ if stopped == Some(Stop::ShutDown) => return Verdict::Released,
        Some(Ok(Err(error))) => error.to_string(),
        Some(Err(error)) if error.is_panic() => panic_message(error),
        // The worker's future was dropped, or the runtime ends.
        Some(Err(_)) | None => return Verdict::Released,
    };
    Verdict::Failed(failure)
}
// ANCHOR_END: verdict

fn panic_message(error: JoinError) -> String {
    let payload = error.into_panic();
    let message = payload
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    message.map_or_else(
        || "panicked".to_owned(),
        |message| format!("panicked: {message}"),
    )
}

fn log(ended: &Ended, stopped: Option<Stop>) {
    match &ended.verdict {
        Verdict::Completed(_) => debug!("completed"),
        Verdict::Failed(error) => warn!(error, "failed"),
        Verdict::Dead(error) => warn!(error, "failed for good"),
        Verdict::LeaseLost => warn!("the lease was lost"),
        Verdict::Canceled | Verdict::Released => debug!(?stopped, "stopped"),
    }
    if ended.mishaps.abandoned {
        warn!("the handler did not stop, and keeps its slot until it does");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Duration = Duration::from_secs(5);

    fn failed(reason: &str) -> End {
        Some(Ok(Err(HandlerError::retryable(reason))))
    }

    #[test]
    fn a_result_counts_whatever_the_handler_was_asked_to_do_but_not_without_the_lease() {
        let done = || Some(Ok(Ok("1".to_owned())));
        for stopped in [
            None,
            Some(Stop::Canceled),
            Some(Stop::TimedOut),
            Some(Stop::ShutDown),
        ] {
            assert_eq!(
                verdict(done(), stopped, LIMIT),
                Verdict::Completed("1".into())
            );
        }
        assert_eq!(
            verdict(done(), Some(Stop::LeaseLost), LIMIT),
            Verdict::LeaseLost
        );
    }

    #[test]
    fn a_failure_means_what_the_reason_for_stopping_makes_of_it() {
        for (stopped, expected) in [
            (None, Verdict::Failed("no route".into())),
            (Some(Stop::Canceled), Verdict::Canceled),
            (
                Some(Stop::TimedOut),
                Verdict::Failed("ran for longer than 5s".into()),
            ),
            (Some(Stop::ShutDown), Verdict::Released),
            (Some(Stop::LeaseLost), Verdict::LeaseLost),
        ] {
            assert_eq!(verdict(failed("no route"), stopped, LIMIT), expected);
        }
    }

    #[test]
    fn a_permanent_failure_is_one_also_while_the_worker_shuts_down() {
        let end = Some(Ok(Err(HandlerError::permanent("no such user"))));
        let expected = Verdict::Dead("no such user".into());
        assert_eq!(verdict(end, Some(Stop::ShutDown), LIMIT), expected);
    }

    #[tokio::test]
    async fn a_panic_keeps_its_message() {
        for (task, expected) in [
            (tokio::spawn(async { panic!("plain") }), "panicked: plain"),
            (
                tokio::spawn(async { panic!("number {}", 7) }),
                "panicked: number 7",
            ),
            (tokio::spawn(async { std::panic::panic_any(7) }), "panicked"),
        ] {
            let end: End = Some(task.await);
            assert_eq!(verdict(end, None, LIMIT), Verdict::Failed(expected.into()));
        }
    }
}
