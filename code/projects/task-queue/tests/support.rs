//! Jobs, claims and ends of leases, in as few words as a test wants to spend on them.

use std::time::Duration;

use task_queue::broker::{
    Broker, Claim, Enqueued, Finish, Finished, Heartbeat, JobState, Lease, LeaseKey, Leases,
    Options, Outcome, QueueStats, Select,
};
use task_queue::error::BrokerError;
use task_queue::job::{JobId, NewJob, Priority};
use task_queue::name::{QueueName, TaskName, WorkerId};
use tokio::time;

pub const LEASE: Duration = Duration::from_secs(10);
pub const OPTIONS: Options = Options::STANDARD;

pub fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

pub fn queue(name: &str) -> QueueName {
    QueueName::new(name).unwrap()
}

/// So many dead letters of the queue, those that died first.
pub fn oldest(oldest: usize) -> Select {
    Select::Oldest {
        queue: queue("q"),
        oldest,
    }
}

pub fn job(payload: &str) -> NewJob {
    NewJob::new(queue("q"), TaskName::new("echo").unwrap(), payload)
}

pub fn urgent(payload: &str, priority: u8) -> NewJob {
    NewJob {
        priority: Priority::new(priority).unwrap(),
        ..job(payload)
    }
}

/// Enqueues one job that must be new.
#[track_caller]
pub fn send(broker: &impl Leases, job: NewJob) -> impl Future<Output = JobId> {
    let at = std::panic::Location::caller();
    async move {
        let id = job.id;
        let answer = broker.enqueue(vec![job]).await.unwrap();
        assert_eq!(answer, [Enqueued::New(id)], "{at}");
        id
    }
}

pub async fn claim(broker: &impl Leases, max: usize) -> Vec<Lease> {
    claim_from(broker, &["q"], max).await
}

pub async fn claim_from(broker: &impl Leases, queues: &[&str], max: usize) -> Vec<Lease> {
    let queues = queues.iter().map(|name| queue(name)).collect();
    broker
        .claim(Claim {
            queues,
            ..wish(max)
        })
        .await
        .unwrap()
}

/// A claim for jobs of queue `q`.
pub fn wish(max: usize) -> Claim {
    Claim {
        queues: vec![queue("q")],
        max,
        worker: WorkerId::new("worker-1").unwrap(),
        lease: LEASE,
    }
}

/// Claims exactly one job.
pub async fn claim_one(broker: &impl Leases) -> Lease {
    let mut leases = claim(broker, 1).await;
    leases.pop().expect("a job is ready")
}

pub async fn payloads(broker: &impl Leases, max: usize) -> Vec<String> {
    claim(broker, max)
        .await
        .into_iter()
        .map(|lease| lease.payload)
        .collect()
}

pub async fn finish(broker: &impl Leases, key: LeaseKey, outcome: Outcome) -> Finished {
    broker.finish(vec![Finish { key, outcome }]).await.unwrap()[0]
}

pub fn done() -> Outcome {
    Outcome::Completed("\"ok\"".to_owned())
}

pub fn retry(after: Duration) -> Outcome {
    Outcome::Retry {
        after,
        error: "it \"failed\"\nbadly".to_owned(),
    }
}

pub fn dead() -> Outcome {
    Outcome::Dead {
        error: "hopeless".to_owned(),
    }
}

pub fn beat(key: LeaseKey) -> Heartbeat {
    Heartbeat {
        key,
        progress: None,
    }
}

pub async fn state(broker: &impl Broker, job: JobId) -> Option<JobState> {
    broker
        .wait(job, Duration::ZERO)
        .await
        .unwrap()
        .map(|status| status.state)
}

pub async fn stats(broker: &impl Leases, name: &str) -> QueueStats {
    let stats = broker.stats().await.unwrap();
    stats
        .queues
        .into_iter()
        .find(|stats| stats.queue.as_str() == name)
        .expect("the queue is known")
}

/// Calls until the store answers, as the worker does.
pub async fn again<T, F: Future<Output = Result<T, BrokerError>>>(call: impl Fn() -> F) -> T {
    let calls = async {
        loop {
            match call().await {
                Ok(answer) => return answer,
                Err(error) => assert!(error.is_transient(), "{error}"),
            }
            time::sleep(Duration::from_millis(50)).await;
        }
    };
    time::timeout(secs(20), calls)
        .await
        .expect("the store comes back")
}
