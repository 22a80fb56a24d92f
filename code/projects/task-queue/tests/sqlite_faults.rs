//! What can go wrong with a file.

use std::fs::OpenOptions;
use std::os::unix::fs::FileExt;
use std::path::Path;

use task_queue::broker::sqlite::{SqliteBroker, Sync};
use task_queue::broker::{Broker, JobState, Leases};
use task_queue::client::{Client, ClientError};
use task_queue::error::BrokerError;
use task_queue::job::JobId;

use crate::program::{self, END, Program};
use crate::stores::{Sqlite, Store};
use crate::support::*;

async fn open(path: &Path) -> Result<SqliteBroker, BrokerError> {
    SqliteBroker::open(path, Sync::Full, OPTIONS).await
}

#[tokio::test]
async fn a_file_that_is_no_database_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("letter.txt");
    let text = "Dear all, this is not a database.\n".repeat(100);
    std::fs::write(&path, &text).unwrap();
    let error = open(&path).await.err().unwrap();
    assert!(matches!(error, BrokerError::Damaged { .. }), "{error}");
    assert!(!error.is_transient());
    assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
}

#[tokio::test]
async fn a_folder_that_is_not_there_is_named() {
    let error = open(Path::new("/nowhere/at/all/queue.db"))
        .await
        .err()
        .unwrap();
    assert!(error.to_string().contains("/nowhere/at/all"), "{error}");
}

#[tokio::test]
async fn two_brokers_on_one_file_share_its_jobs() {
    let store = Sqlite::open(OPTIONS).await;
    let (one, two) = (
        open(&store.path).await.unwrap(),
        open(&store.path).await.unwrap(),
    );
    let first = send(&one, job("1")).await;
    let second = send(&two, job("2")).await;
    let lease = claim_one(&two).await;
    assert_eq!(lease.key.job, first);
    assert_eq!(claim_one(&one).await.key.job, second);
    assert!(claim(&one, 1).await.is_empty());
    finish(&one, lease.key, done()).await;
    assert_eq!(state(&two, first).await, Some(JobState::Completed));
}

#[tokio::test]
async fn what_was_answered_is_there_after_the_file_is_opened_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("queue.db");
    let broker = open(&path).await.unwrap();
    let id = send(&broker, job("1")).await;
    drop(broker);
    let broker = open(&path).await.unwrap();
    assert_eq!(broker.inspect(id).await.unwrap().unwrap().payload, "1");
}

/// A file of many jobs, all of it in one file, and then random bytes in place of all its pages but
/// the first few.
async fn damaged(path: &Path) {
    let broker = open(path).await.unwrap();
    for _ in 0..20 {
        broker
            .enqueue((0..100).map(|n| job(&n.to_string())).collect())
            .await
            .unwrap();
    }
    broker.close().await.unwrap();
    let file = OpenOptions::new().write(true).open(path).unwrap();
    let length = file.metadata().unwrap().len();
    assert!(length > 200_000, "{length}");
    let noise: Vec<u8> = (0..4096_u32).map(|n| (n * 31 % 251) as u8).collect();
    for page in 24..length / 4096 {
        file.write_all_at(&noise, page * 4096).unwrap();
    }
}

#[tokio::test]
async fn a_file_with_broken_pages_is_reported_and_panics_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("queue.db");
    damaged(&path).await;
    let broker = open(&path).await.unwrap();
    let mut errors = Vec::new();
    for _ in 0..30 {
        let batch = (0..100).map(|n| job(&n.to_string())).collect();
        errors.extend(broker.claim(wish(100)).await.err());
        errors.extend(broker.enqueue(batch).await.err());
        errors.extend(broker.upkeep(100).await.err());
    }
    assert!(!errors.is_empty());
    for error in errors {
        assert!(matches!(error, BrokerError::Damaged { .. }), "{error}");
    }
}

#[tokio::test]
async fn a_file_that_was_cut_off_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("queue.db");
    damaged(&path).await;
    let file = OpenOptions::new().write(true).open(&path).unwrap();
    file.set_len(6000).unwrap();
    let error = match open(&path).await {
        Ok(broker) => broker.enqueue(vec![job("1")]).await.unwrap_err(),
        Err(error) => error,
    };
    assert!(matches!(error, BrokerError::Damaged { .. }), "{error}");
}

/// What a crash leaves: the log ends in the middle of a transaction.
#[tokio::test]
async fn a_log_that_ends_in_noise_loses_nothing_that_was_answered() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("queue.db");
    let broker = open(&path).await.unwrap();
    let id = send(&broker, job("1")).await;
    // The files of a process that has been killed, as the next one finds them.
    let crashed = folder.path().join("crashed.db");
    std::fs::copy(&path, &crashed).unwrap();
    let log = folder.path().join("crashed.db-wal");
    std::fs::copy(folder.path().join("queue.db-wal"), &log).unwrap();
    let file = OpenOptions::new().write(true).open(&log).unwrap();
    let end = file.metadata().unwrap().len();
    file.write_all_at(&[7; 5000], end).unwrap();
    let broker = open(&crashed).await.unwrap();
    assert_eq!(state(&broker, id).await, Some(JobState::Ready));
    send(&broker, job("2")).await;
    assert_eq!(payloads(&broker, 2).await, ["1", "2"]);
}

#[tokio::test]
async fn a_file_that_another_program_has_locked_is_an_outage_that_passes() {
    let store = Sqlite::open(OPTIONS).await;
    let other = rusqlite::Connection::open(&store.path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let error = store.broker().enqueue(vec![job("1")]).await.unwrap_err();
    assert!(matches!(error, BrokerError::Unavailable { .. }), "{error}");
    other.execute_batch("ROLLBACK").unwrap();
    send(&store.broker(), job("2")).await;
    assert_eq!(payloads(&store.broker(), 9).await, ["2"]);
}

/// Sends large jobs until one is refused; answers those that were taken, and why one was not.
async fn fill(client: &Client) -> (Vec<JobId>, ClientError) {
    let payload = format!("\"{}\"", "x".repeat(100_000));
    let mut taken = Vec::new();
    for _ in 0..1000 {
        let job = program::job("echo", &payload);
        let id = job.id.unwrap();
        match client.enqueue(&[job]).await {
            Ok(_) => taken.push(id),
            Err(error) => return (taken, error),
        }
    }
    panic!("there is room for a thousand");
}

async fn all_ready(client: &Client, jobs: &[JobId]) {
    for &id in jobs {
        let view = client.inspect(id).await.unwrap();
        assert_eq!(view.status.state, JobState::Ready);
    }
}

/// A limit for the size of a file, in blocks of 512 bytes: the system refuses to write on.
#[tokio::test]
async fn a_file_that_may_not_grow_is_an_outage_and_has_every_job_that_was_answered() {
    let folder = tempfile::tempdir().unwrap();
    let store = program::sqlite(folder.path());
    let small = "trap '' XFSZ; ulimit -f 2000";
    let mut limited = Program::start_under(small, &store, &["--no-worker"]);
    let (taken, error) = fill(&limited.client()).await;
    assert!(!taken.is_empty());
    let transient = matches!(error, ClientError::Refused { retry: true, .. });
    assert!(transient, "{error:?}");
    all_ready(&limited.client(), &taken).await;
    limited.kill();

    let program = Program::start(&store, &[]);
    for id in taken {
        let status = program.client().wait(id, END).await.unwrap();
        assert_eq!(status.state, JobState::Completed);
    }
}

/// How to start a program that may mount: as root, or as a user who is root of a namespace of its
/// own. `None` where the system lets nobody do so, as in some containers.
fn own_mounts() -> Option<&'static str> {
    ["-m", "-Urm"].into_iter().find(|flags| {
        let mount = "mount -t tmpfs tmpfs /tmp";
        let tried = std::process::Command::new("unshare")
            .args([flags, "sh", "-c", mount])
            .output();
        tried.is_ok_and(|output| output.status.success())
    })
}

/// A real disk, of 3 MB, that only this program sees.
#[tokio::test]
#[ignore = "needs the right to mount in a namespace of one's own"]
async fn a_full_disk_refuses_jobs_and_takes_them_again_when_there_is_room() {
    let Some(flags) = own_mounts() else {
        eprintln!("passed over: this system lets nobody mount");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let disk = folder.path().display();
    let mount = format!(
        "mount -t tmpfs -o size=3m tmpfs {disk}; head -c 1500000 /dev/zero >{disk}/ballast"
    );
    let shell = format!("exec unshare {flags} sh -c '{mount}; exec \"$0\" \"$@\"' \"$0\" \"$@\"");
    let store = program::sqlite(folder.path());
    let program = Program::start_under(&shell, &store, &["--no-worker"]);
    let client = program.client();
    let (taken, error) = fill(&client).await;
    let ClientError::Refused { code, retry, .. } = &error else {
        panic!("{error:?}");
    };
    assert_eq!(
        (code.as_str(), *retry, taken.is_empty()),
        ("no_room", true, false)
    );
    all_ready(&client, &taken).await;

    std::fs::remove_file(program.sees(&folder.path().join("ballast"))).unwrap();
    let id = program::send(&client, program::job("echo", "1")).await;
    all_ready(&client, &[taken, vec![id]].concat()).await;
}

/// Stopped, copied, opened: what a backup or a move to another machine does.
#[tokio::test]
async fn after_a_clean_stop_the_file_alone_holds_everything() {
    let (folder, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut program = Program::start(&program::sqlite(folder.path()), &[]);
    let mut later = program::job("echo", "1");
    later.delay_ms = Some(3_600_000);
    let id = program::send(&program.client(), later).await;
    assert_eq!(program.terminated().code(), Some(0));
    let files = std::fs::read_dir(folder.path()).unwrap();
    assert_eq!(files.count(), 1);
    let copy = elsewhere.path().join("queue.db");
    std::fs::copy(folder.path().join("queue.db"), &copy).unwrap();
    let program = Program::start(&program::sqlite(elsewhere.path()), &["--no-worker"]);
    let view = program.client().inspect(id).await.unwrap();
    assert_eq!(view.status.state, JobState::Delayed);
}

#[tokio::test]
async fn a_store_that_is_closed_leaves_its_log_empty_while_another_has_the_file_open() {
    let store = Sqlite::open(OPTIONS).await;
    let other = rusqlite::Connection::open(&store.path).unwrap();
    send(&store.broker(), job("1")).await;
    let count = other.query_row("SELECT count(*) FROM jobs", (), |row| row.get(0));
    assert_eq!(count, Ok(1));
    store.broker().close().await.unwrap();
    let log = std::fs::metadata(store.path.with_extension("db-wal"));
    assert_eq!(log.unwrap().len(), 0);
}

#[tokio::test]
async fn a_log_that_a_reader_held_is_cut_down_afterwards() {
    let store = Sqlite::open(OPTIONS).await;
    let log = || {
        std::fs::metadata(store.path.with_extension("db-wal"))
            .unwrap()
            .len()
    };
    let fill = async || {
        for _ in 0..40 {
            let jobs = (0..4).map(|_| job(&"x".repeat(100_000)));
            store.broker().enqueue(jobs.collect()).await.unwrap();
        }
    };
    let reader = rusqlite::Connection::open(&store.path).unwrap();
    reader
        .execute_batch("BEGIN; SELECT count(*) FROM jobs")
        .unwrap();
    fill().await;
    assert!(log() > 12 << 20, "{}", log());
    reader.execute_batch("COMMIT").unwrap();
    fill().await;
    assert!(log() <= 9 << 20, "{}", log());
}

#[tokio::test]
async fn a_closed_store_answers_what_was_asked_before_and_nothing_more() {
    let store = Sqlite::open(OPTIONS).await;
    let broker = store.broker();
    let sent = (0..50).map(|_| broker.enqueue(vec![job("1")]));
    let (sent, closed) = tokio::join!(futures::future::join_all(sent), broker.close());
    closed.unwrap();
    assert!(sent.iter().all(Result::is_ok), "{sent:?}");
    let error = broker.enqueue(vec![job("1")]).await.unwrap_err();
    assert_eq!(error, BrokerError::Closed);
    assert_eq!(broker.stats().await.unwrap_err(), BrokerError::Closed);
}
