//! Looking: a connection of its own, so that who looks never waits for a commit.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, Row};

use crate::broker::{
    BATCH_LIMIT, Cursor, JobState, JobStatus, JobView, LeaseKey, NewSchedule, Page, QueueStats,
    ScheduleView, Stats, WorkerReport, history,
};
use crate::error::BrokerError;
use crate::job::{JobId, Timestamp};
use crate::name::QueueName;

use super::connection::{open_reader, typed};
use super::leases::read_name;

/// A cheap-to-clone handle to the connection. A look runs on a blocking thread; looks queue up.
#[derive(Clone)]
pub(super) struct Reader(Arc<Mutex<Option<Connection>>>);

impl Reader {
    pub(super) fn open(path: &Path) -> Result<Self, BrokerError> {
        Ok(Self(Arc::new(Mutex::new(Some(open_reader(path)?)))))
    }

    pub(super) async fn look<T: Send + 'static>(
        &self,
        look: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, BrokerError> {
        let connection = self.0.clone();
        let task = tokio::task::spawn_blocking(move || {
            let connection = connection.lock().unwrap_or_else(PoisonError::into_inner);
            let connection = connection.as_ref().ok_or(BrokerError::Closed)?;
            look(connection).map_err(typed)
        });
        task.await.map_err(|_| BrokerError::Closed)?
    }

    /// Lets go of the file, once the look that is under way has ended.
    pub(super) async fn close(&self) -> Result<(), BrokerError> {
        let connection = self.0.clone();
        let close = move || {
            drop(
                connection
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .take(),
            )
        };
        let closed = tokio::task::spawn_blocking(close).await;
        closed.map_err(|_| BrokerError::Closed)
    }
}

/// At `now`, a result that has expired is gone, even if upkeep has not been by.
pub(super) fn status(
    connection: &Connection,
    job: JobId,
    now: i64,
) -> rusqlite::Result<Option<JobStatus>> {
    let sql = "SELECT state, result, error, progress FROM jobs
               WHERE id = ?1 AND NOT (state IN (4, 6) AND rank <= ?2)";
    connection
        .prepare_cached(sql)?
        .query_row((job, now), |row| read_status(row, 0))
        .optional()
}

fn read_status(row: &Row<'_>, first: usize) -> rusqlite::Result<JobStatus> {
    let progress: Option<String> = row.get(first + 3)?;
    Ok(JobStatus {
        state: row.get(first)?,
        result: row.get(first + 1)?,
        error: row.get(first + 2)?,
        progress: progress.and_then(|progress| serde_json::from_str(&progress).ok()),
    })
}

/// The leases of a worker among those that end last.
pub(super) fn held(connection: &Connection, worker: &str) -> rusqlite::Result<Vec<LeaseKey>> {
    let sql = "SELECT id, token FROM (SELECT id, token, worker FROM jobs WHERE state = 3
                   ORDER BY rank DESC LIMIT ?1) WHERE worker = ?2";
    let mut sql = connection.prepare_cached(sql)?;
    let keys = sql.query_map((BATCH_LIMIT, worker), |row| {
        Ok(LeaseKey {
            job: row.get(0)?,
            token: row.get::<_, i64>(1)?.unsigned_abs(),
        })
    })?;
    keys.collect()
}

const VIEW: &str =
    "state, result, error, progress, id, queue, task, payload, priority, failures, max_attempts,
    recoveries, enqueued_at, rank, blockers, cancel, trace, history, worker, claimed_at, ended_at";

pub(super) fn view(
    connection: &Connection,
    job: JobId,
    now: i64,
) -> rusqlite::Result<Option<JobView>> {
    let sql =
        format!("SELECT {VIEW} FROM jobs WHERE id = ?1 AND NOT (state IN (4, 6) AND rank <= ?2)");
    connection
        .prepare_cached(&sql)?
        .query_row((job, now), read_view)
        .optional()
}

pub(super) fn dead_letters(
    connection: &Connection,
    queue: &str,
    cursor: Option<Cursor>,
    limit: usize,
) -> rusqlite::Result<Page> {
    let sql = format!(
        "SELECT {VIEW} FROM jobs WHERE state = 5 AND queue = ?1 AND rank < ?2 ORDER BY rank DESC LIMIT ?3"
    );
    let mut sql = connection.prepare_cached(&sql)?;
    let from = cursor.map_or(i64::MAX, |cursor| cursor.0);
    let rows = sql.query_map((queue, from, limit), |row| {
        Ok((read_view(row)?, row.get::<_, i64>(13)?))
    })?;
    let (jobs, ranks): (Vec<_>, Vec<i64>) = rows
        .collect::<rusqlite::Result<Vec<_>>>()?
        .into_iter()
        .unzip();
    let next = ranks
        .last()
        .filter(|_| jobs.len() == limit)
        .map(|&rank| Cursor(rank));
    Ok(Page { jobs, next })
}

fn read_view(row: &Row<'_>) -> rusqlite::Result<JobView> {
    let status = read_status(row, 0)?;
    let state = status.state;
    let timed = matches!(
        state,
        JobState::Delayed | JobState::Running | JobState::Completed | JobState::Canceled
    );
    let until = row.get(13).map(|rank| timed.then_some(Timestamp(rank)))?;
    let last = match state {
        JobState::Running => history::last(row.get(18)?, row.get(19)?, None),
        JobState::Completed => history::last(row.get(18)?, row.get(19)?, row.get(20)?),
        _ => None,
    };
    Ok(JobView {
        id: row.get(4)?,
        queue: read_name(row, 5)?,
        task: read_name(row, 6)?,
        payload: row.get(7)?,
        priority: row.get(8)?,
        status,
        failures: row.get(9)?,
        max_attempts: row.get(10)?,
        recoveries: row.get(11)?,
        enqueued_at: Timestamp(row.get(12)?),
        until,
        waits_for: if state == JobState::Blocked {
            row.get(14)?
        } else {
            0
        },
        cancel_requested: row.get(15)?,
        trace: row.get(16)?,
        attempts: history::read(&row.get::<_, String>(17)?, last),
    })
}

pub(super) fn stats(connection: &Connection, micros: i64) -> rusqlite::Result<Stats> {
    // One look at one moment, although it takes several statements.
    let connection = connection.unchecked_transaction()?;
    let mut counts: BTreeMap<String, BTreeMap<String, u64>> = BTreeMap::new();
    let mut sql = connection.prepare_cached("SELECT queue, name, n FROM counts")?;
    let rows = sql.query_map((), |row| {
        Ok((row.get(0)?, row.get(1)?, row.get::<_, i64>(2)?))
    })?;
    for row in rows {
        let (queue, name, n) = row?;
        counts
            .entry(queue)
            .or_default()
            .insert(name, n.max(0).unsigned_abs());
    }
    let mut queues = Vec::with_capacity(counts.len());
    for (queue, counts) in counts {
        let sql = "SELECT stamp FROM jobs WHERE state = 0 AND queue = ?1 ORDER BY rank LIMIT 1";
        let head: Option<i64> = connection
            .prepare_cached(sql)?
            .query_row([&queue], |row| row.get(0))
            .optional()?;
        let head_wait =
            head.map(|stamp| Duration::from_micros((micros - stamp).max(0).unsigned_abs()));
        if let Ok(queue) = QueueName::new(queue) {
            queues.push(QueueStats::of(queue, head_wait, |name| {
                counts.get(name).copied().unwrap_or(0)
            }));
        }
    }
    Ok(Stats {
        at: Timestamp(micros.div_euclid(1000)),
        queues,
    })
}

pub(super) fn schedules(connection: &Connection) -> rusqlite::Result<Vec<ScheduleView>> {
    let mut sql =
        connection.prepare_cached("SELECT schedule, next FROM schedules ORDER BY name")?;
    let rows = sql.query_map((), |row| Ok((row.get::<_, String>(0)?, row.get(1)?)))?;
    let rows = rows.collect::<rusqlite::Result<Vec<_>>>()?;
    let read = |(schedule, next): (String, i64)| {
        let schedule: NewSchedule = serde_json::from_str(&schedule).ok()?;
        Some(ScheduleView {
            schedule,
            next: Timestamp(next),
        })
    };
    Ok(rows.into_iter().filter_map(read).collect())
}

pub(super) fn workers(connection: &Connection, now: i64) -> rusqlite::Result<Vec<WorkerReport>> {
    let mut sql =
        connection.prepare_cached("SELECT report FROM workers WHERE expires > ?1 ORDER BY id")?;
    let rows = sql.query_map([now], |row| row.get::<_, String>(0))?;
    let rows = rows.collect::<rusqlite::Result<Vec<_>>>()?;
    Ok(rows
        .iter()
        .filter_map(|report| serde_json::from_str(report).ok())
        .collect())
}
