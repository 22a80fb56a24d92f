//! A SQLite file behind two threads: one that writes, one that reads.
//!
//! Callers whose changes wait at the same time share a commit. Each of them has a savepoint, so
//! one that fails takes nothing back but its own. Answers go out after the commit.

use std::path::Path;
use std::thread;

use futures::executor::block_on;
use rusqlite::types::{ToSql, ToSqlOutput, ValueRef};
use rusqlite::{Connection, ErrorCode, TransactionBehavior, params_from_iter};
use serde_json::Value;
use tokio::sync::{mpsc, oneshot};

use super::{Answer, DatabaseError, Durability, PATIENCE, Points, Result, Row, Statement};
use crate::crash::Crash;

/// So many callers may wait for a commit; then callers wait before they are in line.
const WAITING: usize = 1_024;

/// So many changes share a commit at most, which bounds how long the first of them waits.
const SHARED: usize = 128;

/// So many statements are kept prepared.
const PREPARED: usize = 64;

/// A cheap-to-clone handle. The threads end with the last one.
#[derive(Clone, Debug)]
pub(super) struct Sqlite {
    changes: mpsc::Sender<Change>,
    questions: mpsc::Sender<Question>,
}

/// Statements that wait for their commit.
#[derive(Debug)]
struct Change {
    statements: Vec<Statement>,
    result: Result<bool>,
    reply: oneshot::Sender<Result<bool>>,
}

/// A query that waits for its turn.
type Question = (Statement, oneshot::Sender<Result<Answer>>);

impl From<rusqlite::Error> for DatabaseError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => DatabaseError::Full,
            Some(ErrorCode::ConstraintViolation) => DatabaseError::Refused(error.to_string()),
            _ => DatabaseError::Failed(error.to_string()),
        }
    }
}

impl Sqlite {
    /// Opens the file, creates it if there is none, and runs the statements of `schema`.
    pub(super) fn open(
        path: &Path,
        schema: &str,
        durability: Durability,
        ends: (Crash, Points),
    ) -> Result<Sqlite> {
        let writer = connect(path)?;
        writer.pragma_update(None, "journal_mode", "wal")?;
        let synchronous = match durability {
            Durability::Full => "full",
            Durability::Earlier => "normal", // the disk is waited for when the log is copied back
            Durability::Process | Durability::Inline => "off",
        };
        writer.pragma_update(None, "synchronous", synchronous)?;
        writer.pragma_update(None, "journal_size_limit", 64 << 20)?;
        writer.execute_batch(schema)?;
        let reader = connect(path)?;
        reader.pragma_update(None, "query_only", true)?;

        let (changes, waiting) = mpsc::channel(WAITING);
        let (questions, asked) = mpsc::channel(WAITING);
        let (writes, reads) = (write_all(writer, waiting, ends), read_all(reader, asked));
        if durability == Durability::Inline {
            tokio::spawn(writes);
            tokio::spawn(reads);
        } else {
            thread::spawn(|| block_on(writes));
            thread::spawn(|| block_on(reads));
        }
        Ok(Sqlite { changes, questions })
    }

    /// Asks.
    pub(super) async fn read(&self, query: Statement) -> Result<Answer> {
        let (reply, answer) = oneshot::channel();
        let _ = self.questions.send((query, reply)).await; // then there's no answer either
        answer.await.unwrap_or(Err(DatabaseError::Closed))
    }

    /// Changes, in a commit that others may share.
    pub(super) async fn write(&self, statements: Vec<Statement>) -> Result<bool> {
        let (result, (reply, answer)) = (Ok(true), oneshot::channel());
        let change = Change {
            statements,
            result,
            reply,
        };
        let _ = self.changes.send(change).await; // then there's no answer either
        answer.await.unwrap_or(Err(DatabaseError::Closed))
    }
}

fn connect(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(PATIENCE)?;
    connection.set_prepared_statement_cache_capacity(PREPARED);
    Ok(connection)
}

async fn read_all(connection: Connection, mut asked: mpsc::Receiver<Question>) {
    while let Some((query, reply)) = asked.recv().await {
        let _ = reply.send(read(&connection, &query)); // the caller may have gone
    }
}

fn read(connection: &Connection, query: &Statement) -> Result<Answer> {
    let mut prepared = connection.prepare_cached(&query.sql)?;
    let columns: Vec<String> = prepared.column_names().map(str::to_owned).collect();
    let row = |row: &rusqlite::Row<'_>| {
        (0..columns.len())
            .map(|at| value(row.get_ref(at)?))
            .collect()
    };
    let rows = prepared.query_map(params_from_iter(query.values.iter().map(Bound)), row)?;
    let rows = rows.collect::<rusqlite::Result<Vec<Row>>>()?;
    Ok(Answer { columns, rows })
}

fn value(value: ValueRef<'_>) -> rusqlite::Result<Value> {
    Ok(match value {
        ValueRef::Integer(number) => number.into(),
        ValueRef::Text(text) => String::from_utf8_lossy(text).into(),
        _ => Value::Null,
    })
}

struct Bound<'a>(&'a Value);

impl ToSql for Bound<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        match self.0 {
            Value::String(text) => text.to_sql(),
            other => Ok(other.as_i64().unwrap_or_default().into()), // nothing else is bound
        }
    }
}

async fn write_all(
    mut connection: Connection,
    mut waiting: mpsc::Receiver<Change>,
    (crash, points): (Crash, Points),
) {
    let mut changes = Vec::with_capacity(SHARED);
    while waiting.recv_many(&mut changes, SHARED).await > 0
        && commit_and_tell(&mut connection, &mut changes, &crash, points)
    {}
}

// ANCHOR: commit
/// False: this is the end of the process, and no one is told.
fn commit_and_tell(
    connection: &mut Connection,
    changes: &mut Vec<Change>,
    crash: &Crash,
    [written, told]: Points,
) -> bool {
    let committed = commit(connection, changes, || crash.reached(written));
    if crash.reached(told) {
        return false;
    }
    for change in changes.drain(..) {
        let answer = match (&committed, change.result) {
            (Err(error), Ok(_)) => Err(error.clone()),
            (_, result) => result, // a refusal holds, whatever became of the others
        };
        let _ = change.reply.send(answer); // the caller may have gone
    }
    true
}

/// One transaction for all of them.
fn commit(
    connection: &mut Connection,
    changes: &mut [Change],
    ends: impl Fn() -> bool,
) -> Result<()> {
    // "Immediate": a transaction that reads first and writes later may find the file locked.
    let mut all = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    for change in changes {
        let mut own = all.savepoint()?;
        change.result = run(&own, &change.statements);
        if matches!(change.result, Ok(true)) {
            own.commit()?;
        } else if own.is_autocommit() {
            // A full disk rolls back the whole transaction, the others' changes too.
            return Err(DatabaseError::Full);
        } else {
            own.rollback()?;
            own.commit()?;
        }
    }
    if ends() {
        return Ok(()); // `all` is dropped, and with it what was written
    }
    Ok(all.commit()?)
}
// ANCHOR_END: commit

fn run(connection: &Connection, statements: &[Statement]) -> Result<bool> {
    for statement in statements {
        let values = params_from_iter(statement.values.iter().map(Bound));
        let changed = connection.prepare_cached(&statement.sql)?.execute(values)?;
        if statement.must && changed == 0 {
            return Ok(false);
        }
    }
    Ok(true)
}
