//! The store that the user chose when the program started.

use std::path::Path;
use std::time::Duration;

use crate::error::BrokerError;
use crate::job::{JobId, NewJob};
use crate::name::{QueueName, ScheduleName, WorkerId};

use super::redis::RedisBroker;
use super::sqlite::{SqliteBroker, Sync};
use super::{
    Broker, Cancel, Claim, Cursor, Enqueued, Extended, Finish, Finished, Heartbeat, JobStatus,
    JobView, Lease, LeaseKey, NewSchedule, Options, Page, ScheduleView, Select, Signals, Stats,
    Upkeep, WorkerReport,
};

/// One of the two stores. A `match` in each call costs nothing beside a commit or a round trip.
#[derive(Clone)]
pub enum AnyBroker {
    /// A file beside the program.
    Sqlite(SqliteBroker),
    /// For many machines.
    Redis(RedisBroker),
}

impl AnyBroker {
    /// Opens the store of this URL:
    ///
    /// - `sqlite:PATH`, or `sqlite:PATH?sync=normal` for [`Sync::Normal`];
    /// - `redis://[:PASSWORD@]HOST[:PORT][/DB]` or `redis+unix:///PATH`, with `?namespace=NAME`
    ///   (`taskq` if it is left out).
    pub async fn open(url: &str, options: Options) -> Result<Self, BrokerError> {
        if let Some(rest) = url.strip_prefix("sqlite:") {
            let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
            let sync = match query {
                "" | "sync=full" => Sync::Full,
                "sync=normal" => Sync::Normal,
                _ => {
                    return Err(unknown(format!(
                        "{query:?} is not sync=full or sync=normal"
                    )));
                }
            };
            return SqliteBroker::open(Path::new(path), sync, options)
                .await
                .map(Self::Sqlite);
        }
        if url.starts_with("redis://")
            || url.starts_with("redis+unix://")
            || url.starts_with("unix://")
        {
            let (url, namespace) = url.split_once("?namespace=").unwrap_or((url, "taskq"));
            let namespace = QueueName::new(namespace)
                .map_err(|error| unknown(format!("as a namespace, {error}")))?;
            return RedisBroker::connect(url, &namespace, options)
                .await
                .map(Self::Redis);
        }
        Err(unknown(format!(
            "{:?} begins with neither sqlite: nor redis://",
            crate::name::cut(url)
        )))
    }
}

fn unknown(reason: String) -> BrokerError {
    BrokerError::invalid("store url", reason)
}

impl Broker for AnyBroker {
    async fn enqueue(&self, jobs: Vec<NewJob>) -> Result<Vec<Enqueued>, BrokerError> {
        match self {
            Self::Sqlite(broker) => broker.enqueue(jobs).await,
            Self::Redis(broker) => broker.enqueue(jobs).await,
        }
    }

    async fn claim(&self, claim: Claim) -> Result<Vec<Lease>, BrokerError> {
        match self {
            Self::Sqlite(broker) => broker.claim(claim).await,
            Self::Redis(broker) => broker.claim(claim).await,
        }
    }

    async fn extend(
        &self,
        heartbeats: Vec<Heartbeat>,
        lease: Duration,
    ) -> Result<Vec<Extended>, BrokerError> {
        match self {
            Self::Sqlite(broker) => broker.extend(heartbeats, lease).await,
            Self::Redis(broker) => broker.extend(heartbeats, lease).await,
        }
    }

    async fn finish(&self, finishes: Vec<Finish>) -> Result<Vec<Finished>, BrokerError> {
        match self {
            Self::Sqlite(broker) => broker.finish(finishes).await,
            Self::Redis(broker) => broker.finish(finishes).await,
        }
    }

    async fn held(&self, worker: WorkerId) -> Result<Vec<LeaseKey>, BrokerError> {
        match self {
            Self::Sqlite(broker) => broker.held(worker).await,
            Self::Redis(broker) => broker.held(worker).await,
        }
    }

    async fn upkeep(&self, limit: usize) -> Result<Upkeep, BrokerError> {
        match self {
            Self::Sqlite(broker) => broker.upkeep(limit).await,
            Self::Redis(broker) => broker.upkeep(limit).await,
        }
    }

    async fn cancel(&self, job: JobId) -> Result<Cancel, BrokerError> {
        match self {
            Self::Sqlite(broker) => broker.cancel(job).await,
            Self::Redis(broker) => broker.cancel(job).await,
        }
    }

    async fn inspect(&self, job: JobId) -> Result<Option<JobView>, BrokerError> {
        match self {
            Self::Sqlite(broker) => broker.inspect(job).await,
            Self::Redis(broker) => broker.inspect(job).await,
        }
    }

    async fn wait(&self, job: JobId, patience: Duration) -> Result<Option<JobStatus>, BrokerError> {
        match self {
            Self::Sqlite(broker) => broker.wait(job, patience).await,
            Self::Redis(broker) => broker.wait(job, patience).await,
        }
    }

    async fn dead_letters(
        &self,
        queue: QueueName,
        cursor: Option<Cursor>,
        limit: usize,
    ) -> Result<Page, BrokerError> {
        match self {
            Self::Sqlite(broker) => broker.dead_letters(queue, cursor, limit).await,
            Self::Redis(broker) => broker.dead_letters(queue, cursor, limit).await,
        }
    }

    async fn requeue(&self, which: Select) -> Result<u64, BrokerError> {
        match self {
            Self::Sqlite(broker) => broker.requeue(which).await,
            Self::Redis(broker) => broker.requeue(which).await,
        }
    }

    async fn purge(&self, which: Select) -> Result<u64, BrokerError> {
        match self {
            Self::Sqlite(broker) => broker.purge(which).await,
            Self::Redis(broker) => broker.purge(which).await,
        }
    }

    async fn pause(&self, queue: QueueName, paused: bool) -> Result<(), BrokerError> {
        match self {
            Self::Sqlite(broker) => broker.pause(queue, paused).await,
            Self::Redis(broker) => broker.pause(queue, paused).await,
        }
    }

    async fn stats(&self) -> Result<Stats, BrokerError> {
        match self {
            Self::Sqlite(broker) => broker.stats().await,
            Self::Redis(broker) => broker.stats().await,
        }
    }

    async fn put_schedule(&self, schedule: NewSchedule) -> Result<(), BrokerError> {
        match self {
            Self::Sqlite(broker) => broker.put_schedule(schedule).await,
            Self::Redis(broker) => broker.put_schedule(schedule).await,
        }
    }

    async fn schedules(&self) -> Result<Vec<ScheduleView>, BrokerError> {
        match self {
            Self::Sqlite(broker) => broker.schedules().await,
            Self::Redis(broker) => broker.schedules().await,
        }
    }

    async fn remove_schedule(&self, name: ScheduleName) -> Result<bool, BrokerError> {
        match self {
            Self::Sqlite(broker) => broker.remove_schedule(name).await,
            Self::Redis(broker) => broker.remove_schedule(name).await,
        }
    }

    async fn report_worker(&self, report: WorkerReport, ttl: Duration) -> Result<(), BrokerError> {
        match self {
            Self::Sqlite(broker) => broker.report_worker(report, ttl).await,
            Self::Redis(broker) => broker.report_worker(report, ttl).await,
        }
    }

    async fn workers(&self) -> Result<Vec<WorkerReport>, BrokerError> {
        match self {
            Self::Sqlite(broker) => broker.workers().await,
            Self::Redis(broker) => broker.workers().await,
        }
    }

    async fn ping(&self) -> Result<(), BrokerError> {
        match self {
            Self::Sqlite(broker) => broker.ping().await,
            Self::Redis(broker) => broker.ping().await,
        }
    }

    fn signals(&self) -> Signals {
        match self {
            Self::Sqlite(broker) => broker.signals(),
            Self::Redis(broker) => broker.signals(),
        }
    }
}
