//! What is kept: lines, rooms and people, in one SQLite file.
//!
//! One thread writes. It takes all that waits, runs it in one transaction and answers after the
//! commit, so that a hundred lines cost one `fsync` and none is called kept before it is.
//! Reads run beside it, a few at a time, and see what is committed.
//!
//! Several servers on one machine may share the file: SQLite lets one transaction write at a
//! time, and the number of a line is drawn inside of it.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use rusqlite::{Connection, OpenFlags};
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio::task;

mod lines;
mod people;
mod rooms;

pub use lines::{Kept, LONGEST_PAGE, NewLine, Page};
pub use rooms::{Access, RoomInfo, RoomKey};

/// So many writes may wait. Another one is refused, which its sender hears.
const WAITING_WRITES: usize = 4096;
/// So many writes share a transaction.
const BATCH: usize = 512;
/// So many reads run at once.
const READERS: usize = 4;

/// What can't be done now.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Try again later: as many writes wait as may.
    #[error("{WAITING_WRITES} writes wait for the store already")]
    Busy,
    /// The store has been closed.
    #[error("the store is closed")]
    Closed,
    /// SQLite refuses, as it does when the disk is full or another process holds the file.
    #[error("the store failed")]
    Sqlite(#[from] rusqlite::Error),
}

/// A handle to the store, which closes with its last handle.
#[derive(Clone)]
pub struct Store(Arc<Inner>);

struct Inner {
    writes: mpsc::Sender<Write>,
    writer: Mutex<Option<thread::JoinHandle<()>>>,
    idle_readers: Mutex<Vec<Connection>>,
    may_read: Arc<Semaphore>,
}

/// A write, run inside of a transaction if one could be begun. Its answer is called when that
/// has ended.
type Write = Box<dyn FnOnce(Option<&Connection>) -> Answer + Send>;
type Answer = Box<dyn FnOnce(Result<(), StoreError>) + Send>;

impl Store {
    /// Opens the file, and makes it if there is none. Blocks for as long as that takes.
    ///
    /// # Errors
    ///
    /// Those of SQLite: no such folder, no permission, not a database.
    pub fn open(file: &Path) -> Result<Store, StoreError> {
        let connection = connect(file)?;
        connection.execute_batch(include_str!("store/schema.sql"))?;
        let readers = (0..READERS)
            .map(|_| connect_to_read(file))
            .collect::<Result<_, _>>()?;
        let (writes, waiting) = mpsc::channel(WAITING_WRITES);
        let writer = thread::Builder::new()
            .name("chat-writer".to_owned())
            .spawn(move || write_all(connection, waiting))
            .expect("a thread at the start");
        Ok(Store(Arc::new(Inner {
            writes,
            writer: Mutex::new(Some(writer)),
            idle_readers: Mutex::new(readers),
            may_read: Arc::new(Semaphore::new(READERS)),
        })))
    }

    // ANCHOR: write
    /// Runs `work` in a transaction, and answers when it is on disk.
    ///
    /// Cancel safety: a write that has been handed over is done, whether or not its answer is
    /// waited for.
    ///
    /// # Errors
    ///
    /// [`StoreError::Busy`] at once, if too many wait; those of SQLite; nothing is written then.
    pub async fn write<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    {
        self.submit(work)?.await.unwrap_or(Err(StoreError::Closed))
    }

    /// Hands a write over at once: writes are done in the order of these calls.
    fn submit<T, F>(&self, work: F) -> Result<oneshot::Receiver<Result<T, StoreError>>, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let write = Box::new(move |connection: Option<&Connection>| -> Answer {
            let done = connection.map(|connection| all_or_nothing(connection, work));
            Box::new(move |committed| {
                let told = committed.and_then(|()| Ok(done.ok_or(StoreError::Closed)??));
                reply.send(told).ok(); // the asker may have left
            })
        });
        match self.0.writes.try_send(write) {
            Ok(()) => Ok(answer),
            Err(mpsc::error::TrySendError::Full(_)) => Err(StoreError::Busy),
            Err(mpsc::error::TrySendError::Closed(_)) => Err(StoreError::Closed),
        }
    }
    // ANCHOR_END: write

    /// Runs `work` beside the writer.
    ///
    /// Cancel safety: a read that has begun runs to its end, and its connection comes back.
    ///
    /// # Errors
    ///
    /// Those of SQLite.
    pub async fn read<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    {
        let permit = self.0.may_read.clone().acquire_owned().await;
        let permit = permit.map_err(|_| StoreError::Closed)?;
        let inner = self.0.clone();
        let read = task::spawn_blocking(move || {
            let _permit = permit;
            let connection = lock(&inner.idle_readers).pop().ok_or(StoreError::Closed)?;
            let found = work(&connection);
            lock(&inner.idle_readers).push(connection);
            Ok(found?)
        });
        read.await.unwrap_or(Err(StoreError::Closed))
    }

    /// Whether a write would go through: for the readiness of the server.
    ///
    /// # Errors
    ///
    /// Those of [`Store::write`].
    pub async fn check(&self) -> Result<(), StoreError> {
        self.write(|connection| connection.execute_batch("UPDATE meta SET id = id"))
            .await
    }
}

impl Drop for Inner {
    /// Waits for the writer, so that a clean stop leaves one whole file and no WAL beside it.
    fn drop(&mut self) {
        // Before the writer: the connection that closes last folds the WAL in, and a reader may not write.
        lock(&self.idle_readers).clear();
        let (none, _) = mpsc::channel(1);
        drop(std::mem::replace(&mut self.writes, none));
        if let Some(writer) = lock(&self.writer).take()
            && writer.thread().id() != thread::current().id()
        {
            writer.join().ok(); // a panic of the writer has been printed
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

// ANCHOR: writer
/// The writer's thread: it takes what waits, commits it in one go, and then answers.
fn write_all(connection: Connection, mut waiting: mpsc::Receiver<Write>) {
    let mut batch = Vec::with_capacity(BATCH);
    while waiting.blocking_recv_many(&mut batch, BATCH) > 0 {
        let begun = connection.execute_batch("BEGIN IMMEDIATE");
        let transaction = begun.is_ok().then_some(&connection);
        let answers: Vec<Answer> = batch.drain(..).map(|write| write(transaction)).collect();
        let committed = begun.and_then(|()| connection.execute_batch("COMMIT"));
        if committed.is_err() && !connection.is_autocommit() {
            connection.execute_batch("ROLLBACK").ok(); // the error to tell is the first
        }
        let failed = committed.err().map(|error| error.to_string());
        if let Some(error) = &failed {
            tracing::error!(error, lines = answers.len(), "the transaction failed");
        }
        for answer in answers {
            answer(match &failed {
                None => Ok(()),
                Some(error) => Err(StoreError::Sqlite(rusqlite::Error::SqliteFailure(
                    rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_ABORT),
                    Some(error.clone()),
                ))),
            });
        }
    }
}
// ANCHOR_END: writer

/// A write that fails in its middle leaves nothing, and spoils no other of its batch.
fn all_or_nothing<T>(
    connection: &Connection,
    work: impl FnOnce(&Connection) -> rusqlite::Result<T>,
) -> rusqlite::Result<T> {
    connection.prepare_cached("SAVEPOINT one")?.execute([])?;
    let done = work(connection);
    if done.is_err() {
        connection.execute_batch("ROLLBACK TO one")?;
    }
    connection.prepare_cached("RELEASE one")?.execute([])?;
    done
}

fn connect(file: &Path) -> Result<Connection, StoreError> {
    let connection = Connection::open(file)?;
    connection.execute_batch(
        "PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
         PRAGMA journal_size_limit = 16777216; PRAGMA foreign_keys = ON;",
    )?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(connection)
}

fn connect_to_read(file: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(PathBuf::from(file), flags)?;
    connection.execute_batch("PRAGMA busy_timeout = 5000;")?;
    Ok(connection)
}
