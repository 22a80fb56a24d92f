//! The broker for many machines: Redis 7 or newer, or Valkey.
//!
//! Each call is one script, so it happens as a whole and takes one round trip; the keys are
//! described in `redis/common.lua`. All keys of a namespace carry one hash tag: a namespace lives on
//! one node of a cluster, and several namespaces spread over its nodes.
//!
//! **What survives** is up to Redis. With `appendonly yes` and `appendfsync always` nothing that was
//! answered is lost; with `everysec`, up to a second of it when the machine fails; without the file,
//! everything since the last snapshot. Use `maxmemory-policy noeviction`.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use redis::{FromRedisValue, Script, Value};
use service::redis::Line;

use crate::error::BrokerError;
use crate::job::{JobId, NewJob, Timestamp};
use crate::name::{QueueName, ScheduleName, WorkerId};

use super::bells::Bells;
use super::lease::{check_batch, check_lease};
use super::{
    BATCH_LIMIT, Broker, Cancel, Claim, Cursor, Enqueued, Extended, Finish, Finished, Heartbeat,
    JobStatus, JobView, Lease, LeaseKey, Leases, NewSchedule, Options, Page, ScheduleView, Select,
    Signals, Stats, Upkeep, WorkerReport,
};

mod calls;
mod connection;
mod reply;
mod rights;
mod schedules;
mod scripts;

use connection::{Listener, typed};

/// Who listens to the bells hears of a broken connection within half of this, and looks then.
const LOOK_EVERY: Duration = Duration::from_secs(10);

/// A task queue in Redis.
#[derive(Clone)]
pub struct RedisBroker {
    shared: Arc<Shared>,
}

struct Shared {
    line: Line,
    /// `{namespace}:`, the beginning of every key.
    prefix: String,
    options: Options,
    aging: i64,
    bells: Arc<Bells>,
    /// Microseconds to add to the clock of Redis: 0, but in tests.
    clock_offset: AtomicI64,
    _listener: Listener,
}

impl RedisBroker {
    /// Connects. `namespace` keeps several task queues on one Redis apart.
    pub async fn connect(
        url: &str,
        namespace: &QueueName,
        options: Options,
    ) -> Result<Self, BrokerError> {
        let client = redis::Client::open(url)
            .map_err(|error| BrokerError::invalid("redis url", error.to_string()))?;
        let line = connection::open(client.clone()).await?;
        let prefix = format!("{{{namespace}}}:");
        rights::check(&client, &line, &prefix).await?;
        let bells = Arc::new(Bells::new(LOOK_EVERY));
        let listener = Listener::spawn(client, format!("{prefix}bell"), &bells);
        let aging = i64::try_from(options.aging.as_micros()).unwrap_or(i64::MAX);
        let clock_offset = AtomicI64::new(0);
        let shared = Shared {
            line,
            prefix,
            options,
            aging,
            bells,
            clock_offset,
            _listener: listener,
        };
        let shared = Arc::new(shared);
        Ok(Self { shared })
    }

    /// Moves the clock that this handle (and its clones) shows the store, for tests.
    pub fn move_clock(&self, micros: i64) {
        self.shared
            .clock_offset
            .fetch_add(micros, Ordering::Relaxed);
    }

    async fn call<T: FromRedisValue>(
        &self,
        script: &Script,
        arguments: impl FnOnce(&mut redis::ScriptInvocation<'_>),
    ) -> Result<T, BrokerError> {
        let mut invocation = script.key(self.shared.prefix.as_str());
        invocation
            .arg(self.shared.clock_offset.load(Ordering::Relaxed))
            .arg(self.shared.aging);
        arguments(&mut invocation);
        let (mut connection, number) = self.shared.line.connection();
        let answer = invocation.invoke_async(&mut connection).await;
        self.shared.line.heard(number, answer).map_err(typed)
    }
}

impl Leases for RedisBroker {
    async fn enqueue(&self, jobs: Vec<NewJob>) -> Result<Vec<Enqueued>, BrokerError> {
        check_batch("jobs", jobs.len())?;
        jobs.iter()
            .try_for_each(|job| job.check(self.shared.options.max_payload))?;
        self.send(&jobs, "").await
    }

    async fn claim(&self, claim: Claim) -> Result<Vec<Lease>, BrokerError> {
        claim.check()?;
        self.lease(&claim).await
    }

    async fn extend(
        &self,
        heartbeats: Vec<Heartbeat>,
        lease: Duration,
    ) -> Result<Vec<Extended>, BrokerError> {
        check_lease(lease)?;
        check_batch("heartbeats", heartbeats.len())?;
        heartbeats.iter().try_for_each(Heartbeat::check)?;
        self.beat(&heartbeats, lease).await
    }

    async fn finish(&self, finishes: Vec<Finish>) -> Result<Vec<Finished>, BrokerError> {
        check_batch("finishes", finishes.len())?;
        let limit = self.shared.options.max_payload;
        finishes.iter().try_for_each(|finish| finish.check(limit))?;
        self.end(&finishes).await
    }

    async fn held(&self, worker: WorkerId) -> Result<Vec<LeaseKey>, BrokerError> {
        self.list_held(&worker).await
    }

    async fn upkeep(&self, limit: usize) -> Result<Upkeep, BrokerError> {
        self.keep_up(limit.clamp(1, BATCH_LIMIT)).await
    }

    async fn stats(&self) -> Result<Stats, BrokerError> {
        let values: Vec<Value> = self
            .call(&scripts::LOOK, |call| _ = call.arg("stats"))
            .await?;
        reply::stats(values)
    }

    async fn report_worker(&self, report: WorkerReport, ttl: Duration) -> Result<(), BrokerError> {
        let text = serde_json::to_string(&report).map_err(BrokerError::damaged)?;
        let ttl = ttl.as_millis().to_string();
        let note = self.note(|call| {
            call.arg("worker")
                .arg(report.id.as_str())
                .arg(text)
                .arg(ttl);
        });
        note.await.map(|_| ())
    }

    fn signals(&self) -> Signals {
        self.shared.bells.signals()
    }
}

impl Broker for RedisBroker {
    async fn cancel(&self, job: JobId) -> Result<Cancel, BrokerError> {
        let answer: String = self
            .call(&scripts::CANCEL, |call| _ = call.arg(job.to_string()))
            .await?;
        Ok(match answer.as_str() {
            "canceled" => Cancel::Canceled,
            "requested" => Cancel::Requested,
            "too late" => Cancel::TooLate,
            _ => Cancel::Unknown,
        })
    }

    async fn inspect(&self, job: JobId) -> Result<Option<JobView>, BrokerError> {
        let id = job.to_string();
        let found: Option<(String, String, _)> = self
            .call(&scripts::LOOK, |call| _ = call.arg("view").arg(&id))
            .await?;
        found
            .map(|(until, record, fields)| reply::view(&id, &until, &record, fields))
            .transpose()
    }

    async fn wait(&self, job: JobId, patience: Duration) -> Result<Option<JobStatus>, BrokerError> {
        let look = async || {
            let id = job.to_string();
            let ask = |call: &mut redis::ScriptInvocation<'_>| _ = call.arg("status").arg(&id);
            let found = match self.call(&scripts::AWAIT, ask).await {
                // No bell will ring for this one; it is found by the next look.
                Err(error) if connection::refuses_writes(&error) => {
                    self.call(&scripts::LOOK, ask).await
                }
                found => found,
            };
            let found: Option<reply::StatusFields> = found?;
            found.map(|found| reply::status(&id, found)).transpose()
        };
        self.shared.bells.wait(job, patience, look).await
    }

    async fn dead_letters(
        &self,
        queue: QueueName,
        cursor: Option<Cursor>,
        limit: usize,
    ) -> Result<Page, BrokerError> {
        let limit = limit.clamp(1, BATCH_LIMIT);
        let from = cursor.map_or("+inf".to_owned(), |cursor| cursor.0.to_string());
        let found = self.call(&scripts::LOOK, |call| {
            call.arg("dead").arg(queue.as_str()).arg(from).arg(limit);
        });
        reply::page(found.await?, limit)
    }

    async fn requeue(&self, which: Select) -> Result<u64, BrokerError> {
        self.select("requeue", which.checked()?).await
    }

    async fn purge(&self, which: Select) -> Result<u64, BrokerError> {
        self.select("purge", which.checked()?).await
    }

    async fn pause(&self, queue: QueueName, paused: bool) -> Result<(), BrokerError> {
        let paused = u8::from(paused);
        self.note(|call| _ = call.arg("pause").arg(queue.as_str()).arg(paused))
            .await
            .map(|_| ())
    }

    async fn put_schedule(&self, schedule: NewSchedule) -> Result<(), BrokerError> {
        schedule.check(self.shared.options.max_payload)?;
        let next = schedule.next_after(Timestamp(self.now().await?))?;
        let text = serde_json::to_string(&schedule).map_err(BrokerError::damaged)?;
        let note = self.note(|call| {
            call.arg("schedule")
                .arg(schedule.name.as_str())
                .arg(text)
                .arg(next.0);
        });
        note.await.map(|_| ())
    }

    async fn schedules(&self) -> Result<Vec<ScheduleView>, BrokerError> {
        self.list_schedules().await
    }

    async fn remove_schedule(&self, name: ScheduleName) -> Result<bool, BrokerError> {
        self.note(|call| _ = call.arg("unschedule").arg(name.as_str()))
            .await
            .map(|removed| removed > 0)
    }

    async fn workers(&self) -> Result<Vec<WorkerReport>, BrokerError> {
        let reports: Vec<String> = self
            .call(&scripts::LOOK, |call| _ = call.arg("workers"))
            .await?;
        let reports = reports
            .iter()
            .filter_map(|report| serde_json::from_str(report).ok());
        let mut reports: Vec<WorkerReport> = reports.collect();
        reports.sort_by(|a, b| a.id.cmp(&b.id));
        Ok(reports)
    }

    async fn ping(&self) -> Result<(), BrokerError> {
        let (mut connection, number) = self.shared.line.connection();
        let answer = redis::cmd("PING").query_async(&mut connection).await;
        self.shared.line.heard(number, answer).map_err(typed)
    }

    async fn forget(&self, queue: QueueName) -> Result<bool, BrokerError> {
        let answer = self.note(|call| _ = call.arg("forget").arg(queue.as_str()));
        match answer.await? {
            known @ (0 | 1) => Ok(known == 1),
            more => Err(BrokerError::holds_jobs(more - 1)),
        }
    }

    async fn close(&self) -> Result<(), BrokerError> {
        Ok(())
    }
}
