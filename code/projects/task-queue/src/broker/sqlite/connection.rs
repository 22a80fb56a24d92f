//! Opening the file, and what SQLite's errors mean to a caller.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags};

use crate::error::BrokerError;

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

/// Opens the file for the one thread that writes, and makes the tables if they are not there.
pub(super) fn open_writer(path: &Path, sync: Sync) -> Result<Connection, BrokerError> {
    let mut connection = open(
        path,
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE,
    )?;
    connection
        .pragma_update(None, "journal_mode", "WAL")
        .map_err(typed)?;
    connection
        .pragma_update(None, "journal_size_limit", LOG_LIMIT)
        .map_err(typed)?;
    let synchronous = match sync {
        Sync::Full => "FULL",
        Sync::Normal => "NORMAL",
    };
    connection
        .pragma_update(None, "synchronous", synchronous)
        .map_err(typed)?;
    create_tables(&mut connection, path)?;
    Ok(connection)
}

/// Opens the file for looking only.
pub(super) fn open_reader(path: &Path) -> Result<Connection, BrokerError> {
    open(path, OpenFlags::SQLITE_OPEN_READ_WRITE).and_then(|connection| {
        connection
            .pragma_update(None, "query_only", true)
            .map_err(typed)?;
        Ok(connection)
    })
}

fn open(path: &Path, flags: OpenFlags) -> Result<Connection, BrokerError> {
    let flags = flags | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection =
        Connection::open_with_flags(path, flags).map_err(|error| BrokerError::Refused {
            reason: format!("cannot open {}: {error}", path.display()),
        })?;
    connection.busy_timeout(BUSY).map_err(typed)?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(connection)
}

fn create_tables(connection: &mut Connection, path: &Path) -> Result<(), BrokerError> {
    let transaction = connection
        .transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)
        .map_err(typed)?;
    let pragma = |name| transaction.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    let found = (
        pragma("application_id").map_err(typed)?,
        pragma("user_version").map_err(typed)?,
    );
    let tables = "SELECT count(*) FROM sqlite_schema";
    let tables: i64 = transaction
        .query_row(tables, (), |row| row.get(0))
        .map_err(typed)?;
    match found {
        (APPLICATION, VERSION) => Ok(()),
        (0, 0) if tables == 0 => {
            transaction
                .execute_batch(include_str!("schema.sql"))
                .map_err(typed)?;
            transaction.commit().map_err(typed)
        }
        (application, version) => Err(BrokerError::damaged(format!(
            "{} is not a task queue of version {VERSION}: application {application}, version {version}",
            path.display(),
        ))),
    }
}

/// What an error of SQLite means to the caller.
pub(super) fn typed(error: rusqlite::Error) -> BrokerError {
    let reason = error.to_string();
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => BrokerError::NoRoom { reason },
        Some(
            ErrorCode::DatabaseBusy
            | ErrorCode::DatabaseLocked
            | ErrorCode::SystemIoFailure
            | ErrorCode::OutOfMemory
            | ErrorCode::OperationInterrupted,
        ) => BrokerError::Unavailable { reason },
        Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied | ErrorCode::CannotOpen) => {
            BrokerError::Refused { reason }
        }
        _ => BrokerError::Damaged { reason },
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
