//! Handlers that take their process along, hang, or are slower than their lease: with real processes.

use task_queue::broker::{AttemptEnd, JobState};

use crate::program::{END, Program, ends, job, send, sqlite, until_running};
use testbed::redis::Redis as Server;

/// A supervisor starts the program again whenever the job takes it along.
async fn a_job_aborts_its_process(store: &str) {
    let mut program = Program::start(store, &["--no-worker"]);
    let poison = send(&program.client(), job("abort", "null")).await;
    let mut others = Vec::new();
    for _ in 0..20 {
        others.push(send(&program.client(), job("echo", "1")).await);
    }
    program.kill();
    let mut aborts = 0;
    let status = loop {
        program = Program::start(store, &["--lease", "0.5"]);
        if let Ok(status) = program.client().wait(poison, END).await {
            break status;
        }
        assert_eq!(program.ended().code(), None);
        aborts += 1;
    };
    assert!(aborts <= 4, "{aborts}");
    let client = program.client();
    assert_eq!(status.state, JobState::Dead);
    assert!(status.error.unwrap().contains("its worker was lost"));
    let view = client.inspect(poison).await.unwrap();
    assert_eq!(ends(&view), [AttemptEnd::Lost; 4]);
    for id in others {
        let status = client.wait(id, END).await.unwrap();
        assert_eq!(status.state, JobState::Completed, "{status:?}");
    }
}

#[tokio::test]
async fn a_job_that_aborts_its_process_is_a_dead_letter_after_four_and_harms_no_other_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    a_job_aborts_its_process(&sqlite(folder.path())).await;
}

#[tokio::test]
#[ignore = "needs redis-server"]
async fn a_job_that_aborts_its_process_is_a_dead_letter_after_four_and_harms_no_other_on_redis() {
    let server = Server::start(&[]);
    a_job_aborts_its_process(&server.url()).await;
}

/// Told to stop, the program gives a handler its deadline and two seconds to obey, and leaves.
async fn a_handler_that_never_ends(task: &str, payload: &str) {
    let folder = tempfile::tempdir().unwrap();
    let store = sqlite(folder.path());
    let mut one = Program::start(&store, &["--drain", "0.2"]);
    let id = send(&one.client(), job(task, payload)).await;
    one.until_begun().await;
    assert_eq!(one.terminated().code(), Some(0));
    let two = Program::start(&store, &["--no-worker"]);
    let view = two.client().inspect(id).await.unwrap();
    assert_eq!((view.status.state, view.failures), (JobState::Ready, 0));
    assert_eq!(ends(&view), [AttemptEnd::Released]);
}

#[tokio::test]
async fn on_sigterm_a_handler_that_hangs_is_dropped_after_the_deadline_and_its_job_handed_back() {
    a_handler_that_never_ends("hang", "null").await;
}

#[tokio::test]
async fn on_sigterm_a_thread_that_does_not_stop_is_left_behind_and_its_job_handed_back() {
    a_handler_that_never_ends("stick", "{\"ms\": 600000}").await;
}

#[tokio::test]
async fn a_handler_that_hangs_is_ended_by_its_timeout_and_is_a_dead_letter() {
    let folder = tempfile::tempdir().unwrap();
    let program = Program::start(&sqlite(folder.path()), &[]);
    let client = program.client();
    for (task, payload) in [("hang", "null"), ("stick", "{\"ms\": 600000}")] {
        let mut hangs = job(task, payload);
        (hangs.timeout_ms, hangs.max_attempts) = (Some(100), Some(1));
        let id = send(&client, hangs).await;
        let status = client.wait(id, END).await.unwrap();
        assert_eq!(status.state, JobState::Dead);
        assert_eq!(status.error.as_deref(), Some("ran for longer than 100ms"));
    }
    let id = send(&client, job("echo", "1")).await;
    let status = client.wait(id, END).await.unwrap();
    assert_eq!(status.state, JobState::Completed);
}

#[tokio::test]
async fn a_handler_slower_than_its_lease_runs_once() {
    let folder = tempfile::tempdir().unwrap();
    let store = sqlite(folder.path());
    let one = Program::start(&store, &["--lease", "1"]);
    let id = send(&one.client(), job("sleep", "{\"ms\": 3000}")).await;
    let _two = Program::start(&store, &["--lease", "1"]);
    let status = one.client().wait(id, END).await.unwrap();
    assert_eq!(status.state, JobState::Completed);
    let view = one.client().inspect(id).await.unwrap();
    assert_eq!(ends(&view), [AttemptEnd::Completed]);
}

/// A process that stands still sends no heartbeats; when it goes on, its job is someone else's.
async fn a_process_stands_still(store: &str) {
    let one = Program::start(store, &["--lease", "0.5"]);
    let id = send(&one.client(), job("sleep", "{\"ms\": 1000}")).await;
    until_running(&one.client(), id).await;
    let two = Program::start(store, &["--lease", "0.5"]);
    one.stop();
    let status = two.client().wait(id, END).await.unwrap();
    assert_eq!(status.state, JobState::Completed);
    let before = two.client().inspect(id).await.unwrap();
    assert_eq!(ends(&before), [AttemptEnd::Lost, AttemptEnd::Completed]);
    one.go_on();
    one.until_metric("taskq_leases_lost_total 1").await;
    let after = two.client().inspect(id).await.unwrap();
    assert_eq!(after.attempts, before.attempts);
    // And it is a worker like any other again.
    let id = send(&one.client(), job("echo", "1")).await;
    let status = one.client().wait(id, END).await.unwrap();
    assert_eq!(status.state, JobState::Completed);
}

#[tokio::test]
async fn a_process_that_stood_still_beyond_its_lease_cannot_end_the_job_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    // Stopped within a commit, it would hold the file's lock; without fsync, commits are short.
    let store = format!("{}?sync=normal", sqlite(folder.path()));
    a_process_stands_still(&store).await;
}

#[tokio::test]
#[ignore = "needs redis-server"]
async fn a_process_that_stood_still_beyond_its_lease_cannot_end_the_job_on_redis() {
    let server = Server::start(&[]);
    a_process_stands_still(&server.url()).await;
}
