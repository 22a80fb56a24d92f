//! What people ask of the store: see [`Broker`].

use std::collections::HashMap;
use std::time::Duration;

use redis::{ScriptInvocation, Value};

use crate::broker::{
    BATCH_LIMIT, Broker, Cancel, JobStatus, JobView, Leases, NewSchedule, Page, ScheduleView,
    Select, WorkerReport,
};
use crate::error::{BrokerError, Result};
use crate::job::{JobId, Timestamp};
use crate::name::{QueueName, ScheduleName};

use super::{RedisBroker, connection, reply, scripts};

impl Broker for RedisBroker {
    async fn cancel(&self, job: JobId) -> Result<Cancel> {
        let answer = self.call(&scripts::CANCEL, |call| _ = call.arg(job.to_string()));
        let answer: String = answer.await?;
        reply::word(&answer)
    }

    async fn inspect(&self, job: JobId) -> Result<Option<JobView>> {
        let id = job.to_string();
        let found = self.call(&scripts::LOOK, |call| _ = call.arg("view").arg(&id));
        let found: Option<(String, String, _)> = found.await?;
        found
            .map(|(until, record, fields)| reply::view(&id, &until, &record, fields))
            .transpose()
    }

    async fn wait(&self, job: JobId, patience: Duration) -> Result<Option<JobStatus>> {
        let look = async || {
            let id = job.to_string();
            let ask = |call: &mut ScriptInvocation<'_>| _ = call.arg("status").arg(&id);
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
        cursor: Option<i64>,
        limit: usize,
    ) -> Result<Page> {
        let limit = limit.clamp(1, BATCH_LIMIT);
        let from = cursor.map_or("+inf".to_owned(), |cursor| cursor.to_string());
        let found = self.call(&scripts::LOOK, |call| {
            call.arg("dead").arg(queue.as_str()).arg(from).arg(limit);
        });
        reply::page(found.await?, limit)
    }

    async fn requeue(&self, which: Select) -> Result<u64> {
        self.select("requeue", which).await
    }

    async fn purge(&self, which: Select) -> Result<u64> {
        self.select("purge", which).await
    }

    async fn pause(&self, queue: QueueName, paused: bool) -> Result<()> {
        self.note("pause", queue.as_str(), &[u8::from(paused).to_string()])
            .await
            .map(drop)
    }

    async fn put_schedule(&self, schedule: NewSchedule) -> Result<()> {
        schedule.check(self.shared.options.max_payload)?;
        let next = schedule.next_after(self.stats().await?.at)?;
        let text = serde_json::to_string(&schedule).map_err(BrokerError::damaged)?;
        let values = [text, next.0.to_string()];
        self.note("schedule", schedule.name.as_str(), &values)
            .await
            .map(drop)
    }

    async fn forget(&self, queue: QueueName) -> Result<bool> {
        match self.note("forget", queue.as_str(), &[]).await? {
            known @ (0 | 1) => Ok(known == 1),
            more => Err(BrokerError::holds_jobs(more - 1)),
        }
    }

    async fn schedules(&self) -> Result<Vec<ScheduleView>> {
        let mut both = redis::pipe();
        both.atomic()
            .hgetall(self.key("schedules"))
            .zrange_withscores(self.key("ticks"), 0, -1);
        let ask = async |mut line| both.query_async(&mut line).await;
        let both = self.shared.line.call(ask).await?;
        let (texts, ticks): (HashMap<String, String>, HashMap<String, f64>) = both;
        let mut all = Vec::with_capacity(texts.len());
        for (name, text) in texts {
            let schedule = serde_json::from_str(&text).map_err(BrokerError::damaged)?;
            let next = Timestamp(ticks.get(&name).copied().unwrap_or_default() as i64);
            all.push(ScheduleView { schedule, next });
        }
        all.sort_by(|a, b| a.schedule.name.cmp(&b.schedule.name));
        Ok(all)
    }

    async fn remove_schedule(&self, name: ScheduleName) -> Result<bool> {
        let removed = self.note("unschedule", name.as_str(), &[]).await?;
        Ok(removed > 0)
    }

    async fn workers(&self) -> Result<Vec<WorkerReport>> {
        let reports = self.call(&scripts::LOOK, |call| _ = call.arg("workers"));
        let reports: Vec<String> = reports.await?;
        let reports = reports
            .iter()
            .filter_map(|report| serde_json::from_str(report).ok());
        let mut reports: Vec<WorkerReport> = reports.collect();
        reports.sort_by(|a, b| a.id.cmp(&b.id));
        Ok(reports)
    }

    async fn ping(&self) -> Result<()> {
        let ask = async |mut line| redis::cmd("PING").query_async(&mut line).await;
        Ok(self.shared.line.call(ask).await?)
    }

    async fn close(&self) -> Result<()> {
        Ok(())
    }
}

impl RedisBroker {
    async fn select(&self, what: &str, which: Select) -> Result<u64> {
        let (which, limit) = (which.checked()?, self.shared.options.max_depth);
        let answer = self.call(&scripts::SELECT, |call| {
            call.arg(what).arg(limit);
            match &which {
                Select::Oldest { queue, oldest } => {
                    call.arg("oldest").arg(queue.as_str()).arg(*oldest)
                }
                Select::Jobs { jobs } => {
                    let ids: Vec<String> = jobs.iter().map(JobId::to_string).collect();
                    call.arg("jobs").arg(ids)
                }
            };
        });
        let answer: Vec<Value> = answer.await?;
        match answer.as_slice() {
            [Value::BulkString(ok), count] if ok == b"ok" => reply::read(count.clone()),
            _ => Err(reply::refusal(&answer, limit)),
        }
    }

    /// Notes something of what has this name, and answers how much that changed; see note.lua.
    pub(super) async fn note(&self, what: &str, name: &str, values: &[String]) -> Result<u64> {
        let note = self.call(&scripts::NOTE, |call| {
            _ = call.arg(what).arg(name).arg(values);
        });
        note.await
    }
}
