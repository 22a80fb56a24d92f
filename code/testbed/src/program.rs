//! A system as a child process: the real program, with its signals, files and exit codes.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::{machine, signal};

/// The longest that a test waits for a program to begin, to say something, or to end.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// A program that runs; it is killed with this value. If that happens because a test fails, what
/// the program has said is printed.
pub struct Program {
    child: Child,
    log: Arc<Log>,
    address: String,
}

/// What it has said on standard error, and whether it may yet say more.
#[derive(Default)]
struct Log {
    lines: Mutex<(Vec<String>, bool)>,
    more: Condvar,
}

impl Program {
    /// Starts it and waits until a line of its standard error has an address: `http://127.0.0.1:7070/`.
    /// Give it an option that lets it choose a port of its own, such as `--listen 127.0.0.1:0`.
    #[track_caller]
    pub fn start(command: Command) -> Self {
        let mut program = Self::launch(command);
        let line = program.until_line("http://");
        let address = line.split("http://").nth(1).unwrap_or_default();
        let end = address.find(|c: char| c == '/' || c.is_whitespace());
        program.address = address[..end.unwrap_or(address.len())].to_owned();
        program
    }

    /// Starts a program that has no address.
    #[track_caller]
    pub fn launch(mut command: Command) -> Self {
        let child = command.stderr(Stdio::piped()).spawn();
        let mut child = child.unwrap_or_else(|error| panic!("cannot run {command:?}: {error}"));
        let output = child.stderr.take().expect("it was asked for");
        let log = Arc::new(Log::default());
        let writer = Arc::clone(&log);
        // Reads to the end, so that the program is not held up by a full pipe.
        thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                writer.add(line);
            }
            writer.end();
        });
        let address = String::new();
        Self {
            child,
            log,
            address,
        }
    }

    /// Where it listens: `127.0.0.1:40123`.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// An address of its own: `program.url("/healthz")`.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// The id of the process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// All that it has said on standard error so far.
    pub fn log(&self) -> String {
        let lines = self
            .log
            .lines
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        lines.0.join("\n")
    }

    /// Waits until it has said a line with this in it, which may have been before.
    #[track_caller]
    pub fn until_line(&self, part: &str) -> String {
        let line = self.log.find(part);
        line.unwrap_or_else(|| panic!("it does not say {part:?}; it said:\n{}", self.log()))
    }

    /// The memory that it uses, in bytes.
    pub fn memory(&self) -> u64 {
        machine::memory(self.id())
    }

    /// A path that it sees, if it has mounted something there, as others see it.
    pub fn sees(&self, path: &Path) -> PathBuf {
        let path = path.strip_prefix("/").expect("an absolute path");
        PathBuf::from(format!("/proc/{}/root", self.id())).join(path)
    }

    /// Ends it with SIGKILL, as a crash would, and waits until it is gone.
    pub fn kill(&mut self) {
        self.child.kill().expect("a child may be killed");
        self.child.wait().expect("a child can be waited for");
    }

    /// Sends SIGTERM.
    pub fn terminate(&self) {
        signal::send(&self.child, Signal::TERM);
    }

    /// Stops it where it is, until it is let [`go on`](Self::go_on).
    pub fn stop(&self) {
        signal::send(&self.child, Signal::STOP);
    }

    /// Lets it go on after [`stop`](Self::stop).
    pub fn go_on(&self) {
        signal::send(&self.child, Signal::CONT);
    }

    /// Waits for its end.
    #[track_caller]
    pub fn ended(&mut self) -> ExitStatus {
        let until = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().expect("a child can be asked") {
                return status;
            }
            assert!(Instant::now() < until, "it does not end");
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// Sends SIGTERM and waits for the end.
    #[track_caller]
    pub fn terminated(&mut self) -> ExitStatus {
        self.terminate();
        self.ended()
    }
}

impl Log {
    fn add(&self, line: String) {
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        lines.0.push(line);
        self.more.notify_all();
    }

    fn end(&self) {
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        lines.1 = true;
        self.more.notify_all();
    }

    fn find(&self, part: &str) -> Option<String> {
        let find = |lines: &[String]| lines.iter().find(|line| line.contains(part)).cloned();
        let lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self
            .more
            .wait_timeout_while(lines, PATIENCE, |(lines, ended)| {
                !*ended && find(lines).is_none()
            });
        let (lines, _) = waited.unwrap_or_else(PoisonError::into_inner);
        find(&lines.0)
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if thread::panicking() {
            eprintln!("it said:\n{}", self.log());
        }
    }
}

/// The same command, run by a shell that has run `before`, to take something away from the program:
/// `under("ulimit -Sn 64", &command)`.
pub fn under(before: &str, command: &Command) -> Command {
    let mut shell = Command::new("sh");
    shell
        .args(["-c", &format!("{before}; exec \"$0\" \"$@\"")])
        .arg(command.get_program())
        .args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => shell.env(name, value),
            None => shell.env_remove(name),
        };
    }
    if let Some(folder) = command.get_current_dir() {
        shell.current_dir(folder);
    }
    shell
}

/// What a program says that cannot start: it must fail, and its error must be the first thing that
/// it says. A reader who is greeted takes it for one that runs.
#[track_caller]
pub fn refusal(command: Command) -> String {
    let Output {
        status,
        stdout,
        stderr,
    } = output(command);
    let said = String::from_utf8_lossy(&stderr).into_owned();
    assert!(!status.success(), "it starts: {said}");
    assert!(
        stdout.is_empty() && said.starts_with("error: "),
        "not the first thing: {said}"
    );
    said
}

/// Runs it to its end, which must come: for a program with options that it cannot run with.
#[track_caller]
pub fn output(mut command: Command) -> Output {
    let child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let child = child.unwrap_or_else(|error| panic!("cannot run {command:?}: {error}"));
    let id = rustix::process::Pid::from_child(&child);
    let (ended, end) = std::sync::mpsc::channel::<()>();
    let watch = thread::spawn(move || {
        let too_late =
            end.recv_timeout(PATIENCE) == Err(std::sync::mpsc::RecvTimeoutError::Timeout);
        if too_late {
            // It has not been waited for, so the id is still its own.
            let _ = rustix::process::kill_process(id, Signal::KILL);
        }
        too_late
    });
    let output = child.wait_with_output().expect("a child can be waited for");
    drop(ended);
    let too_late = watch.join().expect("it does not panic");
    assert!(!too_late, "it does not end: {output:?}");
    output
}
