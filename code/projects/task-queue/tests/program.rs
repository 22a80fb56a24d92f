//! The real program, as a child process.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use task_queue::client::Client;

/// The longest that a test waits for a program to begin or to end.
const PATIENCE: Duration = Duration::from_secs(30);

/// A program that runs; it is killed with this value.
pub struct Program {
    process: Child,
    address: String,
}

impl Program {
    /// Starts it on a port of its own and waits until it listens.
    pub fn start(store: &str, options: &[&str]) -> Self {
        let mut process = command(store)
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

    pub fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// Sends SIGTERM and waits for the end.
    pub fn terminate(&mut self) -> ExitStatus {
        let id = self.process.id().to_string();
        assert!(Command::new("kill").arg(id).status().unwrap().success());
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

fn command(store: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_task-queue"));
    command
        .args(["--store", store])
        .env_remove("RUST_BACKTRACE");
    command
}
