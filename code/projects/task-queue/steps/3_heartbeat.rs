// ANCHOR: head
//! Step 3: a worker keeps its lease by heartbeats, and stops once it is lost.
//!
//! ```console
//! $ cargo run -p task-queue --example task-queue-3-heartbeat
//! ```

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rusqlite::{Connection, OptionalExtension, Result, Row};
use tokio::task::spawn_blocking;
use tokio::time::{Instant, sleep, timeout_at};

/// How long a worker may keep a job without a word to the store.
const LEASE: Duration = Duration::from_secs(2);
/// How often a worker without a job looks for one.
const LOOK: Duration = Duration::from_secs(1);
/// How long the mail server takes: more than a lease.
const MAIL: Duration = Duration::from_secs(3);
// ANCHOR_END: head

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

// ANCHOR: main
#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let store = Store::open(folder.path().join("jobs.db"))?;
    for user in ["ada", "grace"] {
        store.enqueue(&format!("order of {user}"), user).await?;
        println!("{user}: your mail is on its way");
    }
    tokio::try_join!(work(&store, send_mail), work(&store, send_mail))?;
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
        tokio::select! {
            () = run(lease.user.clone()) => {
                if !store.complete(&lease).await? {
                    println!("{}: too late, another worker has it", lease.user);
                }
            }
            () = keep(store, &lease) => println!("{}: stopped, the lease is lost", lease.user),
        }
    }
    Ok(())
}
// ANCHOR_END: work

// ANCHOR: keep
/// Extends a lease at every third of it, and returns once it is lost.
async fn keep(store: &Store, lease: &Lease) {
    let mut until = lease.until;
    loop {
        sleep(LEASE / 3).await;
        let asked = Instant::now();
        match timeout_at(until, store.extend(lease)).await {
            Ok(Ok(true)) => until = asked + LEASE,
            Ok(Ok(false)) => return, // the store has given out another lease
            Ok(Err(error)) => println!("{}: cannot extend: {error}", lease.user),
            Err(_) => return, // it may have, and doesn't answer
        }
    }
}
// ANCHOR_END: keep

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
    /// Until when the worker may believe in it: counted from before it asked.
    until: Instant,
}

impl Lease {
    fn read(row: &Row, asked: Instant) -> Result<Lease> {
        Ok(Lease {
            id: row.get("id")?,
            user: row.get("user")?,
            token: row.get("token")?,
            until: asked + LEASE,
        })
    }
}
// ANCHOR_END: lease

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

    /// Stores a job, and says whether it is new: the same one sent again is known by its id.
    async fn enqueue(&self, id: &str, user: &str) -> Result<bool> {
        let job = [id, user].map(str::to_owned);
        let sql = "INSERT INTO job (id, user, due) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING";
        self.ask(move |db, now| Ok(db.execute(sql, (&job[0], &job[1], now))? == 1))
            .await
    }

    // ANCHOR: claim
    /// Leases the job that is due first, if there is one.
    async fn claim(&self) -> Result<Option<Lease>> {
        let asked = Instant::now();
        self.ask(move |db, now| {
            let read = |row: &Row| Lease::read(row, asked);
            db.query_row(CLAIM, (now, millis(LEASE)), read).optional()
        })
        .await
    }

    /// Moves the end of a lease, and says whether it was still the newest of its job.
    async fn extend(&self, lease: &Lease) -> Result<bool> {
        let sql = "UPDATE job SET due = ?3 WHERE id = ?1 AND token = ?2 AND state = 'running'";
        let Lease { id, token, .. } = lease.clone();
        self.ask(move |db, now| Ok(db.execute(sql, (id, token, now + millis(LEASE)))? == 1))
            .await
    }
    // ANCHOR_END: claim

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

fn millis(span: Duration) -> i64 {
    i64::try_from(span.as_millis()).unwrap_or(i64::MAX)
}

// ANCHOR: tests
#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

    use super::*;

    async fn store_of(users: &[&str]) -> Store {
        let store = Store::open(":memory:").unwrap();
        for user in users {
            assert!(store.enqueue(user, user).await.unwrap());
        }
        store
    }

    #[tokio::test(start_paused = true)]
    async fn a_job_of_ten_leases_runs_once_though_another_worker_looks() {
        let store = store_of(&["ada"]).await;
        let runs = AtomicUsize::new(0);
        let run = |_user| async {
            runs.fetch_add(1, SeqCst);
            sleep(LEASE * 10).await;
        };
        tokio::try_join!(work(&store, run), work(&store, run)).unwrap();
        assert_eq!(runs.into_inner(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn a_worker_whose_lease_is_lost_stops_its_job_within_a_lease() {
        let store = store_of(&["ada"]).await;
        let ended = AtomicUsize::new(0);
        let run = |_user| async {
            sleep(LEASE / 2).await;
            let steal =
                |db: &Connection, _| db.execute("UPDATE job SET token = 2, state = 'done'", ());
            store.ask(steal).await.unwrap();
            sleep(LEASE * 10).await;
            ended.fetch_add(1, SeqCst);
        };
        let start = Instant::now();
        work(&store, run).await.unwrap();
        assert!(start.elapsed() <= LEASE);
        assert_eq!(ended.into_inner(), 0);
    }
}
// ANCHOR_END: tests
