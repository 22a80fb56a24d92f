//! Handlers that take their process along, hang, or are slower than their lease: with real processes.

use task_queue::broker::{AttemptEnd, JobState};

use crate::program::{END, Program, ends, job, send, sqlite};
use crate::stores::Server;

/// A supervisor starts the program again whenever the job takes it along.
async fn a_job_aborts_its_process(store: &str) {
    let client = |program: &Program| program.client();
    let mut program = Program::start(store, &["--no-worker"]);
    let poison = send(&client(&program), job("abort", "null")).await;
    let mut others = Vec::new();
    for _ in 0..20 {
        others.push(send(&client(&program), job("echo", "1")).await);
    }
    program.kill();
    for _ in 0..4 {
        program = Program::start(store, &["--lease", "0.2"]);
        assert_eq!(program.ended().code(), None);
    }
    program = Program::start(store, &["--lease", "0.2"]);
    let client = program.client();
    let status = client.wait(poison, END).await.unwrap();
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
