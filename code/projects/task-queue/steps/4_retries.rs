// ANCHOR: head
//! Step 4: what fails is tried again, later and apart; what can't succeed becomes a dead letter.
//!
//! ```console
//! $ cargo run -p task-queue --example task-queue-4-retries
//! ```

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rusqlite::{Connection, OptionalExtension, Result, Row};
use tokio::task::spawn_blocking;
use tokio::time::{Instant, sleep, timeout_at};
use tokio_util::task::AbortOnDropHandle;

/// How long a worker may keep a job without a word to the store.
const LEASE: Duration = Duration::from_secs(2);
/// How often a worker without a job looks for one.
const LOOK: Duration = Duration::from_secs(1);
/// How long the mail server takes.
const MAIL: Duration = Duration::from_millis(400);
/// A job that fails so often is a dead letter.
const MOST_ATTEMPTS: u32 = 5;
/// A job whose worker is lost once more than this is a dead letter.
const MOST_LOSSES: u32 = 3;
/// The bound of the first wait after a failure; it doubles with every other one.
const FIRST_WAIT: Duration = Duration::from_secs(1);
/// No wait is longer.
const LONGEST_WAIT: Duration = Duration::from_secs(60);
// ANCHOR_END: head

// ANCHOR: table
/// A job that is `ready` is due when it may run; one that is `running`, when its lease ends.
const TABLE: &str = "
    CREATE TABLE IF NOT EXISTS job (
        id    TEXT PRIMARY KEY,
        user  TEXT NOT NULL,
        state TEXT NOT NULL DEFAULT 'ready',
        due   INTEGER NOT NULL,
        token INTEGER NOT NULL DEFAULT 0,
        attempts INTEGER NOT NULL DEFAULT 0,
        losses   INTEGER NOT NULL DEFAULT 0,
        error    TEXT
    )";

/// Sets aside what has lost its worker too often.
const SET_ASIDE: &str = "
    UPDATE job SET state = 'dead', error = 'lost its worker too often'
    WHERE state = 'running' AND due <= ?1 AND losses >= ?2";

/// One statement: no other worker comes between the look and the lease.
const CLAIM: &str = "
    UPDATE job SET state = 'running', due = ?1 + ?2, token = token + 1,
        losses = losses + (state = 'running')
    WHERE id = (
        SELECT id FROM job WHERE state IN ('ready', 'running') AND due <= ?1
        ORDER BY due, rowid LIMIT 1
    )
    RETURNING id, user, token, attempts";
// ANCHOR_END: table

// ANCHOR: main
#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let store = Store::open(folder.path().join("jobs.db"))?;
    for user in ["ada@shop.example", "grace@shop.example", "mary"] {
        store.enqueue(&format!("order of {user}"), user).await?;
        println!("{user}: your mail is on its way");
    }
    tokio::try_join!(work(&store, send_mail), work(&store, send_mail))?;
    println!("dead letters: {:?}", store.dead().await?);
    Ok(())
}
// ANCHOR_END: main

// ANCHOR: work
/// How an attempt failed.
#[derive(Debug)]
enum Failure {
    /// It may succeed later.
    Later(String),
    /// It never will.
    Never(String),
}

/// Runs jobs until none is left.
async fn work<F>(store: &Store, run: impl Fn(String) -> F) -> Result<()>
where
    F: Future<Output = Result<(), Failure>> + Send + 'static,
{
    while store.left().await? > 0 {
        let Some(lease) = store.claim().await? else {
            sleep(LOOK).await; // the rest waits, or another worker has it
            continue;
        };
        let is_ours = tokio::select! {
            ended = attempt(run(lease.user.clone())) => match ended {
                Ok(()) => store.complete(&lease).await?,
                Err(failure) => store.fail(&lease, failure).await?,
            },
            () = keep(store, &lease) => false,
        };
        if !is_ours {
            println!("{}: too late, another worker has it", lease.user);
        }
    }
    Ok(())
}

/// Runs a handler in a task of its own, so that a panic ends that task and not the worker.
async fn attempt<F>(handler: F) -> Result<(), Failure>
where
    F: Future<Output = Result<(), Failure>> + Send + 'static,
{
    let task = AbortOnDropHandle::new(tokio::spawn(handler));
    task.await
        .unwrap_or_else(|error| Err(Failure::Later(error.to_string())))
}

/// A random part of a span that doubles with every failure, from 1 on.
fn backoff(failures: u32, dice: f64) -> Duration {
    let doubled = 2_u32.saturating_pow(failures.saturating_sub(1));
    let span = FIRST_WAIT.saturating_mul(doubled).min(LONGEST_WAIT);
    span.mul_f64(dice)
}
// ANCHOR_END: work

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

// ANCHOR: mail
async fn send_mail(user: String) -> Result<(), Failure> {
    sleep(MAIL).await;
    if !user.contains('@') {
        return Err(Failure::Never(format!("{user} is no address")));
    }
    if fastrand::bool() {
        println!("{user}: the mail server is busy");
        return Err(Failure::Later("the mail server is busy".into()));
    }
    println!("{user}: sent");
    Ok(())
}
// ANCHOR_END: mail

// ANCHOR: lease
/// The right to run a job until its lease ends.
#[derive(Clone)]
struct Lease {
    id: String,
    user: String,
    /// Greater than that of every lease of this job before.
    token: i64,
    /// How often it has failed.
    attempts: u32,
    /// Until when the worker may believe in it: counted from before it asked.
    until: Instant,
}

impl Lease {
    fn read(row: &Row, asked: Instant) -> Result<Lease> {
        Ok(Lease {
            id: row.get("id")?,
            user: row.get("user")?,
            token: row.get("token")?,
            attempts: row.get("attempts")?,
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
            db.execute(SET_ASIDE, (now, MOST_LOSSES))?;
            db.query_row(CLAIM, (now, millis(LEASE)), read).optional()
        })
        .await
    }
    // ANCHOR_END: claim

    /// Moves the end of a lease, and says whether it was still the newest of its job.
    async fn extend(&self, lease: &Lease) -> Result<bool> {
        let sql = "UPDATE job SET due = ?3 WHERE id = ?1 AND token = ?2 AND state = 'running'";
        let Lease { id, token, .. } = lease.clone();
        self.ask(move |db, now| Ok(db.execute(sql, (id, token, now + millis(LEASE)))? == 1))
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

    // ANCHOR: fail
    /// Puts a job off, or to the dead letters; says whether the lease was still its newest.
    async fn fail(&self, lease: &Lease, failure: Failure) -> Result<bool> {
        let attempts = lease.attempts + 1;
        let (state, error) = match failure {
            Failure::Later(error) if attempts < MOST_ATTEMPTS => ("ready", error),
            Failure::Later(error) | Failure::Never(error) => ("dead", error),
        };
        let wait = millis(backoff(attempts, fastrand::f64()));
        let sql = "UPDATE job SET state = ?3, error = ?4, due = ?5, attempts = attempts + 1
            WHERE id = ?1 AND token = ?2 AND state = 'running'";
        let Lease { id, token, .. } = lease.clone();
        self.ask(move |db, now| Ok(db.execute(sql, (id, token, state, error, now + wait))? == 1))
            .await
    }

    /// The dead letters: each job's id and its last error.
    async fn dead(&self) -> Result<Vec<(String, String)>> {
        let sql = "SELECT id, error FROM job WHERE state = 'dead' ORDER BY rowid";
        self.ask(|db, _| {
            let mut rows = db.prepare(sql)?;
            let rows = rows.query_map((), |row| Ok((row.get(0)?, row.get(1)?)))?;
            rows.collect()
        })
        .await
    }
    // ANCHOR_END: fail

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
    use std::collections::HashMap;
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
    async fn a_failure_for_now_is_tried_again_and_one_for_good_is_not() {
        let store = store_of(&["ada", "@"]).await;
        let runs = Arc::new(AtomicUsize::new(0));
        let run = |user: String| {
            let runs = runs.clone();
            async move {
                match user.as_str() {
                    "@" => Err(Failure::Never("no address".into())),
                    _ if runs.fetch_add(1, SeqCst) < 2 => Err(Failure::Later("busy".into())),
                    _ => Ok(()),
                }
            }
        };
        work(&store, run).await.unwrap();
        assert_eq!(runs.load(SeqCst), 3);
        let dead = [("@".to_owned(), "no address".to_owned())];
        assert_eq!(store.dead().await.unwrap(), dead);
    }

    #[tokio::test(start_paused = true)]
    async fn a_panic_is_a_failed_attempt_and_the_fifth_is_the_last() {
        let store = store_of(&["ada"]).await;
        let runs = Arc::new(AtomicUsize::new(0));
        let run = |_user| {
            let runs = runs.clone();
            async move {
                runs.fetch_add(1, SeqCst);
                panic!("the template has a bug")
            }
        };
        work(&store, run).await.unwrap();
        assert_eq!(runs.load(SeqCst), 5);
        let (_, error) = store.dead().await.unwrap().remove(0);
        assert!(error.contains("the template has a bug"), "{error}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_crowd_that_failed_together_comes_back_apart() {
        fastrand::seed(29);
        let users: Vec<String> = (0..400).map(|user| user.to_string()).collect();
        let users: Vec<&str> = users.iter().map(String::as_str).collect();
        let store = store_of(&users).await;
        while let Some(lease) = store.claim().await.unwrap() {
            let fourth = Lease {
                attempts: 3,
                ..lease
            }; // up to eight seconds
            let busy = Failure::Later("busy".into());
            assert!(store.fail(&fourth, busy).await.unwrap());
        }
        let sql = "SELECT due / 1000, count(*) FROM job GROUP BY 1";
        let seconds = store.ask(|db, _| {
            let mut rows = db.prepare(sql)?;
            let rows = rows.query_map((), |row| Ok((row.get(0)?, row.get(1)?)))?;
            rows.collect::<Result<HashMap<i64, i64>>>()
        });
        let busiest = seconds.await.unwrap().into_values().max().unwrap();
        assert!(busiest < 100, "{busiest} of 400 come back in one second");
    }

    #[tokio::test(start_paused = true)]
    async fn a_job_that_kills_its_workers_is_set_aside_with_the_fourth() {
        let store = store_of(&["ada"]).await;
        let mut killed = 0;
        while store.claim().await.unwrap().is_some() {
            killed += 1;
            sleep(LEASE).await; // its worker says nothing anymore
        }
        assert_eq!(killed, 4);
        assert_eq!(
            store.dead().await.unwrap()[0].1,
            "lost its worker too often"
        );
    }
}
// ANCHOR_END: tests
