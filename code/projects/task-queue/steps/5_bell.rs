// ANCHOR: head
//! Step 5: processes share the file, and a bell wakes the one that waits.
//!
//! ```console
//! $ cargo run -p task-queue --example task-queue-5-bell
//! ```

use std::net::{Ipv4Addr, UdpSocket as Clapper};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rusqlite::{Connection, OptionalExtension, Result, Row};
use tokio::net::UdpSocket;
use tokio::process::{Child, Command};
use tokio::task::spawn_blocking;
use tokio::time::{Instant, sleep, timeout, timeout_at};
use tokio_util::task::AbortOnDropHandle;

/// How long a worker may keep a job without a word to the store.
const LEASE: Duration = Duration::from_secs(2);
/// How often a worker without a job looks for one, if no bell rings.
const LOOK: Duration = Duration::from_secs(5);
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
    );
    CREATE TABLE IF NOT EXISTS bell (
        port  INTEGER PRIMARY KEY,
        until INTEGER NOT NULL
    )";
// ANCHOR_END: table

// ANCHOR: listen
/// A worker's bell, which is forgotten unless its worker looks again.
const LISTEN: &str = "
    INSERT INTO bell (port, until) VALUES (?1, ?2)
    ON CONFLICT (port) DO UPDATE SET until = excluded.until";
// ANCHOR_END: listen

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

// ANCHOR: main
#[tokio::main]
async fn main() -> anyhow::Result<()> {
    if let Some(file) = std::env::args().nth(1) {
        let (store, bell) = (Store::open(file)?, Bell::hang().await?);
        work(&store, &bell, send_mail).await?; // until this process is killed
    }
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("jobs.db");
    let store = Store::open(&file)?;
    let mut first = worker(&file)?;
    sleep(MAIL).await; // it finds nothing, and waits for the bell
    for user in [
        "ada@shop.example",
        "grace@shop.example",
        "mary@shop.example",
    ] {
        store.enqueue(&format!("order of {user}"), user).await?;
        println!("{user}: your mail is on its way");
    }
    sleep(MAIL * 3 / 2).await;
    first.kill().await?; // as kill -9 does
    println!("the first worker is killed");
    let mut second = worker(&file)?;
    while store.left().await? > 0 {
        sleep(MAIL).await;
    }
    println!("dead letters: {:?}", store.dead().await?);
    Ok(second.kill().await?)
}

/// Starts this program once more, as a worker.
fn worker(file: &Path) -> std::io::Result<Child> {
    let program = std::env::current_exe()?;
    Command::new(program).arg(file).kill_on_drop(true).spawn()
}
// ANCHOR_END: main

/// How an attempt failed.
#[derive(Debug)]
enum Failure {
    /// It may succeed later.
    Later(String),
    /// It never will.
    Never(String),
}

// ANCHOR: work
/// Runs jobs, and waits for the bell while there is none.
async fn work<F>(store: &Store, bell: &Bell, run: impl Fn(String) -> F) -> Result<()>
where
    F: Future<Output = Result<(), Failure>> + Send + 'static,
{
    loop {
        bell.forget(); // before the look: what rings during it ends the wait
        let Some(lease) = store.claim(bell.port).await? else {
            let next = store.next_due().await?;
            let _ = timeout(next.min(LOOK), bell.rung()).await;
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
}
// ANCHOR_END: work

// ANCHOR: bell
/// Wakes a worker that waits: a datagram to its port on this machine. A ring that gets lost costs
/// a look.
struct Bell {
    socket: UdpSocket,
    port: u16,
}

impl Bell {
    async fn hang() -> std::io::Result<Bell> {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let port = socket.local_addr()?.port();
        Ok(Bell { socket, port })
    }

    /// Forgets the rings so far.
    fn forget(&self) {
        while self.socket.try_recv(&mut [0]).is_ok() {}
    }

    async fn rung(&self) {
        let _ = self.socket.recv(&mut [0]).await;
    }
}

/// Rings at all workers that have been here lately.
fn ring(db: &Connection, now: i64) -> Result<()> {
    let Ok(clapper) = Clapper::bind((Ipv4Addr::LOCALHOST, 0)) else {
        return Ok(()); // they look all the same
    };
    let mut ports = db.prepare("SELECT port FROM bell WHERE until > ?1")?;
    for port in ports.query_map([now], |row| row.get(0))? {
        let _ = clapper.send_to(&[1], (Ipv4Addr::LOCALHOST, port?));
    }
    Ok(())
}
// ANCHOR_END: bell

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

/// Says where each job is. Clones share one connection.
#[derive(Clone)]
struct Store {
    db: Arc<Mutex<Connection>>,
    /// When it was opened, by the clock on the wall and by Tokio's, which tests can turn.
    opened: (Duration, Instant),
}

impl Store {
    // ANCHOR: open
    fn open(file: impl AsRef<Path>) -> Result<Store> {
        let db = Connection::open(file)?;
        db.busy_timeout(LEASE)?; // another process may be writing
        db.pragma_update(None, "journal_mode", "wal")?; // and readers need not wait for it
        db.execute_batch(TABLE)?;
        let wall = SystemTime::now().duration_since(UNIX_EPOCH);
        Ok(Store {
            db: Arc::new(Mutex::new(db)),
            opened: (wall.expect("it is after 1970"), Instant::now()),
        })
    }
    // ANCHOR_END: open

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

    // ANCHOR: claim
    /// Stores a job, and says whether it is new: the same one sent again is known by its id.
    async fn enqueue(&self, id: &str, user: &str) -> Result<bool> {
        let job = [id, user].map(str::to_owned);
        let sql = "INSERT INTO job (id, user, due) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING";
        self.ask(move |db, now| {
            let is_new = db.execute(sql, (&job[0], &job[1], now))? == 1;
            ring(db, now)?; // after the commit: who looks now finds it
            Ok(is_new)
        })
        .await
    }

    /// Leases the job that is due first, if there is one; else the bell at `port` will ring.
    async fn claim(&self, port: u16) -> Result<Option<Lease>> {
        let asked = Instant::now();
        self.ask(move |db, now| {
            let read = |row: &Row| Lease::read(row, asked);
            let step = db.unchecked_transaction()?;
            db.execute(LISTEN, (port, now + 2 * millis(LOOK)))?;
            db.execute(SET_ASIDE, (now, MOST_LOSSES))?;
            let lease = db.query_row(CLAIM, (now, millis(LEASE)), read).optional()?;
            step.commit()?;
            Ok(lease)
        })
        .await
    }

    /// How long it is until a job that waits, or whose lease runs, is due.
    async fn next_due(&self) -> Result<Duration> {
        let sql = "SELECT min(due) FROM job WHERE state IN ('ready', 'running')";
        self.ask(|db, now| {
            let due: Option<i64> = db.query_row(sql, (), |row| row.get(0))?;
            let wait = due.map(|due| u64::try_from(due - now).unwrap_or(0));
            Ok(wait.map_or(Duration::MAX, Duration::from_millis))
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
    use tokio::sync::Notify;

    use super::*;

    /// Two connections to one file, as two processes have them.
    fn two_stores() -> (tempfile::TempDir, Store, Store) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("jobs.db");
        let [ours, theirs] = [&file, &file].map(|file| Store::open(file).unwrap());
        (folder, ours, theirs)
    }

    #[tokio::test(start_paused = true)]
    async fn a_worker_that_waits_is_woken_by_another_process() {
        let (_folder, ours, theirs) = two_stores();
        let bell = Bell::hang().await.unwrap();
        let has_run = Arc::new(Notify::new());
        let run = |_user| {
            let has_run = has_run.clone();
            async move {
                has_run.notify_one();
                Ok(())
            }
        };
        let job = async {
            sleep(LOOK * 3 / 2).await; // half a look before the next one
            let sent = Instant::now();
            ours.enqueue("1", "ada").await.unwrap();
            has_run.notified().await;
            sent.elapsed()
        };
        tokio::select! {
            ended = work(&theirs, &bell, run) => panic!("the worker ended: {ended:?}"),
            waited = job => assert!(waited < LOOK / 10, "it waited {waited:?}"),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_ring_during_the_look_ends_the_wait_after_it() {
        let (_folder, ours, theirs) = two_stores();
        let bell = Bell::hang().await.unwrap();
        bell.forget();
        assert!(theirs.claim(bell.port).await.unwrap().is_none());
        ours.enqueue("1", "ada").await.unwrap();
        assert!(timeout(LOOK, bell.rung()).await.is_ok());
    }

    #[tokio::test]
    async fn a_job_goes_to_one_of_two_processes() {
        let (_folder, ours, theirs) = two_stores();
        ours.enqueue("1", "ada").await.unwrap();
        let leases = tokio::join!(ours.claim(1), theirs.claim(2));
        let leases = [leases.0.unwrap(), leases.1.unwrap()];
        assert_eq!(leases.iter().flatten().count(), 1);
    }
}
// ANCHOR_END: tests
