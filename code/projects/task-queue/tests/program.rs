//! The real program, as a child process, and jobs for it.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use serde_json::value::RawValue;
use task_queue::broker::{AttemptEnd, Enqueued, JobState, JobView};
use task_queue::client::Client;
use task_queue::http::JobRequest;
use task_queue::job::JobId;
use task_queue::name::TaskName;
use task_queue::server;

/// The longest that a test waits for a job.
pub const END: Duration = Duration::from_secs(30);
/// The longest that a test waits for a program to begin or to end.
const PATIENCE: Duration = Duration::from_secs(30);

/// A program that runs; it is killed with this value.
pub struct Program {
    process: Child,
    pub address: String,
}

impl Program {
    /// Starts it on a port of its own and waits until it listens.
    pub fn start(store: &str, options: &[&str]) -> Self {
        Self::run(command(store), options)
    }

    /// Starts it from a shell that has run this before, to take something away from it.
    pub fn start_under(shell: &str, store: &str, options: &[&str]) -> Self {
        let mut command = Command::new("sh");
        command
            .args(["-c", &format!("{shell}; exec \"$0\" \"$@\"")])
            .arg(program())
            .args(["--store", store]);
        Self::run(command, options)
    }

    fn run(mut command: Command, options: &[&str]) -> Self {
        // The tests' own: each connection has an end here, too.
        server::raise_file_limit();
        let mut process = command
            .args(["--listen", "127.0.0.1:0"])
            .args(options)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let log = BufReader::new(process.stderr.take().unwrap());
        let (sender, receiver) = mpsc::channel();
        thread::spawn(move || {
            // Reads on, so that the program is not held up by a full pipe.
            for line in log.lines().map_while(Result::ok) {
                let address = line.split("http://").nth(1);
                if let Some(address) = address.and_then(|rest| rest.split('/').next()) {
                    let _ = sender.send(address.to_owned());
                }
            }
        });
        let address = receiver.recv_timeout(PATIENCE).expect("it listens");
        Self { process, address }
    }

    pub fn client(&self) -> Client {
        Client::new(&format!("http://{}", self.address), None).unwrap()
    }

    /// A path that it sees, if it has mounted something there, as others see it.
    pub fn sees(&self, path: &Path) -> PathBuf {
        let root = PathBuf::from(format!("/proc/{}/root", self.process.id()));
        root.join(path.strip_prefix("/").unwrap())
    }

    /// The memory that it uses, in bytes.
    pub fn memory(&self) -> u64 {
        let status = format!("/proc/{}/status", self.process.id());
        let status = std::fs::read_to_string(status).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kilobytes = line.and_then(|line| line.trim().strip_suffix(" kB"));
        kilobytes.unwrap().parse::<u64>().unwrap() * 1000
    }

    /// Waits until its metrics have this line.
    pub async fn until_metric(&self, line: &str) {
        let url = format!("http://{}/metrics", self.address);
        let mut metrics = String::new();
        for _ in 0..PATIENCE.as_millis() / 50 {
            metrics = reqwest::get(&url).await.unwrap().text().await.unwrap();
            if metrics.lines().any(|found| found == line) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("no {line:?} in {metrics}");
    }

    pub fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// Sends a signal, by the name that `kill` knows.
    pub fn signal(&self, name: &str) {
        let id = self.process.id().to_string();
        let mut kill = Command::new("kill");
        assert!(kill.args(["-s", name, &id]).status().unwrap().success());
    }

    /// Sends SIGTERM and waits for the end.
    pub fn terminate(&mut self) -> ExitStatus {
        self.signal("TERM");
        self.ended()
    }

    /// Waits for the end.
    pub fn ended(&mut self) -> ExitStatus {
        for _ in 0..PATIENCE.as_millis() / 20 {
            if let Some(status) = self.process.try_wait().unwrap() {
                return status;
            }
            thread::sleep(Duration::from_millis(20));
        }
        panic!("it does not end");
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Runs it with options that it cannot run with, and returns its status and what it says.
pub fn refused(store: &str, options: &[&str]) -> (Option<i32>, String) {
    let output = command(store).args(options).output().unwrap();
    (
        output.status.code(),
        String::from_utf8(output.stderr).unwrap(),
    )
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
