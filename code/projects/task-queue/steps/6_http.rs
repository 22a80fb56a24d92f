// ANCHOR: head
//! Step 6: jobs come over HTTP, and the program stops in order.
//!
//! ```console
//! $ cargo run -p task-queue --example task-queue-6-http
//! $ cargo run -p task-queue --example task-queue-6-http jobs.db    # until Ctrl-C
//! ```

use std::net::{Ipv4Addr, UdpSocket as Clapper};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::extract::{Path as Id, State};
use axum::http::StatusCode;
use axum::routing::put;
use axum::{Json, Router};
use rusqlite::{Connection, OptionalExtension, Result, Row};
use serde::{Deserialize, Serialize};
use tokio::net::{TcpListener, UdpSocket};
use tokio::task::{JoinSet, spawn_blocking};
use tokio::time::{Instant, sleep, timeout, timeout_at};
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

/// How long a worker may keep a job without a word to the store.
const LEASE: Duration = Duration::from_secs(2);
/// How often a worker without a job looks for one, if no bell rings.
const LOOK: Duration = Duration::from_secs(5);
/// How many jobs run at once.
const SLOTS: usize = 4;
/// How long running jobs have to end after the program was told to stop.
const DRAIN: Duration = Duration::from_secs(2);
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

/// A worker's bell, which is forgotten unless its worker looks again.
const LISTEN: &str = "
    INSERT INTO bell (port, until) VALUES (?1, ?2)
    ON CONFLICT (port) DO UPDATE SET until = excluded.until";

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
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let jobs = format!("http://{}/jobs", listener.local_addr()?);
    println!("jobs are taken at {jobs}");
    let stop = CancellationToken::new();
    if let Some(file) = std::env::args().nth(1) {
        tokio::spawn(told_to_stop(stop.clone()));
        return serve(listener, Store::open(file)?, stop).await;
    }
    let folder = tempfile::tempdir()?;
    let store = Store::open(folder.path().join("jobs.db"))?;
    let server = tokio::spawn(serve(listener, store.clone(), stop.clone()));
    let client = reqwest::Client::builder().no_proxy().build()?;
    for user in [
        "ada@shop.example",
        "grace@slow.example",
        "mary@shop.example",
    ] {
        let job = client.put(format!("{jobs}/{user}"));
        let answer = job.json(&NewJob { user: user.into() }).send().await?;
        println!("{user}: {}", answer.status());
    }
    sleep(MAIL / 2).await;
    println!("told to stop");
    stop.cancel();
    server.await??;
    println!("for the next process: {} jobs", store.left().await?);
    Ok(())
}

/// Ctrl-C, or what a rollout sends.
async fn told_to_stop(stop: CancellationToken) -> std::io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        pressed = tokio::signal::ctrl_c() => pressed?,
        _ = terminate.recv() => {}
    }
    stop.cancel();
    Ok(())
}
// ANCHOR_END: main

// ANCHOR: serve
/// Takes jobs and runs them until `stop`. The workers stop first, so that whoever waits for a
/// job still hears how it ended.
async fn serve(listener: TcpListener, store: Store, stop: CancellationToken) -> anyhow::Result<()> {
    let last_answer = CancellationToken::new();
    let http = axum::serve(listener, api(store.clone()))
        .with_graceful_shutdown(last_answer.clone().cancelled_owned());
    let http = tokio::spawn(http.into_future());
    let mut workers = JoinSet::new();
    for _slot in 0..SLOTS {
        let (store, stop) = (store.clone(), stop.clone());
        workers.spawn(async move {
            let bell = Bell::hang().await?;
            anyhow::Ok(work(&store, &bell, send_mail, &stop).await?)
        });
    }
    while let Some(worker) = workers.join_next().await {
        worker??;
    }
    last_answer.cancel();
    Ok(http.await??)
}
// ANCHOR_END: serve

// ANCHOR: api
/// What stands in the body of a job.
#[derive(Serialize, Deserialize)]
struct NewJob {
    user: String,
}

/// Where a job is.
#[derive(Serialize)]
struct Status {
    state: String,
    attempts: u32,
    error: Option<String>,
}

fn api(store: Store) -> Router {
    let job = put(put_job).get(get_job);
    Router::new().route("/jobs/{id}", job).with_state(store)
}

/// 201 for a new job, 200 for one that is known: a sender who heard no answer sends it again.
async fn put_job(
    State(store): State<Store>,
    Id(id): Id<String>,
    Json(job): Json<NewJob>,
) -> Result<StatusCode, StatusCode> {
    match store.enqueue(&id, &job.user).await {
        Ok(true) => Ok(StatusCode::CREATED),
        Ok(false) => Ok(StatusCode::OK),
        Err(error) => Err(broken(&error)),
    }
}

async fn get_job(
    State(store): State<Store>,
    Id(id): Id<String>,
) -> Result<Json<Status>, StatusCode> {
    let status = store.status(id).await.map_err(|error| broken(&error))?;
    status.map(Json).ok_or(StatusCode::NOT_FOUND)
}

fn broken(error: &rusqlite::Error) -> StatusCode {
    println!("the store failed: {error}");
    StatusCode::SERVICE_UNAVAILABLE
}
// ANCHOR_END: api

/// How an attempt failed.
#[derive(Debug)]
enum Failure {
    /// It may succeed later.
    Later(String),
    /// It never will.
    Never(String),
}

// ANCHOR: work
/// Runs jobs until `stop`, and waits for the bell while there is none.
async fn work<F>(
    store: &Store,
    bell: &Bell,
    run: impl Fn(String) -> F,
    stop: &CancellationToken,
) -> Result<()>
where
    F: Future<Output = Result<(), Failure>> + Send + 'static,
{
    while !stop.is_cancelled() {
        bell.forget(); // before the look: what rings during it ends the wait
        let Some(lease) = store.claim(bell.port).await? else {
            let next = store.next_due().await?;
            let bell = timeout(next.min(LOOK), bell.rung());
            let _ = stop.run_until_cancelled(bell).await;
            continue;
        };
        let is_ours = tokio::select! {
            ended = attempt(run(lease.user.clone())) => match ended {
                Ok(()) => store.complete(&lease).await?,
                Err(failure) => store.fail(&lease, failure).await?,
            },
            () = keep(store, &lease) => false,
            () = over(stop) => store.release(&lease).await?,
        };
        if !is_ours {
            println!("{}: too late, another worker has it", lease.user);
        }
    }
    Ok(())
}

/// Waits until the time to end is over.
async fn over(stop: &CancellationToken) {
    stop.cancelled().await;
    sleep(DRAIN).await;
}
// ANCHOR_END: work

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

// ANCHOR: mail
async fn send_mail(user: String) -> Result<(), Failure> {
    let is_slow = user.ends_with("slow.example");
    sleep(if is_slow { MAIL * 100 } else { MAIL }).await;
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

    // ANCHOR: release
    /// Hands a job back, first in line and without a failure counted; says whether the lease was
    /// still its newest.
    async fn release(&self, lease: &Lease) -> Result<bool> {
        let sql = "UPDATE job SET state = 'ready', due = 0
            WHERE id = ?1 AND token = ?2 AND state = 'running'";
        let Lease { id, token, .. } = lease.clone();
        self.ask(move |db, now| {
            let is_ours = db.execute(sql, (id, token))? == 1;
            ring(db, now)?; // another process may take it
            Ok(is_ours)
        })
        .await
    }

    /// Where a job is, if it is known.
    async fn status(&self, id: String) -> Result<Option<Status>> {
        let sql = "SELECT state, attempts, error FROM job WHERE id = ?1";
        self.ask(move |db, _| {
            let read = |row: &Row| {
                let (state, attempts, error) = row.try_into()?;
                Ok(Status {
                    state,
                    attempts,
                    error,
                })
            };
            db.query_row(sql, [id], read).optional()
        })
        .await
    }
    // ANCHOR_END: release

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
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_worker_that_stops_ends_what_it_can_and_hands_back_the_rest() {
        let store = Store::open(":memory:").unwrap();
        for user in ["brief", "long"] {
            store.enqueue(user, user).await.unwrap();
        }
        let run = |user: String| async move {
            let is_long = user == "long";
            sleep(if is_long { DRAIN * 100 } else { DRAIN / 2 }).await;
            Ok(())
        };
        let (one, two) = (Bell::hang().await.unwrap(), Bell::hang().await.unwrap());
        let stop = CancellationToken::new();
        let signal = async {
            sleep(DRAIN / 10).await;
            stop.cancel();
            Ok(())
        };
        let start = Instant::now();
        let workers = [
            work(&store, &one, run, &stop),
            work(&store, &two, run, &stop),
        ];
        let [first, second] = workers;
        tokio::try_join!(first, second, signal).unwrap();
        assert!(start.elapsed() < DRAIN * 2);
        let brief = store.status("brief".into()).await.unwrap().unwrap();
        assert_eq!(brief.state, "done");
        let long = store
            .claim(1)
            .await
            .unwrap()
            .expect("it waits for no lease");
        assert_eq!((long.id.as_str(), long.attempts), ("long", 0));
    }

    #[tokio::test]
    async fn a_job_that_is_sent_twice_is_stored_once() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let job = format!("http://{}/jobs/17", listener.local_addr().unwrap());
        let (store, stop) = (Store::open(":memory:").unwrap(), CancellationToken::new());
        let server = tokio::spawn(serve(listener, store.clone(), stop.clone()));
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let mut answers = vec![client.get(&job).send().await.unwrap().status()];
        for _sent in 0..2 {
            let user = "ada@shop.example".to_owned();
            let sent = client.put(&job).json(&NewJob { user }).send().await;
            answers.push(sent.unwrap().status());
        }
        assert_eq!(answers, [404, 201, 200]);
        stop.cancel();
        server.await.unwrap().unwrap();
    }
}
// ANCHOR_END: tests
