//! Opening the file, and what SQLite's errors mean to a caller.

use std::path::Path;
use std::time::Duration;

use rusqlite::{
    Connection, ErrorCode, OpenFlags, OptionalExtension, Params, Row, TransactionBehavior,
};

use crate::error::{BrokerError, Result};

/// When a commit reaches the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sync {
    /// Before `enqueue` answers: nothing is lost, even when the machine loses power.
    Full,
    /// Some time later: nothing is lost when the program is killed; when the machine loses power,
    /// the last moments may be. Two to three times as fast.
    Normal,
}

/// How long to wait for another process that is writing to the file.
const BUSY: Duration = Duration::from_secs(5);
/// A log that has grown beyond this while a reader held it is cut down to it afterwards, in bytes.
const LOG_LIMIT: i64 = 8 << 20;
/// "taq1", see schema.sql.
const APPLICATION: i64 = 1_952_543_345;
const VERSION: i64 = 1;

/// The file through one connection, which keeps its statements prepared.
pub(super) struct File(pub(super) Connection);

impl File {
    pub(super) fn execute(&self, sql: &str, values: impl Params) -> Result<usize> {
        Ok(self.0.prepare_cached(sql)?.execute(values)?)
    }

    pub(super) fn one<T>(
        &self,
        sql: &str,
        values: impl Params,
        read: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Option<T>> {
        let mut sql = self.0.prepare_cached(sql)?;
        Ok(sql.query_row(values, read).optional()?)
    }

    pub(super) fn all<T>(
        &self,
        sql: &str,
        values: impl Params,
        read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>> {
        let mut sql = self.0.prepare_cached(sql)?;
        let rows = sql.query_map(values, read)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

/// Opens the file for the one thread that writes, and makes the tables if they are not there.
pub(super) fn open_writer(path: &Path, sync: Sync) -> Result<File> {
    let mut connection = open(path, OpenFlags::SQLITE_OPEN_CREATE)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "journal_size_limit", LOG_LIMIT)?;
    let synchronous = match sync {
        Sync::Full => "FULL",
        Sync::Normal => "NORMAL",
    };
    connection.pragma_update(None, "synchronous", synchronous)?;
    create_tables(&mut connection, path)?;
    Ok(File(connection))
}

/// Opens the file for looking only.
pub(super) fn open_reader(path: &Path) -> Result<File> {
    let connection = open(path, OpenFlags::empty())?;
    connection.pragma_update(None, "query_only", true)?;
    Ok(File(connection))
}

fn open(path: &Path, flags: OpenFlags) -> Result<Connection> {
    let flags = flags | OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(|error| {
        BrokerError::Refused(format!("cannot open {}: {error}", path.display()))
    })?;
    connection.busy_timeout(BUSY)?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(connection)
}

fn create_tables(connection: &mut Connection, path: &Path) -> Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let number = |sql| transaction.query_row(sql, (), |row| row.get::<_, i64>(0));
    let application = number("PRAGMA application_id")?;
    let version = number("PRAGMA user_version")?;
    let tables = number("SELECT count(*) FROM sqlite_schema")?;
    match (application, version) {
        (APPLICATION, VERSION) => Ok(()),
        (0, 0) if tables == 0 => {
            transaction.execute_batch(include_str!("schema.sql"))?;
            Ok(transaction.commit()?)
        }
        _ => Err(BrokerError::damaged(format!(
            "{} is not a task queue of version {VERSION}: application {application}, version {version}",
            path.display(),
        ))),
    }
}

/// What an error of SQLite means to the caller.
impl From<rusqlite::Error> for BrokerError {
    fn from(error: rusqlite::Error) -> Self {
        let reason = error.to_string();
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::NoRoom(reason),
            Some(
                ErrorCode::DatabaseBusy
                | ErrorCode::DatabaseLocked
                | ErrorCode::SystemIoFailure
                | ErrorCode::OutOfMemory
                | ErrorCode::OperationInterrupted,
            ) => Self::Unavailable(reason),
            Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied | ErrorCode::CannotOpen) => {
                Self::Refused(reason)
            }
            _ => Self::Damaged(reason),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What SQLite does for a statement, or by which way it looks for rows.
    fn explain(what: &str, sql: &str, column: &str) -> Vec<String> {
        let connection = Connection::open_in_memory().unwrap();
        connection
            .execute_batch(include_str!("schema.sql"))
            .unwrap();
        let mut rows = connection.prepare(&format!("{what} {sql}")).unwrap();
        let column = rows.column_index(column).unwrap();
        let rows = rows.query_map((), |row| row.get(column)).unwrap();
        rows.collect::<Result<_, _>>().unwrap()
    }

    // ANCHOR: plan
    #[test]
    fn a_move_builds_no_table_on_its_way() {
        let sql = "UPDATE jobs SET state = 3, rank = 1 WHERE seq = 1";
        let steps = explain("EXPLAIN", sql, "opcode");
        assert!(!steps.contains(&"OpenEphemeral".to_owned()), "{steps:?}");
    }
    // ANCHOR_END: plan

    #[test]
    fn what_time_asks_for_is_found_by_its_index() {
        for state in [1, 3, 4, 6] {
            let sql = format!(
                "SELECT seq FROM jobs WHERE state = {state} AND rank <= 1 ORDER BY rank, seq"
            );
            let ways = explain("EXPLAIN QUERY PLAN", &sql, "detail");
            let [way] = ways.as_slice() else {
                panic!("{ways:?}")
            };
            assert!(
                way.contains("INDEX jobs_timed (state=? AND rank<?)"),
                "{way}"
            );
        }
    }
}
