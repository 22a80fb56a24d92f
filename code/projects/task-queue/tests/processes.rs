//! The real program, killed, stopped and started wrongly.

use std::net::TcpListener;
use std::time::Duration;

use task_queue::broker::{AttemptEnd, Enqueued, JobState};
use task_queue::http::JobRequest;
use tokio::sync::watch;

use crate::program::{END, Program, job, refused, send, sqlite, until_running};
use testbed::redis::Redis as Server;

/// Kills the worker of a job with -9; another one on the same store ends the job.
async fn a_killed_worker_is_replaced(store: &str) {
    let mut one = Program::start(store, &["--lease", "0.5"]);
    let id = send(&one.client(), job("sleep", "{\"ms\": 700}")).await;
    until_running(&one.client(), id).await;
    let two = Program::start(store, &["--lease", "0.5"]);
    one.kill();
    let status = two.client().wait(id, END).await.unwrap();
    assert_eq!(status.state, JobState::Completed);
    let view = two.client().inspect(id).await.unwrap();
    let ends: Vec<AttemptEnd> = view.attempts.iter().map(|attempt| attempt.end).collect();
    assert_eq!(ends, [AttemptEnd::Lost, AttemptEnd::Completed]);
    assert_eq!((view.failures, view.recoveries), (0, 1));
}

#[tokio::test]
async fn the_jobs_of_a_worker_that_was_killed_end_elsewhere() {
    let folder = tempfile::tempdir().unwrap();
    a_killed_worker_is_replaced(&sqlite(folder.path())).await;
}

#[tokio::test]
#[ignore = "needs redis-server"]
async fn the_jobs_of_a_worker_that_was_killed_end_elsewhere_on_redis() {
    let server = Server::start(&[]);
    a_killed_worker_is_replaced(&server.url()).await;
}

/// Kills one of two workers with -9 in the midst of 400 jobs; the other recovers what it held.
async fn a_worker_is_killed_in_mid_load(store: &str) {
    let options = ["--lease", "2", "--max-jobs", "8"];
    let (mut one, two) = (
        Program::start(store, &options),
        Program::start(store, &options),
    );
    let client = two.client();
    let jobs: Vec<JobRequest> = (0..400).map(|_| job("sleep", "{\"ms\": 30}")).collect();
    // A process hears at once of the jobs that it was sent itself.
    one.client().enqueue(&jobs).await.unwrap();
    while client.queues().await.unwrap().queues[0].counters.completed < 160 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let killed = client.queues().await.unwrap().at;
    one.kill();
    let mut lost = 0;
    for id in jobs.iter().filter_map(|job| job.id) {
        let status = client.wait(id, END).await.unwrap();
        assert_eq!(status.state, JobState::Completed);
        let view = client.inspect(id).await.unwrap();
        for attempt in view
            .attempts
            .iter()
            .filter(|past| past.end == AttemptEnd::Lost)
        {
            lost += 1;
            let recovered = attempt.ended_at.unwrap().0 - killed.0;
            // On a machine that stands still for a lease, the other worker loses jobs as well.
            if attempt.started_at <= killed {
                assert!(recovered <= 4000, "{recovered} ms, two leases are 4000");
            }
        }
    }
    // It ran up to 8, and held besides what had ended and was not yet told to the store.
    assert!(lost >= 1, "nothing was lost");
    let counters = client.queues().await.unwrap().queues[0].counters;
    assert_eq!((counters.completed, counters.recovered), (400, lost));
}

#[tokio::test]
async fn of_400_jobs_all_complete_once_and_are_recovered_within_two_leases_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    a_worker_is_killed_in_mid_load(&sqlite(folder.path())).await;
}

#[tokio::test]
#[ignore = "needs redis-server"]
async fn of_400_jobs_all_complete_once_and_are_recovered_within_two_leases_on_redis() {
    let server = Server::start(&[]);
    a_worker_is_killed_in_mid_load(&server.url()).await;
}

#[tokio::test]
async fn a_server_killed_in_mid_enqueue_has_every_job_that_it_answered() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = Program::start(&sqlite(folder.path()), &["--no-worker"]);
    let client = server.client();
    let (answers, mut answer) = watch::channel(());
    let sending = tokio::spawn(async move {
        let mut answered = Vec::new();
        loop {
            let jobs: Vec<JobRequest> = (0..20).map(|_| job("echo", "1")).collect();
            match client.enqueue(&jobs).await {
                Ok(enqueued) => answered.extend(enqueued),
                Err(_) => return answered,
            }
            answers.send_replace(());
        }
    });
    answer.changed().await.expect("an answer");
    tokio::time::sleep(Duration::from_millis(300)).await;
    server.kill();
    let answered = sending.await.unwrap();
    assert!(!answered.is_empty());

    let server = Program::start(&sqlite(folder.path()), &["--no-worker"]);
    for enqueued in &answered {
        let Enqueued::New(id) = *enqueued else {
            panic!("{enqueued:?}");
        };
        let view = server.client().inspect(id).await.unwrap();
        assert_eq!(view.status.state, JobState::Ready);
    }
    // A batch whose answer was lost may be there as well, and whole.
    let stats = server.client().queues().await.unwrap();
    let depth = stats.queues[0].depth();
    let known = answered.len() as u64;
    assert!(depth == known || depth == known + 20, "{depth} of {known}");
}

#[tokio::test]
async fn on_sigterm_a_running_job_is_let_end() {
    let folder = tempfile::tempdir().unwrap();
    let store = sqlite(folder.path());
    let mut one = Program::start(&store, &[]);
    let id = send(&one.client(), job("sleep", "{\"ms\": 500}")).await;
    one.until_begun().await;
    assert_eq!(one.terminated().code(), Some(0));
    let two = Program::start(&store, &["--no-worker"]);
    let view = two.client().inspect(id).await.unwrap();
    assert_eq!(view.status.state, JobState::Completed);
}

#[tokio::test]
async fn what_does_not_end_in_time_is_handed_back_and_no_attempt_is_counted() {
    let folder = tempfile::tempdir().unwrap();
    let store = sqlite(folder.path());
    let mut one = Program::start(&store, &["--drain", "0.1"]);
    let id = send(&one.client(), job("sleep", "{\"ms\": 600000}")).await;
    one.until_begun().await;
    assert_eq!(one.terminated().code(), Some(0));
    let two = Program::start(&store, &["--no-worker"]);
    let view = two.client().inspect(id).await.unwrap();
    assert_eq!((view.status.state, view.failures), (JobState::Ready, 0));
    assert_eq!(view.attempts[0].end, AttemptEnd::Released);
}

#[tokio::test]
async fn a_handler_that_panics_takes_nobody_along() {
    let folder = tempfile::tempdir().unwrap();
    let program = Program::start(&sqlite(folder.path()), &[]);
    let client = program.client();
    let mut panics = job("panic", "\"ouch\"");
    panics.max_attempts = Some(1);
    let (bad, good) = (
        send(&client, panics).await,
        send(&client, job("echo", "1")).await,
    );
    let status = client.wait(bad, END).await.unwrap();
    assert_eq!(status.state, JobState::Dead);
    assert!(status.error.unwrap().contains("ouch"));
    let status = client.wait(good, END).await.unwrap();
    assert_eq!(status.state, JobState::Completed);
}

#[tokio::test]
async fn thirty_thousand_waiting_jobs_are_not_in_the_memory_of_the_program() {
    let folder = tempfile::tempdir().unwrap();
    let store = format!("{}?sync=normal", sqlite(folder.path()));
    let program = Program::start(&store, &["--no-worker"]);
    let client = program.client();
    let payload = format!("\"{}\"", "x".repeat(1000));
    let mut first = 0;
    for batch in 0..30 {
        let jobs: Vec<JobRequest> = (0..1000).map(|_| job("echo", &payload)).collect();
        client.enqueue(&jobs).await.unwrap();
        if batch == 4 {
            first = program.memory();
        }
    }
    let stats = client.queues().await.unwrap();
    assert_eq!(stats.queues[0].depth(), 30_000);
    // 25 MB of payloads came after the first look.
    let more = program.memory().saturating_sub(first);
    assert!(more < 12_000_000, "{more} more than {first}");
}

#[test]
fn options_that_cannot_work_are_refused_with_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let store = sqlite(folder.path());
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap().to_string();
    for (store, options, expected) in [
        ("mysql:x", vec![], "--store"),
        (
            "sqlite:/nowhere/at/all.db",
            vec!["--listen", "127.0.0.1:0"],
            "error: cannot open sqlite:/nowhere/at/all.db: ",
        ),
        (
            "redis://127.0.0.1:9",
            vec!["--listen", "127.0.0.1:0"],
            "error: cannot open redis://127.0.0.1:9: ",
        ),
        (&store, vec!["--listen", "0.0.0.0:0"], "give a --token"),
        (&store, vec!["--token", "short"], "--token"),
        (
            &store,
            vec!["--listen", &taken],
            "cannot listen on 127.0.0.1:",
        ),
        (
            &store,
            vec!["--log", "task_queue=loud", "--listen", &taken],
            "--log: ",
        ),
        (
            &store,
            vec!["--lease", "0", "--listen", "127.0.0.1:0"],
            "--lease",
        ),
    ] {
        let (code, said) = refused(store, &options);
        let is_option = expected.starts_with("--") && !expected.ends_with(' ');
        assert_eq!(code, Some(if is_option { 2 } else { 1 }), "{said}");
        // The first thing that it says: no one is greeted before.
        assert!(
            said.starts_with("error: ") && said.contains(expected),
            "{said}"
        );
    }
    let made = folder.path().read_dir().unwrap().count();
    assert_eq!(made, 0, "a store is made before there is a port");
}
