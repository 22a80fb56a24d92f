//! A frontier in a SQLite file. One process at a time has it; others may read it meanwhile.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use patterns::group_commit::{GroupCommit, group_commit};
use rusqlite::Connection;
use tokio::task::spawn_blocking;

use super::steps::Steps;
use super::{Budget, Claim, Ended, Found, Frontier, FrontierError, Result, Tally};

/// "crw1": the file is one of ours.
const APPLICATION: i64 = 0x6372_7731;

/// How long a process that leaves waits for one that looks.
const PATIENCE: Duration = Duration::from_secs(5);

/// Callers beyond these wait at the door.
const WAITING: usize = 256;

/// Most steps in one commit.
const TOGETHER: usize = 64;

/// A cheap-to-clone handle to the file's thread, which stops with its last handle. Steps that wait
/// when it looks share a transaction, and so a commit.
#[derive(Clone)]
pub struct SqliteFrontier {
    steps: GroupCommit<Steps>,
    path: PathBuf,
    /// Held as long as one handle is; the kernel frees it when the process dies.
    _lock: Arc<File>,
}

impl SqliteFrontier {
    /// Opens a file, or makes it. Pages that an earlier process had taken are queued again.
    ///
    /// # Errors
    ///
    /// [`FrontierError::Locked`] if another process crawls with it.
    pub fn open(path: &Path, budget: Budget) -> Result<SqliteFrontier> {
        let lock = lock(path)?;
        let connection = open(path)?;
        let pending = recover(&connection)?;
        let (steps, worker) = group_commit(WAITING, TOGETHER);
        let store = Steps::new(connection, budget, pending);
        thread::Builder::new()
            .name("frontier".to_owned())
            .spawn(|| worker.run_blocking(store))
            .map_err(|error| FrontierError::Store(error.to_string()))?;
        Ok(SqliteFrontier {
            steps,
            path: path.to_owned(),
            _lock: Arc::new(lock),
        })
    }

    /// Folds the log into the file, which holds the whole crawl then and can be copied alone.
    ///
    /// # Errors
    ///
    /// If the file can't be written: its log is needed beside it then, as after a crash.
    pub async fn leave(&self) -> Result<()> {
        let path = self.path.clone();
        let folded = spawn_blocking(move || {
            let connection = Connection::open(path)?;
            connection.busy_timeout(PATIENCE)?;
            connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", (), |_| Ok(()))
        });
        Ok(folded.await.map_err(|_| FrontierError::Closed)??)
    }

    async fn run<T: Send + 'static>(
        &self,
        step: impl FnOnce(&mut Steps) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T> {
        let ended = self.steps.run(|steps| steps.step(step)).await;
        ended.map_err(|error| error.or(FrontierError::Closed))?
    }
}

impl Frontier for SqliteFrontier {
    async fn add(&self, found: Vec<Found>) -> Result<u64> {
        self.run(|steps| steps.add(found)).await
    }

    async fn claim(&self, want: usize) -> Result<Claim> {
        self.run(move |steps| steps.claim(want)).await
    }

    async fn end(&self, ended: Ended) -> Result<()> {
        self.run(|steps| steps.end(ended)).await
    }

    async fn turn(&self, ended: Vec<Ended>, want: usize) -> Result<Claim> {
        let turn = move |steps: &mut Steps| {
            for ended in ended {
                steps.end(ended)?;
            }
            steps.claim(want)
        };
        self.run(turn).await
    }

    async fn again(&self) -> Result<()> {
        self.run(|steps| steps.again()).await
    }

    async fn tally(&self) -> Result<Tally> {
        self.run(|steps| steps.tally()).await
    }
}

fn lock(path: &Path) -> Result<File> {
    let beside = path.with_extension("lock");
    let file = File::create(&beside).map_err(TryLockError::Error);
    let locked = file.and_then(|file| file.try_lock().map(|()| file));
    locked.map_err(|error| match error {
        TryLockError::WouldBlock => FrontierError::Locked(path.display().to_string()),
        TryLockError::Error(error) => {
            FrontierError::Store(format!("{}: {error}", beside.display()))
        }
    })
}

fn open(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open(path)?;
    connection.set_prepared_statement_cache_capacity(32);
    // NORMAL: `kill -9` loses nothing; a power cut may lose the last moments, which are visited
    // again.
    connection.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; \
         PRAGMA wal_autocheckpoint = 4000; PRAGMA journal_size_limit = 16777216; \
         PRAGMA cache_size = -32000",
    )?;
    let application: i64 =
        connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
    if application != APPLICATION {
        // Fails in a file with other tables, and changes nothing there.
        let schema = include_str!("schema.sql");
        connection.execute_batch(&format!(
            "BEGIN; {schema} PRAGMA application_id = {APPLICATION}; COMMIT"
        ))?;
    }
    Ok(connection)
}

// ANCHOR: recover
/// Rule 2 after a crash: what was taken is queued again. Returns how many pages are pending.
fn recover(connection: &Connection) -> rusqlite::Result<i64> {
    connection.execute_batch(
        "BEGIN IMMEDIATE;
         UPDATE hosts SET queued = queued + taken, taken = 0 WHERE taken > 0;
         UPDATE pages SET state = 0 WHERE state = 1;
         COMMIT",
    )?;
    connection.query_row("SELECT total(queued) FROM hosts", (), |row| {
        row.get::<_, f64>(0).map(|pending| pending as i64)
    })
}
// ANCHOR_END: recover
