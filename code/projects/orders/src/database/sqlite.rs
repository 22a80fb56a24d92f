//! A SQLite file behind two threads: one that writes, one that reads.
//!
//! Callers whose changes wait at the same time share a commit. Each of them has a savepoint, so
//! one that fails takes nothing back but its own. Answers go out after the commit.

use std::path::Path;
use std::thread;

use futures::executor::block_on;
use patterns::group_commit::{GroupCommit, Store, group_commit};
use rusqlite::types::{ToSql, ToSqlOutput, ValueRef};
use rusqlite::{Connection, ErrorCode, Transaction, TransactionBehavior, params_from_iter};
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
    changes: GroupCommit<Writer>,
    questions: mpsc::Sender<Question>,
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

        let (changes, worker) = group_commit(WAITING, SHARED);
        let (questions, asked) = mpsc::channel(WAITING);
        let (writer, reads) = (Writer(writer, ends), read_all(reader, asked));
        if durability == Durability::Inline {
            tokio::spawn(worker.run(writer));
            tokio::spawn(reads);
        } else {
            thread::spawn(|| worker.run_blocking(writer));
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
        let change = move |all: &mut Shared<'_>| all.change(&statements);
        let done = self.changes.run(change).await;
        done.map_err(|error| error.or(DatabaseError::Closed))?
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

/// The connection that writes, and where the process may end meanwhile.
#[derive(Debug)]
struct Writer(Connection, (Crash, Points));

// ANCHOR: commit
/// A transaction for many changes.
struct Shared<'a> {
    all: Transaction<'a>,
    /// Why none of them can be committed, if so.
    lost: Result<()>,
}

impl Store for Writer {
    type Transaction<'a> = Shared<'a>;
    type Error = DatabaseError;

    fn transact(&mut self, work: impl FnOnce(&mut Shared<'_>)) -> Result<()> {
        let Writer(connection, (crash, [written, told])) = self;
        // "Immediate": a transaction that reads first and writes later may find the file locked.
        let all = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut shared = Shared { all, lost: Ok(()) };
        work(&mut shared);
        shared.lost?;
        if crash.reached(*written) {
            return Err(DatabaseError::Closed); // `all` is dropped, and with it what was written
        }
        shared.all.commit()?;
        if crash.reached(*told) {
            return Err(DatabaseError::Closed); // as callers hear of a process that has ended
        }
        Ok(())
    }
}
// ANCHOR_END: commit

// ANCHOR: change
impl Shared<'_> {
    /// Once the transaction is lost, the changes that share it are, too.
    fn change(&mut self, statements: &[Statement]) -> Result<bool> {
        self.lost.clone()?;
        match self.all_or_nothing(statements) {
            Ok(result) => result,
            Err(error) => {
                self.lost = Err(error.clone());
                Err(error)
            }
        }
    }

    /// The outer error is that of the whole transaction.
    fn all_or_nothing(&self, statements: &[Statement]) -> Result<Result<bool>> {
        let step = |sql| self.all.prepare_cached(sql)?.execute(());
        step("SAVEPOINT change")?;
        let result = run(&self.all, statements);
        if self.all.is_autocommit() {
            // A full disk, say, rolls back the whole transaction, the others' changes too.
            return result.map(Ok);
        }
        if !matches!(result, Ok(true)) {
            step("ROLLBACK TO change")?;
        }
        step("RELEASE change")?;
        Ok(result)
    }
}
// ANCHOR_END: change

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
