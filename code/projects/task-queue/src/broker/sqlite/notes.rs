//! What a store keeps beside jobs: paused queues, schedules, reports of workers.

use rusqlite::params;

use crate::broker::{NewSchedule, WorkerReport};
use crate::error::BrokerError;
use crate::job::Timestamp;

use super::transaction::Transaction;

impl Transaction<'_> {
    pub(super) fn pause(&mut self, queue: &str, paused: bool) -> Result<(), BrokerError> {
        self.rings.ready = !paused;
        let sql = "INSERT OR REPLACE INTO counts VALUES (?1, 'paused', ?2)";
        self.execute(sql, (queue, i64::from(paused))).map(|_| ())
    }

    pub(super) fn forget_queue(&mut self, queue: &str) -> Result<bool, BrokerError> {
        let sql = "SELECT coalesce(sum(n), 0) FROM counts WHERE queue = ?1
                   AND (name BETWEEN 'ready0' AND 'ready9'
                        OR name IN ('delayed', 'blocked', 'running', 'dead'))";
        let jobs: i64 = self.one(sql, [queue], |row| row.get(0))?.unwrap_or(0);
        if jobs > 0 {
            return Err(BrokerError::holds_jobs(jobs.unsigned_abs()));
        }
        self.execute("DELETE FROM counts WHERE queue = ?1", [queue])
            .map(|removed| removed > 0)
    }

    pub(super) fn is_paused(&self, queue: &str) -> Result<bool, BrokerError> {
        let sql = "SELECT 1 FROM counts WHERE queue = ?1 AND name = 'paused' AND n > 0";
        Ok(self.one(sql, [queue], |_| Ok(()))?.is_some())
    }

    pub(super) fn put_schedule(
        &mut self,
        schedule: &NewSchedule,
        next: Timestamp,
    ) -> Result<(), BrokerError> {
        self.rings.due = true;
        // Who finds the clock behind this stamp knows that `next` came from a wrong one.
        self.next_stamp();
        let text = serde_json::to_string(schedule).map_err(BrokerError::damaged)?;
        let sql = "INSERT OR REPLACE INTO schedules VALUES (?1, ?2, ?3)";
        self.execute(sql, params![schedule.name.as_str(), text, next.0])
            .map(|_| ())
    }

    pub(super) fn remove_schedule(&mut self, name: &str) -> Result<bool, BrokerError> {
        self.execute("DELETE FROM schedules WHERE name = ?1", [name])
            .map(|removed| removed > 0)
    }

    pub(super) fn report_worker(
        &mut self,
        report: &WorkerReport,
        ttl: i64,
    ) -> Result<(), BrokerError> {
        let text = serde_json::to_string(report).map_err(BrokerError::damaged)?;
        let sql = "INSERT OR REPLACE INTO workers VALUES (?1, ?2, ?3)";
        self.execute(sql, params![report.id.as_str(), text, self.now + ttl])
            .map(|_| ())
    }
}
