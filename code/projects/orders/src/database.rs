//! A SQLite file behind two threads: one that writes, one that reads.
//!
//! Callers whose writes wait at the same time share a commit. Each of them has a savepoint, so
//! one that fails takes nothing back but its own. Answers go out after the commit.

use std::path::Path;
use std::thread;
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags, Params, TransactionBehavior};
use tokio::sync::{mpsc, oneshot};

use crate::crash::Crash;

/// So many callers may wait for a commit; then callers wait before they are in line.
const WAITING: usize = 1_024;

/// So many writes share a commit at most, which bounds how long the first of them waits.
const SHARED: usize = 128;

/// How long another process may hold the file before a call fails.
const PATIENCE: Duration = Duration::from_secs(5);

/// The file couldn't be read or written. All of them may pass: try again later.
#[derive(Clone, Debug, thiserror::Error)]
pub enum DatabaseError {
    /// No room. Reads go on.
    #[error("the disk is full")]
    Full,
    /// The thread has ended: the program stops.
    #[error("the database is closed")]
    Closed,
    /// What SQLite says.
    #[error("database: {0}")]
    Failed(String),
}

impl From<rusqlite::Error> for DatabaseError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => DatabaseError::Full,
            _ => DatabaseError::Failed(error.to_string()),
        }
    }
}

/// How much a commit survives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// A power cut.
    Full,
    /// The end of the process. For tests.
    Process,
}

/// A cheap-to-clone handle. The threads end with the last one.
#[derive(Clone, Debug)]
pub struct Database {
    writes: mpsc::Sender<Box<dyn Write>>,
    reads: mpsc::Sender<Read>,
    crash: Crash,
}

/// The names of the points before and after a commit.
pub type Points = [&'static str; 2];

type Read = Box<dyn FnOnce(&Connection) + Send>;

/// A write that waits for its commit.
trait Write: Send {
    /// Does it, and says whether to keep it.
    fn run(&mut self, connection: &Connection) -> bool;

    /// Tells the caller.
    fn answer(self: Box<Self>, committed: Result<(), DatabaseError>);
}

struct Call<F, T, E> {
    work: Option<F>,
    result: Option<Result<T, E>>,
    reply: oneshot::Sender<Result<T, E>>,
}

impl<F, T, E> Write for Call<F, T, E>
where
    F: FnOnce(&Connection) -> Result<T, E> + Send,
    T: Send,
    E: From<DatabaseError> + Send,
{
    fn run(&mut self, connection: &Connection) -> bool {
        let work = self.work.take().expect("it runs once");
        let result = work(connection);
        let keep = result.is_ok();
        self.result = Some(result);
        keep
    }

    fn answer(self: Box<Self>, committed: Result<(), DatabaseError>) {
        let answer = match (committed, self.result) {
            (Ok(()), Some(result)) => result,
            (Ok(()), None) => Err(DatabaseError::Closed.into()),
            // A refusal holds, whatever became of the others.
            (Err(_), Some(Err(refusal))) => Err(refusal),
            (Err(error), _) => Err(error.into()),
        };
        let _ = self.reply.send(answer); // the caller may have gone
    }
}

impl Database {
    /// Opens the file, creates it if there is none, and runs the statements of `schema`.
    pub fn open(
        path: &Path,
        schema: &str,
        durability: Durability,
        crash: Crash,
        points: Points,
    ) -> Result<Database, DatabaseError> {
        let writer = Connection::open(path)?;
        writer.busy_timeout(PATIENCE)?;
        writer.pragma_update(None, "journal_mode", "wal")?;
        let synchronous = match durability {
            Durability::Full => "full",
            Durability::Process => "off",
        };
        writer.pragma_update(None, "synchronous", synchronous)?;
        writer.pragma_update(None, "journal_size_limit", 64 << 20)?;
        writer.execute_batch(schema)?;
        let reader = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        reader.busy_timeout(PATIENCE)?;

        let (writes, waiting) = mpsc::channel(WAITING);
        let (reads, questions) = mpsc::channel(WAITING);
        let ends = crash.clone();
        thread::spawn(move || write_all(writer, waiting, &ends, points));
        thread::spawn(move || read_all(&reader, questions));
        Ok(Database {
            writes,
            reads,
            crash,
        })
    }

    /// Runs `work` in a transaction, and answers after its commit. If it fails, nothing of it stays.
    ///
    /// # Errors
    ///
    /// That of `work`, or that of the commit.
    ///
    /// Cancel safety: dropping this doesn't stop work that is in line.
    pub async fn write<T, E>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<DatabaseError> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let call = Call {
            work: Some(work),
            result: None,
            reply,
        };
        let sent = self.writes.send(Box::new(call)).await;
        match (sent, answer.await) {
            (Ok(()), Ok(answer)) => answer,
            _ => Err(self.closed().await.into()),
        }
    }

    /// Runs one statement, and says how many rows it has changed.
    pub async fn execute(
        &self,
        statement: &'static str,
        parameters: impl Params + Send + 'static,
    ) -> Result<usize, DatabaseError> {
        self.write(move |it| Ok(it.prepare_cached(statement)?.execute(parameters)?))
            .await
    }

    /// Runs `work`, which reads.
    ///
    /// # Errors
    ///
    /// That of `work`.
    pub async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, DatabaseError> {
        let (reply, answer) = oneshot::channel();
        let question = move |connection: &Connection| {
            let _ = reply.send(work(connection)); // the caller may have gone
        };
        let sent = self.reads.send(Box::new(question)).await;
        match (sent, answer.await) {
            (Ok(()), Ok(answer)) => Ok(answer?),
            _ => Err(self.closed().await),
        }
    }

    /// After an end in thought, no caller is to see that the thread is gone.
    async fn closed(&self) -> DatabaseError {
        if self.crash.has_happened() {
            std::future::pending::<()>().await;
        }
        DatabaseError::Closed
    }
}

fn read_all(connection: &Connection, mut questions: mpsc::Receiver<Read>) {
    while let Some(question) = questions.blocking_recv() {
        question(connection);
    }
}

// ANCHOR: commit
fn write_all(
    mut connection: Connection,
    mut waiting: mpsc::Receiver<Box<dyn Write>>,
    crash: &Crash,
    [written, told]: Points,
) {
    let mut writes = Vec::with_capacity(SHARED);
    while waiting.blocking_recv_many(&mut writes, SHARED) > 0 {
        let committed = commit(&mut connection, &mut writes, || crash.reached(written));
        if crash.reached(told) {
            return;
        }
        for write in writes.drain(..) {
            write.answer(committed.clone());
        }
    }
}

/// One transaction for all of them.
fn commit(
    connection: &mut Connection,
    writes: &mut [Box<dyn Write>],
    ends: impl Fn() -> bool,
) -> Result<(), DatabaseError> {
    let mut all = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    for write in writes {
        let mut own = all.savepoint()?;
        if write.run(&own) {
            own.commit()?;
        } else if own.is_autocommit() {
            // A full disk rolls back the whole transaction, the others' writes too.
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
