//! Looking: a connection of its own, so that who looks never waits for a commit.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::Row;

use crate::broker::{JobState, JobStatus, JobView, Page, QueueStats, Stats, history};
use crate::error::{BrokerError, Result};
use crate::job::Timestamp;
use crate::name::QueueName;

use super::connection::{File, open_reader};

/// A cheap-to-clone handle to the connection. A look runs on a blocking thread; looks queue up.
#[derive(Clone)]
pub(super) struct Reader(Arc<Mutex<Option<File>>>);

impl Reader {
    pub(super) fn open(path: &Path) -> Result<Self> {
        Ok(Self(Arc::new(Mutex::new(Some(open_reader(path)?)))))
    }

    pub(super) async fn look<T: Send + 'static>(
        &self,
        look: impl FnOnce(&File) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.with(|file| look(file.as_ref().ok_or(BrokerError::Closed)?))
            .await?
    }

    /// Lets go of the file, once the look that is under way has ended.
    pub(super) async fn close(&self) -> Result<()> {
        self.with(|file| drop(file.take())).await
    }

    async fn with<T: Send + 'static>(
        &self,
        act: impl FnOnce(&mut Option<File>) -> T + Send + 'static,
    ) -> Result<T> {
        let file = self.0.clone();
        let act = move || act(&mut file.lock().unwrap_or_else(PoisonError::into_inner));
        let acted = tokio::task::spawn_blocking(act).await;
        acted.map_err(|_| BrokerError::Closed)
    }
}

pub(super) fn dead_letters(
    file: &File,
    queue: &QueueName,
    cursor: Option<i64>,
    limit: usize,
) -> Result<Page> {
    let sql = "SELECT * FROM jobs WHERE state = 5 AND queue = ?1 AND rank < ?2
               ORDER BY rank DESC LIMIT ?3";
    let from = cursor.unwrap_or(i64::MAX);
    let found = file.all(sql, (queue.as_str(), from, limit), |row| {
        Ok((view(row)?, row.get("rank")?))
    })?;
    let last = found.last().filter(|_| found.len() == limit);
    let next = last.map(|&(_, cursor)| cursor);
    let jobs = found.into_iter().map(|(job, _)| job).collect();
    Ok(Page { jobs, next })
}

pub(super) fn status(row: &Row<'_>) -> rusqlite::Result<JobStatus> {
    let progress: Option<String> = row.get("progress")?;
    Ok(JobStatus {
        state: row.get("state")?,
        result: row.get("result")?,
        error: row.get("error")?,
        progress: progress.and_then(|progress| serde_json::from_str(&progress).ok()),
    })
}

pub(super) fn view(row: &Row<'_>) -> rusqlite::Result<JobView> {
    let status = status(row)?;
    let state = status.state;
    let (worker, claimed, ended) = (
        row.get("worker")?,
        row.get("claimed_at")?,
        row.get("ended_at")?,
    );
    let last = history::last(state, worker, claimed, ended);
    let until = match state {
        JobState::Ready | JobState::Blocked | JobState::Dead => None,
        _ => Some(Timestamp(row.get("rank")?)),
    };
    let waits_for = match state {
        JobState::Blocked => row.get("blockers")?,
        _ => 0,
    };
    Ok(JobView {
        id: row.get("id")?,
        queue: row.get("queue")?,
        task: row.get("task")?,
        payload: row.get("payload")?,
        priority: row.get("priority")?,
        status,
        failures: row.get("failures")?,
        max_attempts: row.get("max_attempts")?,
        recoveries: row.get("recoveries")?,
        enqueued_at: Timestamp(row.get("enqueued_at")?),
        until,
        waits_for,
        cancel_requested: row.get("cancel")?,
        trace: row.get("trace")?,
        attempts: history::read(&row.get::<_, String>("history")?, last),
    })
}

pub(super) fn stats(file: &File, micros: i64) -> Result<Stats> {
    // One look at one moment, although it takes several statements.
    let _moment = file.0.unchecked_transaction()?;
    let mut counts: BTreeMap<QueueName, BTreeMap<String, i64>> = BTreeMap::new();
    let rows = file.all("SELECT queue, name, n FROM counts", (), |row| {
        Ok((row.get(0)?, row.get(1)?, row.get(2)?))
    })?;
    for (queue, name, n) in rows {
        counts.entry(queue).or_default().insert(name, n);
    }
    let mut queues = Vec::with_capacity(counts.len());
    for (queue, counts) in counts {
        let sql = "SELECT stamp FROM jobs WHERE state = 0 AND queue = ?1 ORDER BY rank LIMIT 1";
        let head = file.one(sql, [queue.as_str()], |row| row.get(0))?;
        queues.push(QueueStats::of(queue, micros, head, &counts));
    }
    let at = Timestamp(micros.div_euclid(1000));
    Ok(Stats { at, queues })
}
