//! What people ask of the store: see [`Broker`].

use std::time::Duration;

use crate::broker::{
    BATCH_LIMIT, Broker, Cancel, JobStatus, JobView, NewSchedule, Page, ScheduleView, Select,
    WorkerReport,
};
use crate::error::{BrokerError, Result};
use crate::job::{JobId, Timestamp};
use crate::name::{QueueName, ScheduleName};

use super::transaction::Json;
use super::{SqliteBroker, reader};

impl Broker for SqliteBroker {
    async fn cancel(&self, job: JobId) -> Result<Cancel> {
        self.write(move |all| all.cancel(job)).await
    }

    async fn inspect(&self, job: JobId) -> Result<Option<JobView>> {
        let now = self.now();
        let sql = "SELECT * FROM jobs WHERE id = ?1 AND NOT (state IN (4, 6) AND rank <= ?2)";
        self.look(move |file| file.one(sql, (job, now), reader::view))
            .await
    }

    async fn wait(&self, job: JobId, patience: Duration) -> Result<Option<JobStatus>> {
        let look = || {
            let now = self.now();
            // A result that has expired is gone, even if upkeep has not been by.
            let sql = "SELECT state, result, error, progress FROM jobs
                       WHERE id = ?1 AND NOT (state IN (4, 6) AND rank <= ?2)";
            self.look(move |file| file.one(sql, (job, now), reader::status))
        };
        self.bells.wait(job, patience, look).await
    }

    async fn dead_letters(
        &self,
        queue: QueueName,
        cursor: Option<i64>,
        limit: usize,
    ) -> Result<Page> {
        let limit = limit.clamp(1, BATCH_LIMIT);
        self.look(move |file| reader::dead_letters(file, &queue, cursor, limit))
            .await
    }

    async fn requeue(&self, which: Select) -> Result<u64> {
        let which = which.checked()?;
        self.write(move |all| all.requeue(&which)).await
    }

    async fn purge(&self, which: Select) -> Result<u64> {
        let which = which.checked()?;
        self.write(move |all| all.purge(&which)).await
    }

    async fn pause(&self, queue: QueueName, paused: bool) -> Result<()> {
        self.write(move |all| {
            all.rings.ready = !paused;
            let sql = "INSERT OR REPLACE INTO counts VALUES (?1, 'paused', ?2)";
            all.execute(sql, (queue.as_str(), paused)).map(drop)
        })
        .await
    }

    async fn put_schedule(&self, schedule: NewSchedule) -> Result<()> {
        schedule.check(self.options.max_payload)?;
        let next = schedule.next_after(Timestamp(self.now()))?;
        let text = serde_json::to_string(&schedule).map_err(BrokerError::damaged)?;
        self.write(move |all| {
            all.rings.due = true;
            // Who finds the clock behind this stamp knows that `next` came from a wrong one.
            all.next_stamp();
            let sql = "INSERT OR REPLACE INTO schedules VALUES (?1, ?2, ?3)";
            let values = (schedule.name.as_str(), text, next.0);
            all.execute(sql, values).map(drop)
        })
        .await
    }

    async fn forget(&self, queue: QueueName) -> Result<bool> {
        self.write(move |all| {
            let sql = "SELECT coalesce(sum(n), 0) FROM counts WHERE queue = ?1
                       AND (name BETWEEN 'ready0' AND 'ready9'
                            OR name IN ('delayed', 'blocked', 'running', 'dead'))";
            let jobs = all.one(sql, [queue.as_str()], |row| row.get::<_, i64>(0))?;
            if let Some(jobs @ 1..) = jobs {
                return Err(BrokerError::holds_jobs(jobs.unsigned_abs()));
            }
            let sql = "DELETE FROM counts WHERE queue = ?1";
            Ok(all.execute(sql, [queue.as_str()])? > 0)
        })
        .await
    }

    async fn schedules(&self) -> Result<Vec<ScheduleView>> {
        let sql = "SELECT schedule, next FROM schedules ORDER BY name";
        let look = self.look(move |file| {
            file.all(sql, (), |row| {
                let (schedule, next) = (row.get(0), Timestamp(row.get(1)?));
                Ok(schedule.map(|Json(schedule)| ScheduleView { schedule, next }))
            })
        });
        Ok(look.await?.into_iter().flatten().collect())
    }

    async fn remove_schedule(&self, name: ScheduleName) -> Result<bool> {
        let sql = "DELETE FROM schedules WHERE name = ?1";
        self.write(move |all| Ok(all.execute(sql, [name.as_str()])? > 0))
            .await
    }

    async fn workers(&self) -> Result<Vec<WorkerReport>> {
        let now = self.now();
        let sql = "SELECT report FROM workers WHERE expires > ?1 ORDER BY id";
        let look = self.look(move |file| file.all(sql, [now], |row| Ok(row.get(0))));
        let reports = look.await?.into_iter().flatten();
        Ok(reports.map(|Json(report)| report).collect())
    }

    async fn ping(&self) -> Result<()> {
        self.write(|_| Ok(())).await
    }

    /// The file then holds everything, and nothing stands beside it, unless another process has it open.
    async fn close(&self) -> Result<()> {
        self.reader.close().await?;
        self.writer.close().await;
        Ok(())
    }
}
