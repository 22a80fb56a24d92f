//! The real program, as a child process, and jobs for it.

use std::ops::{Deref, DerefMut};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde_json::value::RawValue;
use task_queue::broker::{AttemptEnd, Enqueued, JobState, JobView};
use task_queue::client::Client;
use task_queue::http::JobRequest;
use task_queue::job::JobId;
use task_queue::name::TaskName;
use testbed::program::{PATIENCE, output, under};

/// The longest that a test waits for a job.
pub const END: Duration = Duration::from_secs(30);

/// What metrics say once a worker has started its first job. A job is leased before that, and if
/// the worker stops in between, it hands the job back.
pub const BEGUN: &str = "taskq_wait_seconds_count{queue=\"default\"} 1";

/// A program that runs; it is killed with this value.
pub struct Program(testbed::program::Program);

impl Program {
    /// Starts it on a port of its own and waits until it listens.
    #[track_caller]
    pub fn start(store: &str, options: &[&str]) -> Self {
        Self::run(listening(store, options))
    }

    /// Starts it from a shell that has run this before, to take something away from it.
    #[track_caller]
    pub fn start_under(shell: &str, store: &str, options: &[&str]) -> Self {
        Self::run(under(shell, &listening(store, options)))
    }

    #[track_caller]
    fn run(command: Command) -> Self {
        // The tests' own: each connection has an end here, too.
        service::raise_file_limit();
        Self(testbed::program::Program::start(command))
    }

    pub fn client(&self) -> Client {
        Client::new(&self.url(""), None).unwrap()
    }

    /// Waits until its metrics have this line.
    pub async fn until_metric(&self, line: &str) {
        until_metric(&self.url("/metrics"), line).await;
    }

    /// Waits until its first job has begun.
    pub async fn until_begun(&self) {
        self.until_metric(BEGUN).await;
    }
}

impl Deref for Program {
    type Target = testbed::program::Program;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl DerefMut for Program {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.0
    }
}

/// Runs it with options that it cannot run with, and returns its status and what it says.
pub fn refused(store: &str, options: &[&str]) -> (Option<i32>, String) {
    let mut command = command(store);
    command.args(options);
    let output = output(command);
    (
        output.status.code(),
        String::from_utf8(output.stderr).unwrap(),
    )
}

/// Waits until these metrics have this line.
pub async fn until_metric(url: &str, line: &str) {
    let mut metrics = String::new();
    for _ in 0..PATIENCE.as_millis() / 50 {
        metrics = reqwest::get(url).await.unwrap().text().await.unwrap();
        if metrics.lines().any(|found| found == line) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("no {line:?} in {metrics}");
}

pub fn sqlite(folder: &Path) -> String {
    format!("sqlite:{}", folder.join("queue.db").display())
}

pub fn job(task: &str, payload: &str) -> JobRequest {
    let payload = RawValue::from_string(payload.to_owned()).unwrap();
    JobRequest {
        id: Some(JobId::new()),
        ..JobRequest::new(TaskName::new(task).unwrap(), Some(payload))
    }
}

/// Enqueues one job that must be new.
pub async fn send(client: &Client, job: JobRequest) -> JobId {
    match client.enqueue(&[job]).await.unwrap()[0] {
        Enqueued::New(id) => id,
        other => panic!("{other:?}"),
    }
}

/// Waits until it is leased; [`Program::until_begun`] tells whether it has begun, too.
pub async fn until_running(client: &Client, id: JobId) {
    for _ in 0..1500 {
        if client.inspect(id).await.unwrap().status.state == JobState::Running {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("{id} does not run");
}

/// How the attempts of a job ended.
pub fn ends(view: &JobView) -> Vec<AttemptEnd> {
    view.attempts.iter().map(|attempt| attempt.end).collect()
}

fn listening(store: &str, options: &[&str]) -> Command {
    let mut command = command(store);
    command.args(["--listen", "127.0.0.1:0"]).args(options);
    command
}

fn command(store: &str) -> Command {
    let mut command = Command::new(program());
    command
        .args(["--store", store])
        .env_remove("RUST_BACKTRACE");
    command
}

/// The one of this checkout, though another with the same target directory may have built the tests.
fn program() -> String {
    let built = "CARGO_BIN_EXE_task-queue";
    std::env::var(built).unwrap_or_else(|_| env!("CARGO_BIN_EXE_task-queue").to_owned())
}
