//! Workers on the real stores, on the real clock: only outcomes are asserted, no times.

use task_queue::broker::sqlite::{SqliteBroker, Sync};
use task_queue::broker::{Broker, JobState, Options};
use task_queue::handler::{Context, Handler, HandlerError, Registry};
use task_queue::job::JobId;
use tokio::time;

use super::*;
use crate::stores::on_redis;
use crate::support::secs;
use testbed::redis::Redis as Server;

async fn result(broker: &impl Broker, job: JobId) -> (JobState, Option<String>) {
    let status = broker.wait(job, secs(60)).await.unwrap().unwrap();
    (status.state, status.result)
}

/// Every job succeeds in the end, whether it fails, panics or computes on the way.
async fn runs_jobs_of_every_kind(broker: impl Broker) {
    let flaky = |context: Context, n: u64| async move {
        match (n % 10, context.attempt) {
            (1, 1) => Err(HandlerError::retryable("at first")),
            (2, 1) => panic!("at first"),
            _ => Ok(n),
        }
    };
    let registry = Registry::new()
        .with("t", Handler::new(flaky))
        .and_then(|tasks| tasks.with("b", Handler::blocking(|_, n: u64| Ok(n + 1))))
        .unwrap();
    let mut settings = settings(8);
    settings.backoff.first = ms(1);
    let mut new = jobs(0..200);
    for job in new.iter_mut().step_by(20) {
        job.task = TaskName::new("b").unwrap();
    }
    let ids: Vec<_> = new.iter().map(|job| job.id).collect();
    let worker = start(&broker, registry, settings);
    broker.enqueue(new).await.unwrap();
    for (n, id) in (0..).zip(ids) {
        let expected = if n % 20 == 0 { n + 1 } else { n };
        let expected = (JobState::Completed, Some(expected.to_string()));
        assert_eq!(result(&broker, id).await, expected);
    }
    let summary = worker.stop().await;
    assert_eq!(
        (summary.completed, summary.retried, summary.panics),
        (200, 40, 20)
    );
}

/// A worker that is gone loses its jobs to the next one.
async fn a_job_ends_elsewhere_when_its_worker_dies(broker: impl Broker) {
    let starts = Notes::new();
    let notes = starts.clone();
    let registry = task(move |context: Context, n| {
        let notes = notes.clone();
        async move {
            notes.add(context.attempt);
            if notes.all().len() == 1 {
                std::future::pending::<()>().await;
            }
            Ok(n)
        }
    });
    let mut settings = settings(4);
    settings.lease = ms(200);
    let new = job(7);
    let id = new.id;
    broker.enqueue(vec![new]).await.unwrap();
    // A runtime of its own dies with all its tasks, as a process does.
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let doomed = Worker::new(broker.clone(), registry.clone(), settings.clone()).unwrap();
    runtime.spawn(doomed.run(CancellationToken::new()));
    while starts.all().is_empty() {
        time::sleep(ms(1)).await;
    }
    runtime.shutdown_background();
    let worker = start(&broker, registry, settings);
    let expected = (JobState::Completed, Some("7".to_owned()));
    assert_eq!(result(&broker, id).await, expected);
    assert_eq!(starts.all(), [1, 1]); // a lost worker is no failed attempt
    worker.stop().await;
}

/// Progress, cancellation and handing back, through the store's own words.
async fn cancels_and_hands_back(broker: impl Broker) {
    let registry = task(|context: Context, n| async move {
        context.report(1, 2, "half way");
        context.stop.cancelled().await;
        Err(HandlerError::Retryable(format!("job {n} was stopped")))
    });
    let mut settings = settings(4);
    settings.drain = ms(1);
    let new = jobs(0..2);
    let (canceled, released) = (new[0].id, new[1].id);
    broker.enqueue(new).await.unwrap();
    let worker = start(&broker, registry, settings);
    for id in [canceled, released] {
        let reported = async || broker.inspect(id).await.unwrap().unwrap().status.progress;
        while reported().await.is_none() {
            time::sleep(ms(1)).await;
        }
    }
    broker.cancel(canceled).await.unwrap();
    assert_eq!(result(&broker, canceled).await.0, JobState::Canceled);
    let summary = worker.stop().await;
    assert_eq!((summary.canceled, summary.released), (1, 1));
    let view = broker.inspect(released).await.unwrap().unwrap();
    assert_eq!((view.status.state, view.failures), (JobState::Ready, 0));
}

mod on_sqlite {
    use super::*;

    async fn broker(folder: &tempfile::TempDir) -> SqliteBroker {
        let path = folder.path().join("queue.db");
        let opened = SqliteBroker::open(&path, Sync::Normal, Options::STANDARD);
        opened.await.unwrap()
    }

    #[tokio::test]
    async fn runs_jobs_of_every_kind() {
        let folder = tempfile::tempdir().unwrap();
        super::runs_jobs_of_every_kind(broker(&folder).await).await;
    }

    #[tokio::test]
    async fn a_job_ends_elsewhere_when_its_worker_dies() {
        let folder = tempfile::tempdir().unwrap();
        super::a_job_ends_elsewhere_when_its_worker_dies(broker(&folder).await).await;
    }

    #[tokio::test]
    async fn cancels_and_hands_back() {
        let folder = tempfile::tempdir().unwrap();
        super::cancels_and_hands_back(broker(&folder).await).await;
    }
}

mod on_redis {
    use super::*;

    #[tokio::test]
    #[ignore = "needs redis-server"]
    async fn runs_jobs_of_every_kind() {
        let server = Server::start(&[]);
        super::runs_jobs_of_every_kind(on_redis(&server, Options::STANDARD).await).await;
    }

    #[tokio::test]
    #[ignore = "needs redis-server"]
    async fn a_job_ends_elsewhere_when_its_worker_dies() {
        let server = Server::start(&[]);
        super::a_job_ends_elsewhere_when_its_worker_dies(
            on_redis(&server, Options::STANDARD).await,
        )
        .await;
    }

    #[tokio::test]
    #[ignore = "needs redis-server"]
    async fn cancels_and_hands_back() {
        let server = Server::start(&[]);
        super::cancels_and_hands_back(on_redis(&server, Options::STANDARD).await).await;
    }
}
