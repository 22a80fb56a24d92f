// ANCHOR: head
//! Step 2: jobs in a file, and a worker doesn't take a job but leases it.
//!
//! ```console
//! $ cargo run -p task-queue --example task-queue-2-leases
//! ```

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rusqlite::{Connection, OptionalExtension, Result, Row};
use tokio::task::spawn_blocking;
use tokio::time::{Instant, sleep, timeout};

/// How long a worker may keep a job without a word to the store.
const LEASE: Duration = Duration::from_secs(2);
/// How often a worker without a job looks for one.
const LOOK: Duration = Duration::from_secs(1);
/// How long the mail server takes.
const MAIL: Duration = Duration::from_millis(400);
// ANCHOR_END: head

// ANCHOR: table
/// A job that is `ready` is due when it may run; one that is `running`, when its lease ends.
const TABLE: &str = "
    CREATE TABLE IF NOT EXISTS job (
        id    TEXT PRIMARY KEY,
        user  TEXT NOT NULL,
        state TEXT NOT NULL DEFAULT 'ready',
        due   INTEGER NOT NULL,
        token INTEGER NOT NULL DEFAULT 0
    )";

/// One statement: no other worker comes between the look and the lease.
const CLAIM: &str = "
    UPDATE job SET state = 'running', due = ?1 + ?2, token = token + 1
    WHERE id = (
        SELECT id FROM job WHERE state IN ('ready', 'running') AND due <= ?1
        ORDER BY due, rowid LIMIT 1
    )
    RETURNING id, user, token";
// ANCHOR_END: table

// ANCHOR: main
#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let store = Store::open(folder.path().join("jobs.db"))?;
    for user in ["ada", "grace", "mary"] {
        store.enqueue(&format!("order of {user}"), user).await?;
        println!("{user}: your mail is on its way");
    }
    let power_cut = timeout(MAIL * 3 / 2, work(&store, send_mail)).await;
    assert!(power_cut.is_err(), "the worker has not ended");
    work(&store, send_mail).await?; // another one takes over
    Ok(())
}
// ANCHOR_END: main

// ANCHOR: work
/// Runs jobs until none is left.
async fn work<F>(store: &Store, run: impl Fn(String) -> F) -> Result<()>
where
    F: Future<Output = ()>,
{
    while store.left().await? > 0 {
        let Some(lease) = store.claim().await? else {
            sleep(LOOK).await; // another worker has what is left
            continue;
        };
        run(lease.user.clone()).await;
        if !store.complete(&lease).await? {
            println!("{}: too late, another worker has it", lease.user);
        }
    }
    Ok(())
}
// ANCHOR_END: work

async fn send_mail(user: String) {
    sleep(MAIL).await;
    println!("{user}: sent");
}

// ANCHOR: lease
/// The right to run a job until its lease ends.
#[derive(Clone)]
struct Lease {
    id: String,
    user: String,
    /// Greater than that of every lease of this job before.
    token: i64,
}

impl Lease {
    fn read(row: &Row) -> Result<Lease> {
        Ok(Lease {
            id: row.get("id")?,
            user: row.get("user")?,
            token: row.get("token")?,
        })
    }
}
// ANCHOR_END: lease

// ANCHOR: open
/// Says where each job is. Clones share one connection.
#[derive(Clone)]
struct Store {
    db: Arc<Mutex<Connection>>,
    /// When it was opened, by the clock on the wall and by Tokio's, which tests can turn.
    opened: (Duration, Instant),
}

impl Store {
    fn open(file: impl AsRef<Path>) -> Result<Store> {
        let db = Connection::open(file)?;
        db.execute_batch(TABLE)?;
        let wall = SystemTime::now().duration_since(UNIX_EPOCH);
        Ok(Store {
            db: Arc::new(Mutex::new(db)),
            opened: (wall.expect("it is after 1970"), Instant::now()),
        })
    }

    /// Asks on a thread that may block, since a commit waits for the disk. Gives the store's
    /// time in milliseconds, by which leases end.
    async fn ask<T, Q>(&self, question: Q) -> Result<T>
    where
        T: Send + 'static,
        Q: FnOnce(&Connection, i64) -> Result<T> + Send + 'static,
    {
        let (wall, since) = self.opened;
        let now = millis(wall + since.elapsed());
        let db = self.db.clone();
        let asked = spawn_blocking(move || question(&db.lock().expect("no question panics"), now));
        asked.await.expect("no question panics")
    }
    // ANCHOR_END: open

    // ANCHOR: calls
    /// Stores a job, and says whether it is new: the same one sent again is known by its id.
    async fn enqueue(&self, id: &str, user: &str) -> Result<bool> {
        let job = [id, user].map(str::to_owned);
        let sql = "INSERT INTO job (id, user, due) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING";
        self.ask(move |db, now| Ok(db.execute(sql, (&job[0], &job[1], now))? == 1))
            .await
    }

    /// Leases the job that is due first, if there is one.
    async fn claim(&self) -> Result<Option<Lease>> {
        self.ask(|db, now| {
            db.query_row(CLAIM, (now, millis(LEASE)), Lease::read)
                .optional()
        })
        .await
    }

    /// Ends a job, and says whether the lease was still its newest.
    async fn complete(&self, lease: &Lease) -> Result<bool> {
        let sql =
            "UPDATE job SET state = 'done' WHERE id = ?1 AND token = ?2 AND state = 'running'";
        let Lease { id, token, .. } = lease.clone();
        self.ask(move |db, _| Ok(db.execute(sql, (id, token))? == 1))
            .await
    }

    /// How many jobs have not ended.
    async fn left(&self) -> Result<i64> {
        let sql = "SELECT count(*) FROM job WHERE state IN ('ready', 'running')";
        self.ask(|db, _| db.query_row(sql, (), |row| row.get(0)))
            .await
    }
}
// ANCHOR_END: calls

// ANCHOR: millis
fn millis(span: Duration) -> i64 {
    i64::try_from(span.as_millis()).unwrap_or(i64::MAX)
}
// ANCHOR_END: millis

// ANCHOR: tests
#[cfg(test)]
mod tests {
    use super::*;

    async fn store_of(users: &[&str]) -> Store {
        let store = Store::open(":memory:").unwrap();
        for user in users {
            assert!(store.enqueue(user, user).await.unwrap());
        }
        store
    }

    #[tokio::test(start_paused = true)]
    async fn what_a_killed_worker_had_is_run_by_the_next() {
        let store = store_of(&["ada", "grace", "mary"]).await;
        let mailbox = Arc::new(Mutex::new(Vec::new()));
        let run = |user| async {
            sleep(MAIL).await;
            mailbox.lock().unwrap().push(user);
        };
        let _killed = timeout(MAIL * 3 / 2, work(&store, run)).await;
        work(&store, run).await.unwrap();
        assert_eq!(*mailbox.lock().unwrap(), ["ada", "mary", "grace"]);
    }

    #[tokio::test]
    async fn jobs_outlive_the_process() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("jobs.db");
        let store = Store::open(&file).unwrap();
        assert!(store.enqueue("1", "ada").await.unwrap());
        drop(store);
        let store = Store::open(&file).unwrap();
        assert!(!store.enqueue("1", "ada").await.unwrap(), "it is known");
        assert_eq!(store.left().await.unwrap(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn a_worker_that_comes_too_late_is_refused() {
        let store = store_of(&["ada"]).await;
        let stalled = store.claim().await.unwrap().unwrap();
        assert!(store.claim().await.unwrap().is_none(), "it is leased");
        sleep(LEASE).await;
        let newer = store.claim().await.unwrap().unwrap();
        assert!(!store.complete(&stalled).await.unwrap());
        assert!(store.complete(&newer).await.unwrap());
    }
}
// ANCHOR_END: tests
