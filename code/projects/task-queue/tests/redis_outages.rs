//! The real program, and a Redis that goes away in the midst of its work.

use std::time::Duration;

use task_queue::broker::{Enqueued, JobState};
use task_queue::client::ClientError;
use task_queue::http::JobRequest;
use task_queue::job::JobId;
use tokio::time;

use crate::program::{END, Program, job};
use testbed::redis::Redis as Server;

/// How many jobs there are in each of these tests.
const JOBS: usize = 300;

/// The program on a Redis, with jobs that keep it busy for a while, some of which have ended.
async fn busy(server: &Server) -> (Program, Vec<JobId>) {
    let options = ["--lease", "2", "--min-jobs", "8", "--max-jobs", "8"];
    let program = Program::start(&server.url(), &options);
    let jobs: Vec<JobRequest> = (0..JOBS).map(|_| job("sleep", "{\"ms\": 50}")).collect();
    program.client().enqueue(&jobs).await.unwrap();
    while completed(&program).await < 30 {
        time::sleep(Duration::from_millis(10)).await;
    }
    (program, jobs.iter().filter_map(|job| job.id).collect())
}

async fn completed(program: &Program) -> usize {
    let stats = program.client().queues().await.unwrap();
    stats.queues[0].counters.completed as usize
}

/// Waits for the end of a job, as a client does that lives through outages.
async fn completes(program: &Program, id: JobId) {
    let ended = time::timeout(END, async {
        loop {
            match program.client().wait(id, END).await {
                Ok(status) => return status.state,
                Err(error) => assert_code(&error, "unavailable"),
            }
            time::sleep(Duration::from_millis(50)).await;
        }
    });
    assert_eq!(ended.await.expect("it ends"), JobState::Completed);
}

/// Every job completes, as many as were stored, and the program takes jobs as before.
async fn all_complete(program: &Program, jobs: &[JobId]) {
    for &id in jobs {
        completes(program, id).await;
    }
    let client = program.client();
    let all = time::timeout(END, async {
        loop {
            let counters = client.queues().await.unwrap().queues[0].counters;
            // A job that was refused without an answer may be there as well.
            if counters.completed == counters.enqueued {
                return counters.died;
            }
            time::sleep(Duration::from_millis(20)).await;
        }
    });
    assert_eq!(all.await.expect("each is counted"), 0);
    let answer = client.enqueue(&[job("echo", "1")]).await.unwrap();
    assert!(matches!(answer[0], Enqueued::New(_)));
}

async fn refused(program: &Program) -> ClientError {
    program
        .client()
        .enqueue(&[job("echo", "1")])
        .await
        .unwrap_err()
}

async fn ready(program: &Program) -> u16 {
    let url = format!("http://{}/readyz", program.address());
    reqwest::get(url).await.unwrap().status().as_u16()
}

#[track_caller]
fn assert_code(error: &ClientError, expected: &str) {
    match error {
        ClientError::Refused { code, retry, .. } => {
            assert_eq!((code.as_str(), *retry), (expected, true));
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
#[ignore = "needs redis-server"]
async fn killed_with_its_file_and_away_for_two_seconds_it_costs_no_job() {
    let mut server = Server::start(&["--appendonly", "yes", "--appendfsync", "always"]);
    let (program, jobs) = busy(&server).await;
    server.kill();
    time::sleep(Duration::from_secs(2)).await;
    assert_eq!(ready(&program).await, 503);
    server.restart();
    all_complete(&program, &jobs).await;
}

#[tokio::test]
#[ignore = "needs redis-server"]
async fn killed_without_a_file_it_forgets_its_jobs_and_the_program_takes_new_ones() {
    let mut server = Server::start(&[]);
    let (program, jobs) = busy(&server).await;
    server.kill();
    server.restart();
    let client = program.client();
    let id = loop {
        match client.enqueue(&[job("echo", "1")]).await {
            Ok(answer) => break answer[0],
            Err(error) => assert_code(&error, "unavailable"),
        }
        time::sleep(Duration::from_millis(50)).await;
    };
    let Enqueued::New(id) = id else {
        panic!("{id:?}");
    };
    let status = client.wait(id, END).await.unwrap();
    assert_eq!(status.state, JobState::Completed);
    let last = client.inspect(jobs[JOBS - 1]).await.unwrap_err();
    assert!(last.to_string().contains("job"), "{last}");
}

#[tokio::test]
#[ignore = "needs redis-server"]
async fn paused_for_ten_seconds_it_costs_no_job() {
    let server = Server::start(&[]);
    let (program, jobs) = busy(&server).await;
    server.stop();
    let error = time::timeout(Duration::from_secs(10), refused(&program)).await;
    assert_code(&error.expect("an answer within ten seconds"), "unavailable");
    assert_eq!(ready(&program).await, 503);
    time::sleep(Duration::from_secs(3)).await;
    server.go_on();
    all_complete(&program, &jobs).await;
}

#[tokio::test]
#[ignore = "needs redis-server"]
async fn connections_cut_in_mid_load_cost_no_job() {
    let server = Server::start(&[]);
    let (program, jobs) = busy(&server).await;
    for _ in 0..10 {
        let _: i64 = server.command("CLIENT KILL TYPE normal");
        let _: i64 = server.command("CLIENT KILL TYPE pubsub");
        time::sleep(Duration::from_millis(50)).await;
    }
    all_complete(&program, &jobs).await;
}

#[tokio::test]
#[ignore = "needs redis-server"]
async fn as_a_replica_that_takes_no_writes_it_refuses_jobs_and_loses_none() {
    let server = Server::start(&[]);
    let (program, jobs) = busy(&server).await;
    let _: () = server.command("REPLICAOF 127.0.0.1 1");
    assert_code(&refused(&program).await, "unavailable");
    time::sleep(Duration::from_secs(1)).await;
    let _: () = server.command("REPLICAOF NO ONE");
    all_complete(&program, &jobs).await;
}

#[tokio::test]
#[ignore = "needs redis-server"]
async fn without_memory_it_refuses_jobs_and_those_it_has_go_on() {
    let server = Server::start(&[]);
    let (program, jobs) = busy(&server).await;
    let _: () = server.command("CONFIG SET maxmemory 1mb");
    assert_code(&refused(&program).await, "no_room");
    for &id in &jobs {
        completes(&program, id).await;
    }
    let _: () = server.command("CONFIG SET maxmemory 0");
    all_complete(&program, &jobs).await;
}

/// A process that works and one that only serves, for twelve seconds in which nothing happens.
#[tokio::test]
#[ignore = "needs redis-server"]
async fn at_rest_two_processes_ask_hardly_anything() {
    let server = Server::start(&[]);
    let one = Program::start(&server.url(), &[]);
    let _two = Program::start(&server.url(), &["--no-worker"]);
    let id = crate::program::send(&one.client(), job("echo", "1")).await;
    one.client().wait(id, END).await.unwrap();
    time::sleep(Duration::from_secs(2)).await;
    let before = server.commands();
    time::sleep(Duration::from_secs(12)).await;
    let asked = server.commands() - before;
    // It was 17 a second, 204 in all.
    assert!(asked < 75, "{asked}");
}
