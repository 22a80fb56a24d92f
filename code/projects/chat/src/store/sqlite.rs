//! The history in one SQLite file.
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
use std::time::{Duration, Instant};

use patterns::group_commit::{CommitError, GroupCommit, Store, group_commit};
use rusqlite::{Connection, ErrorCode, OpenFlags, ffi, params};
use tokio::sync::Semaphore;
use tokio::task;

use super::{
    Access, Answer, BATCH, History, Kept, Line, MOST_ROOMS, Name, NewLine, Page, RoomInfo, RoomKey,
    StoreError, WAITING_WRITES,
};

mod lines;
mod rooms;

/// The longest that a start waits for another server that starts.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long it waits before it looks again.
const RETRY: Duration = Duration::from_millis(10);
/// So many reads run at once.
const READERS: usize = 4;

/// One file: its writer, and those who read.
pub struct Sqlite(Arc<Inner>);

/// Dropped from above: the connection that closes last folds the WAL in, and a reader may not write.
struct Inner {
    idle_readers: Mutex<Vec<Connection>>,
    may_read: Arc<Semaphore>,
    writes: GroupCommit<Writer>,
    _thread: Thread,
}

impl Sqlite {
    /// Opens the file, and makes it if there is none. Blocks for as long as that takes.
    ///
    /// # Errors
    ///
    /// Those of SQLite: no such folder, no permission, not a database.
    pub fn open(file: &Path) -> Result<Sqlite, StoreError> {
        let until = Instant::now() + PATIENCE;
        let connection = loop {
            match connect(file) {
                // To switch to the WAL, SQLite doesn't wait for another server that does the same.
                Err(error) if is_busy(&error) && Instant::now() < until => thread::sleep(RETRY),
                connected => break connected?,
            }
        };
        let readers = (0..READERS)
            .map(|_| connect_to_read(file))
            .collect::<Result<_, _>>()?;
        let (writes, worker) = group_commit(WAITING_WRITES, BATCH);
        let thread = thread::Builder::new()
            .name("chat-writer".to_owned())
            .spawn(|| worker.run_blocking(Writer(connection)))
            .expect("a thread at the start");
        Ok(Sqlite(Arc::new(Inner {
            idle_readers: Mutex::new(readers),
            may_read: Arc::new(Semaphore::new(READERS)),
            writes,
            _thread: Thread(Some(thread)),
        })))
    }

    /// Runs `work` in a transaction, and answers when it is on disk. Writes are done in the order
    /// of these calls.
    ///
    /// # Errors
    ///
    /// [`StoreError::Busy`], if too many wait; those of SQLite; nothing is written then.
    fn write<T, F>(&self, work: F) -> Answer<T>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    {
        let write = move |shared: &mut Shared<'_>| shared.all_or_nothing(work);
        let handed_over = self.0.writes.try_run(write);
        Box::pin(async move {
            match handed_over.ok_or(StoreError::Busy)?.await {
                Ok(done) => Ok(done?),
                Err(CommitError::Transaction(error)) => Err(StoreError::Transaction(error)),
                Err(CommitError::Stopped) => Err(StoreError::Closed),
            }
        })
    }

    /// Runs `work` beside the writer. A read that has begun runs to its end, and its connection
    /// comes back.
    ///
    /// # Errors
    ///
    /// Those of SQLite.
    fn read<T, F>(&self, work: F) -> Answer<T>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    {
        let inner = self.0.clone();
        Box::pin(async move {
            let permit = inner.may_read.clone().acquire_owned().await;
            let permit = permit.map_err(|_| StoreError::Closed)?;
            let read = task::spawn_blocking(move || {
                let _permit = permit;
                let connection = lock(&inner.idle_readers).pop().ok_or(StoreError::Closed)?;
                let found = work(&connection);
                lock(&inner.idle_readers).push(connection);
                Ok(found?)
            });
            read.await.unwrap_or(Err(StoreError::Closed))
        })
    }
}

impl History for Sqlite {
    fn append(&self, room: RoomKey, line: NewLine) -> Answer<Kept> {
        self.write(move |connection| lines::append(connection, room, &line))
    }

    fn page(&self, room: RoomKey, name: Name, page: Page, most: usize) -> Answer<Vec<Line>> {
        self.read(move |connection| lines::page(connection, room, &name, page, most))
    }

    fn search(&self, room: RoomKey, name: Name, words: String, most: usize) -> Answer<Vec<Line>> {
        self.read(move |connection| lines::search(connection, room, &name, &words, most))
    }

    fn create_room(&self, name: Name, owner: Option<Name>, invited_only: bool) -> Answer<bool> {
        self.write(move |connection| rooms::create(connection, &name, owner.as_ref(), invited_only))
    }

    fn rooms(&self, person: Name) -> Answer<Vec<RoomInfo>> {
        self.read(move |connection| rooms::all_for(connection, &person))
    }

    fn access(&self, room: Name, person: Name) -> Answer<Access> {
        self.read(move |connection| rooms::access(connection, &room, &person))
    }

    fn room(&self, room: Name) -> Answer<RoomKey> {
        let found = self.read(move |connection| rooms::find(connection, &room));
        Box::pin(async move { found.await?.ok_or(StoreError::NoSuchRoom) })
    }

    fn set_standing(&self, room: RoomKey, person: Name, banned: Option<bool>) -> Answer<()> {
        self.write(move |connection| rooms::set_standing(connection, room, &person, banned))
    }

    fn claim_name(&self, name: Name, key_hash: [u8; 32]) -> Answer<bool> {
        self.write(move |connection| {
            // The update changes nothing, and lets the row be returned where there was one.
            connection.query_row(
                "INSERT INTO people (name, key_hash) VALUES (?1, ?2)
                 ON CONFLICT (name) DO UPDATE SET name = excluded.name RETURNING key_hash = ?2",
                params![name.as_str(), key_hash],
                |row| row.get(0),
            )
        })
    }

    fn secret(&self) -> Answer<Vec<u8>> {
        self.read(|connection| {
            connection.query_row("SELECT secret FROM meta", [], |row| row.get(0))
        })
    }

    fn check(&self) -> Answer<()> {
        self.write(|connection| connection.execute_batch("UPDATE meta SET id = id"))
    }
}

/// Waited for when it's dropped, so that a clean stop leaves one whole file and no WAL beside it.
struct Thread(Option<thread::JoinHandle<()>>);

impl Drop for Thread {
    fn drop(&mut self) {
        if let Some(thread) = self.0.take()
            && thread.thread().id() != thread::current().id()
        {
            thread.join().ok(); // a panic of the writer has been printed
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The connection that writes.
struct Writer(Connection);

/// The transaction that waiting writes share.
struct Shared<'a> {
    all: &'a Connection,
    /// What has ended it, such as a full disk.
    ended: Option<ffi::Error>,
}

// ANCHOR: writer
impl Store for Writer {
    type Transaction<'a> = Shared<'a>;
    type Error = String;

    fn transact(&mut self, work: impl FnOnce(&mut Shared<'_>)) -> Result<(), String> {
        let Writer(connection) = self;
        let committed = begin(connection).and_then(|last| {
            let mut shared = Shared {
                all: connection,
                ended: None,
            };
            work(&mut shared);
            shared.goes_on()?;
            commit(connection, last)
        });
        if committed.is_err() && !connection.is_autocommit() {
            connection.execute_batch("ROLLBACK").ok(); // the error to tell is the first
        }
        committed.map_err(|error| {
            tracing::error!(%error, "the transaction failed");
            error.to_string()
        })
    }
}
// ANCHOR_END: writer

impl Shared<'_> {
    /// A write that fails in its middle leaves nothing, and spoils no other of its batch, unless
    /// SQLite ends the whole transaction: then those after it fail, too.
    fn all_or_nothing<T>(
        &mut self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<T> {
        self.goes_on()?;
        let step = |sql| self.all.prepare_cached(sql)?.execute([]);
        step("SAVEPOINT one")?;
        let done = work(self.all);
        if self.all.is_autocommit() {
            let why = done.as_ref().err();
            self.ended = why.and_then(rusqlite::Error::sqlite_error).copied();
            return done;
        }
        if done.is_err() {
            step("ROLLBACK TO one")?;
        }
        step("RELEASE one")?;
        done
    }

    fn goes_on(&self) -> rusqlite::Result<()> {
        match self.ended {
            None => Ok(()),
            Some(why) => Err(rusqlite::Error::SqliteFailure(why, None)),
        }
    }
}

/// Begins a transaction, and says which line is the last before it.
fn begin(connection: &Connection) -> rusqlite::Result<i64> {
    connection.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
    lines::last(connection)
}

/// Indexes the words of the lines that came after this one, and commits.
fn commit(connection: &Connection, last: i64) -> rusqlite::Result<()> {
    lines::index_words(connection, last)?;
    connection.prepare_cached("COMMIT")?.execute([])?;
    Ok(())
}

fn is_busy(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy)
}

fn connect(file: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open(file)?;
    connection.execute_batch(
        "PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
         PRAGMA journal_size_limit = 16777216; PRAGMA foreign_keys = ON;",
    )?;
    connection.execute_batch(include_str!("sqlite/schema.sql"))?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(connection)
}

fn connect_to_read(file: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(PathBuf::from(file), flags)?;
    connection.execute_batch("PRAGMA busy_timeout = 5000;")?;
    Ok(connection)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_transaction_that_a_full_disk_ends_nothing_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let mut writer = Writer(connect(&folder.path().join("chat.db")).unwrap());
        let room = |name: &str| {
            let name: Name = name.parse().unwrap();
            move |connection: &Connection| rooms::create(connection, &name, None, false)
        };
        let small = "CREATE TABLE fill (it BLOB); PRAGMA max_page_count = 1";
        writer.0.execute_batch(small).unwrap();
        let fill = |connection: &Connection| {
            connection.execute("INSERT INTO fill VALUES (zeroblob(100000))", [])
        };
        let committed = writer.transact(|shared| {
            shared.all_or_nothing(room("before")).unwrap();
            shared.all_or_nothing(fill).unwrap_err();
            assert!(shared.all.is_autocommit());
            shared.all_or_nothing(room("after")).unwrap_err();
        });
        assert_eq!(
            committed.unwrap_err(),
            "Error code 13: database or disk is full"
        );
        let rooms = "SELECT count(*) FROM rooms WHERE name IN ('before', 'after')";
        let kept = writer.0.query_row(rooms, [], |row| row.get::<_, u64>(0));
        assert_eq!(kept.unwrap(), 0);
    }
}
