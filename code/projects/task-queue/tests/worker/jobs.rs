//! Jobs that go well.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use task_queue::broker::{JobState, Leases, Progress};
use task_queue::handler::{Context, HandlerError, Registry};
use task_queue::metrics::Metrics;
use task_queue::name::WorkerId;
use task_queue::scale::Bounds;
use task_queue::worker::{Settings, Worker};
use tokio::time;
use tokio_util::sync::CancellationToken;

use super::*;
use crate::scripted::{Call, Fault};
use crate::support::secs;

async fn double(_: Context, n: u64) -> Result<u64, HandlerError> {
    time::sleep(ms(n)).await;
    Ok(2 * n)
}

#[tokio::test(start_paused = true)]
async fn runs_typed_jobs_and_stores_their_results() {
    let broker = Scripted::new();
    let new = jobs(0..100);
    let ids: Vec<_> = new.iter().map(|job| job.id).collect();
    let summary = run_all(&broker, task(double), new).await;
    for (n, id) in ids.into_iter().enumerate() {
        assert_eq!(broker.status(id).result, Some((2 * n).to_string()));
        assert_eq!(broker.completions(id), 1);
    }
    assert_eq!((summary.attempts, summary.completed), (100, 100));
}

#[tokio::test(start_paused = true)]
async fn never_runs_more_jobs_at_once_than_it_has_slots() {
    let broker = Scripted::new();
    let (running, most) = (Arc::new(AtomicU64::new(0)), Notes::new());
    let notes = most.clone();
    let registry = task(move |_, n| {
        let (running, notes) = (running.clone(), notes.clone());
        async move {
            notes.add(running.fetch_add(1, Ordering::Relaxed) + 1);
            time::sleep(ms(n % 7)).await;
            running.fetch_sub(1, Ordering::Relaxed);
            Ok(n)
        }
    });
    run_all(&broker, registry, jobs(0..300)).await;
    assert_eq!(most.all().into_iter().max(), Some(4));
}

#[tokio::test(start_paused = true)]
async fn claims_for_all_free_slots_at_once_and_ends_together_what_ends_together() {
    let broker = Scripted::new();
    broker.enqueue(jobs(0..96)).await.unwrap();
    let registry = task(|_, _| async {
        time::sleep(secs(1)).await;
        Ok(0)
    });
    let worker = start(&broker, registry, settings(32));
    broker.all_ended().await;
    let claims = broker.calls(Call::Claim);
    assert_eq!(claims[..3], [32, 32, 32]);
    assert_eq!(broker.calls(Call::Finish), [32, 32, 32]);
    assert_eq!(worker.stop().await.completed, 96);
}

#[tokio::test(start_paused = true)]
async fn serves_its_queues_in_turn() {
    let broker = Scripted::new();
    let order = Notes::new();
    let notes = order.clone();
    let registry = task(move |_, n| {
        notes.add(n);
        async move { Ok(n) }
    });
    let mut new = jobs(0..6);
    new[3..]
        .iter_mut()
        .for_each(|job| job.queue = queue("other"));
    broker.enqueue(new).await.unwrap();
    let mut settings = settings(1);
    settings.queues.push(queue("other"));
    let worker = start(&broker, registry, settings);
    broker.all_ended().await;
    worker.stop().await;
    assert_eq!(order.all(), [0, 3, 1, 4, 2, 5]);
}

#[tokio::test(start_paused = true)]
async fn an_idle_worker_asks_once_a_second_and_starts_a_new_job_at_once() {
    let broker = Scripted::new();
    let started = Notes::new();
    let notes = started.clone();
    let worker = start(
        &broker,
        task(move |_, n| {
            notes.add_now();
            async move { Ok(n) }
        }),
        settings(4),
    );
    time::sleep(ms(60_500)).await;
    assert!((60..=62).contains(&broker.calls(Call::Claim).len()));
    let now = Instant::now();
    broker.enqueue(vec![job(1)]).await.unwrap();
    broker.all_ended().await;
    assert_eq!(started.since(now), [Duration::ZERO]);
    worker.stop().await;
}

#[tokio::test(start_paused = true)]
async fn the_store_hears_of_progress_within_half_a_second() {
    let broker = Scripted::new();
    let registry = task(|context: Context, steps| async move {
        for step in 0..steps {
            context.report(step, steps, "working");
            time::sleep(ms(100)).await;
        }
        Ok(steps)
    });
    let id = send(&broker, job(100)).await;
    let worker = start(&broker, registry, settings(4));
    time::sleep(ms(5_050)).await;
    let Progress { done, total, note } = broker.progress(id).unwrap();
    assert!((45..=50).contains(&done), "{done}");
    assert_eq!((total, note.as_str()), (100, "working"));
    let told = broker.calls(Call::Extend).len();
    assert!(told <= 12, "{told} heartbeats in 5 s");
    worker.stop().await;
}

#[tokio::test(start_paused = true)]
async fn progress_that_could_not_be_told_is_told_later() {
    let broker = Scripted::new();
    broker.script(Call::Extend, [Fault::Away]);
    let registry = task(|context: Context, n| async move {
        context.report(1, 2, "half way");
        time::sleep(secs(20)).await;
        Ok(n)
    });
    let id = send(&broker, job(1)).await;
    let worker = start(&broker, registry, settings(4));
    time::sleep(secs(2)).await;
    assert_eq!(broker.progress(id).map(|progress| progress.done), Some(1));
    worker.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_context_knows_the_job_and_its_sender() {
    let broker = Scripted::new();
    let seen = Notes::new();
    let notes = seen.clone();
    let registry = task(move |context: Context, n| {
        notes.add((
            context.job,
            context.attempt,
            context.max_attempts,
            context.trace,
        ));
        async move { Ok(n) }
    });
    let trace = Some(service::trace::new_trace());
    let new = NewJob {
        trace: trace.clone(),
        ..job(1)
    };
    let id = new.id;
    run_all(&broker, registry, vec![new]).await;
    assert_eq!(seen.all(), [(id, 1, 5, trace)]);
}

#[tokio::test(start_paused = true)]
async fn the_demo_handlers_do_what_they_say() {
    let broker = Scripted::new();
    let mut ids = Vec::new();
    for (name, input) in [
        ("echo", r#"{"any":["json",1]}"#),
        ("sleep", r#"{"ms":1500}"#),
        ("fail", r#"{"message":"no","times":2}"#),
        ("hash", r#"{"text":"a","rounds":1}"#),
        ("report_progress", r#"{"steps":3,"step_ms":10}"#),
        ("fail", r#"{"message":"never","permanent":true}"#),
        ("panic", r#""oh""#),
    ] {
        let task = TaskName::new(name).unwrap();
        ids.push(send(&broker, NewJob::new(queue("q"), task, input)).await);
    }
    let summary = run_all(&broker, task_queue::demo::registry().unwrap(), vec![]).await;
    let results: Vec<_> = ids.iter().map(|&id| broker.status(id)).collect();
    let expected = [
        r#"{"any":["json",1]}"#,
        "1500",
        "3",
        "\"af63dc4c8601ec8c\"",
        "3",
    ];
    for (status, expected) in results.iter().zip(expected) {
        assert_eq!(status.result.as_deref(), Some(expected), "{status:?}");
    }
    let errors = results[5..].iter().map(|status| status.error.as_deref());
    assert!(errors.eq([Some("never"), Some("panicked: oh")]));
    assert!(
        results[5..]
            .iter()
            .all(|status| status.state == JobState::Dead)
    );
    assert_eq!((summary.completed, summary.dead, summary.panics), (5, 2, 5));
}

#[tokio::test(start_paused = true)]
async fn what_happened_is_in_the_metrics() {
    let broker = Scripted::new();
    let registry = task(|context: Context, n| async move {
        match (n, context.attempt) {
            (1, 1) => Err(HandlerError::retryable("once")),
            (2, 1) => panic!("on purpose"),
            _ => Ok(n),
        }
    });
    broker.enqueue(jobs(0..3)).await.unwrap();
    let (metrics, shutdown) = (Metrics::new(), CancellationToken::new());
    let worker = Worker::new(broker.clone(), registry, settings(4)).unwrap();
    let worker = tokio::spawn(worker.with_metrics(metrics.clone()).run(shutdown.clone()));
    broker.all_ended().await;
    shutdown.cancel();
    worker.await.unwrap();
    metrics.observe(&broker.stats().await.unwrap(), &broker.reports());
    let text = service::metrics::render(&metrics.registry());
    for line in [
        "taskq_retries_total{task=\"t\"} 2",
        "taskq_panics_total{task=\"t\"} 1",
        "taskq_wait_seconds_count{queue=\"q\"} 5",
        "taskq_run_seconds_count{task=\"t\"} 5",
        "taskq_slots 4",
        "taskq_leases_lost_total 0",
        "taskq_ready_jobs{queue=\"q\",priority=\"5\"} 0",
    ] {
        assert!(
            text.lines().any(|l| l == line),
            "{line} is missing in:\n{text}"
        );
    }
}

#[test]
fn settings_that_cannot_work_are_refused_with_the_field() {
    let refused = |change: fn(&mut Settings)| {
        let mut settings = settings(1);
        change(&mut settings);
        let worker = Worker::new(Scripted::new(), Registry::new(), settings);
        worker.err().expect("refused").to_string()
    };
    let concurrency = refused(|s| s.scale.bounds = Bounds { min: 5, max: 4 });
    assert!(
        concurrency.starts_with("concurrency: 5 to 4"),
        "{concurrency}"
    );
    let queues = refused(|s| s.queues.clear());
    assert!(queues.starts_with("queues: "), "{queues}");
    let lease = refused(|s| s.lease = ms(1));
    assert!(lease.starts_with("lease: "), "{lease}");
    assert!(WorkerId::new("").is_err());
}
