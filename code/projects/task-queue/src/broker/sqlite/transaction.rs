//! What all moves of jobs have in common: the moment, the stamps, the counts, and one job's row.

use std::collections::BTreeMap;
use std::ops::Deref;
use std::time::Duration;

use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};
use serde::de::DeserializeOwned;

use crate::broker::bells::Rings;
use crate::broker::{JobState, Options};
use crate::error::{BrokerError, Result};
use crate::job::{JobId, Priority};
use crate::name::{Name, QueueName};

use super::connection::File;

/// One transaction, shared by all requests that came together.
pub(super) struct Transaction<'a> {
    file: &'a File,
    pub(super) options: &'a Options,
    /// Now, in milliseconds: one moment for the whole transaction.
    pub(super) now: i64,
    micros: i64,
    stamp: i64,
    /// What the present request changes in the counts, by queue and name.
    counts: BTreeMap<(QueueName, &'static str), i64>,
    /// What the present request has to tell.
    pub(super) rings: Rings,
    /// What those before it have to tell.
    told: Rings,
    /// Why SQLite gave up the whole transaction, if it did.
    broken: Option<BrokerError>,
}

impl<'a> Transaction<'a> {
    /// Begins at `micros`, microseconds since 1970.
    pub(super) fn begin(file: &'a File, options: &'a Options, micros: i64) -> Result<Self> {
        let stamp = file.one("SELECT last FROM stamps", (), |row| row.get(0))?;
        let stamp = stamp.ok_or_else(|| BrokerError::damaged("it has no stamp"))?;
        Ok(Self {
            file,
            options,
            now: micros.div_euclid(1000),
            micros,
            stamp,
            counts: BTreeMap::new(),
            rings: Rings::default(),
            told: Rings::default(),
            broken: None,
        })
    }

    /// Runs one request; if it fails, nothing of it remains.
    pub(super) fn attempt<T>(&mut self, work: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        if let Some(error) = &self.broken {
            return Err(error.clone());
        }
        self.execute("SAVEPOINT request", ())?;
        let result = work(self).and_then(|done| self.write_counts().map(|()| done));
        let rings = std::mem::take(&mut self.rings);
        match &result {
            Ok(_) => self.told.merge(rings),
            Err(error) if self.file.0.is_autocommit() => self.broken = Some(error.clone()),
            Err(_) => {
                self.counts.clear();
                self.execute("ROLLBACK TO request", ())?;
            }
        }
        if self.broken.is_none() {
            self.execute("RELEASE request", ())?;
        }
        result
    }

    /// Writes what all requests have in common, ahead of the commit. Returns what to tell after it.
    pub(super) fn end(self) -> Result<Rings> {
        if let Some(error) = self.broken {
            return Err(error);
        }
        self.execute("UPDATE stamps SET last = ?1 WHERE last <> ?1", [self.stamp])?;
        Ok(self.told)
    }

    /// A stamp later than all before it: the present moment in microseconds, or as little more as it takes.
    /// So jobs stay in order even when the clock does not advance, or is set back.
    pub(super) fn next_stamp(&mut self) -> i64 {
        self.stamp = self.micros.max(self.stamp + 1);
        self.stamp
    }

    /// Whether the clock is behind what it once said, by more than processes differ.
    pub(super) fn is_set_back(&self) -> bool {
        self.stamp > self.micros + 1_000_000
    }

    /// The token of the next lease after the one with `token`.
    pub(super) fn next_token(&self, token: i64) -> i64 {
        self.micros.max(token + 1)
    }

    /// Where a job that became ready at `stamp` stands in line.
    pub(super) fn rank(&self, stamp: i64, priority: Priority) -> i64 {
        stamp - i64::from(priority.level()) * micros(self.options.aging)
    }

    /// Adds to a count of a queue, once the request is done.
    pub(super) fn count(&mut self, queue: &QueueName, name: &'static str, change: i64) {
        *self.counts.entry((queue.clone(), name)).or_default() += change;
    }

    /// Notes in the counts that a job went from one state to another (`None`: outside the store).
    pub(super) fn count_move(
        &mut self,
        queue: &QueueName,
        priority: Priority,
        from: Option<JobState>,
        to: Option<JobState>,
    ) {
        for (state, change) in [(from, -1), (to, 1)] {
            if let Some(gauge) = state.and_then(|state| gauge(state, priority)) {
                self.count(queue, gauge, change);
            }
        }
    }

    /// How many jobs of a queue wait, those of this request included.
    pub(super) fn depth(&mut self, queue: &QueueName) -> Result<u64> {
        self.write_counts()?;
        let sql = "SELECT coalesce(sum(n), 0) FROM counts
                   WHERE queue = ?1 AND (name BETWEEN 'ready0' AND 'ready9' OR name IN ('delayed', 'blocked'))";
        let depth = self.one(sql, [queue.as_str()], |row| row.get::<_, i64>(0))?;
        Ok(depth.unwrap_or(0).unsigned_abs())
    }

    fn write_counts(&mut self) -> Result<()> {
        for ((queue, name), change) in std::mem::take(&mut self.counts) {
            let sql = "INSERT INTO counts VALUES (?1, ?2, ?3)
                       ON CONFLICT (queue, name) DO UPDATE SET n = n + ?3";
            if change != 0 {
                self.execute(sql, (queue.as_str(), name, change))?;
            }
        }
        Ok(())
    }
}

impl Deref for Transaction<'_> {
    type Target = File;

    fn deref(&self) -> &File {
        self.file
    }
}

/// The name of the count of jobs in a state, for the states that are counted.
fn gauge(state: JobState, priority: Priority) -> Option<&'static str> {
    const READY: [&str; 10] = [
        "ready0", "ready1", "ready2", "ready3", "ready4", "ready5", "ready6", "ready7", "ready8",
        "ready9",
    ];
    match state {
        JobState::Ready => Some(READY[usize::from(priority.level())]),
        JobState::Delayed => Some("delayed"),
        JobState::Blocked => Some("blocked"),
        JobState::Running => Some("running"),
        JobState::Dead => Some("dead"),
        JobState::Completed | JobState::Canceled => None,
    }
}

pub(super) fn millis(span: Duration) -> i64 {
    i64::try_from(span.as_millis()).unwrap_or(i64::MAX)
}

fn micros(span: Duration) -> i64 {
    i64::try_from(span.as_micros()).unwrap_or(i64::MAX)
}

/// By the numbers of schema.sql, which are the order of the names.
impl ToSql for JobState {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok((*self as i64).into())
    }
}

impl FromSql for JobState {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        Ok(match value.as_i64()? {
            0 => Self::Ready,
            1 => Self::Delayed,
            2 => Self::Blocked,
            3 => Self::Running,
            4 => Self::Completed,
            5 => Self::Dead,
            6 => Self::Canceled,
            number => return Err(FromSqlError::OutOfRange(number)),
        })
    }
}

impl ToSql for JobId {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(ValueRef::Blob(self.as_bytes())))
    }
}

impl FromSql for JobId {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        <[u8; 16]>::column_result(value).map(Self::from_bytes)
    }
}

impl ToSql for Priority {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(i64::from(self.level()).into())
    }
}

impl FromSql for Priority {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        Self::new(u8::column_result(value)?).map_err(FromSqlError::other)
    }
}

impl<const KIND: usize> FromSql for Name<KIND> {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        Self::new(value.as_str()?).map_err(FromSqlError::other)
    }
}

/// A column of JSON.
pub(super) struct Json<T>(pub(super) T);

impl<T: DeserializeOwned> FromSql for Json<T> {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let read = serde_json::from_str(value.as_str()?);
        read.map(Self).map_err(FromSqlError::other)
    }
}
