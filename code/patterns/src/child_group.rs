//! A child process and all that it starts, ended together. For Linux and macOS.
//!
//! A signal to a child's id reaches the child alone. The program that a shell has started, or
//! the workers of a server, run on and keep the pipes open. A *process group* is the kernel's
//! name for the whole: whatever a member starts is a member too, unless it leaves on purpose
//! (as `setsid` does), and one call signals them all.
//!
//! A child in a group of its own doesn't get the Ctrl-C of your terminal: pass it on.

use std::io;
use std::process::ExitStatus;
use std::time::Duration;

use rustix::io::Errno;
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::process::{Child, Command};
use tokio::time::timeout;

// ANCHOR: group
/// A child that leads a process group of its own. Dropping it kills the group.
#[derive(Debug)]
pub struct ChildGroup {
    child: Child,
    /// The id of the child, and of its group.
    id: Pid,
}

impl ChildGroup {
    /// Starts `command` in a group of its own.
    ///
    /// # Errors
    ///
    /// Those of [`Command::spawn`].
    pub fn spawn(command: &mut Command) -> io::Result<Self> {
        let child = command.process_group(0).kill_on_drop(true).spawn()?;
        let id = child.id().expect("not waited for yet");
        let id = Pid::from_raw(id.cast_signed()).expect("not zero");
        Ok(Self { child, id })
    }

    /// The child itself, for its pipes.
    pub fn child(&mut self) -> &mut Child {
        &mut self.child
    }

    /// Waits for the child. What it has started may run on.
    ///
    /// Cancel safe, as [`Child::wait`] is, which closes the child's stdin, too.
    ///
    /// # Errors
    ///
    /// Those of [`Child::wait`].
    pub async fn wait(&mut self) -> io::Result<ExitStatus> {
        self.child.wait().await
    }

    /// Sends `signal` to every member; that none is left is fine.
    fn signal(&self, signal: Signal) -> io::Result<()> {
        match kill_process_group(self.id, signal) {
            // macOS answers EPERM if zombies are all that is left.
            Err(Errno::SRCH | Errno::PERM) => Ok(()),
            other => Ok(other?),
        }
    }
}
// ANCHOR_END: group

// ANCHOR: stop
impl ChildGroup {
    /// Asks the group to end (TERM), and kills what is left of it when the child
    /// has ended, or after `grace`. Returns how the child ended.
    ///
    /// Keep reading the child's pipes meanwhile, or its last words don't fit in.
    /// A child that has become another user can't be signaled: it is waited for.
    ///
    /// Cancel safety: dropped half way, it kills the group at once.
    ///
    /// # Errors
    ///
    /// Those of [`Child::wait`], and of the system's `kill`.
    pub async fn stop(mut self, grace: Duration) -> io::Result<ExitStatus> {
        if let Some(status) = self.child.try_wait()? {
            return Ok(status); // It was over; its id may belong to another by now.
        }
        self.signal(Signal::TERM)?;
        let asked = timeout(grace, self.child.wait()).await;
        // The id is ours while a member lives; if none does, it is free just now.
        self.signal(Signal::KILL)?;
        match asked {
            Ok(status) => status,
            Err(_too_slow) => self.child.wait().await,
        }
    }
}

impl Drop for ChildGroup {
    fn drop(&mut self) {
        if self.child.id().is_some() {
            let _ = self.signal(Signal::KILL); // Best effort.
        }
    }
}
// ANCHOR_END: stop

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::process::ExitStatusExt;
    use std::process::Stdio;
    use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
    use tokio::process::ChildStdout;

    const LONG: Duration = Duration::from_secs(3600);

    /// A group that runs `script`, and the rest of its output after the line "ready".
    async fn group(script: &str) -> (ChildGroup, BufReader<ChildStdout>) {
        let mut command = Command::new("sh");
        command.args(["-c", script]).stdout(Stdio::piped());
        let mut group = ChildGroup::spawn(&mut command).expect("a shell");
        let stdout = group.child().stdout.take().expect("piped");
        let (mut stdout, mut line) = (BufReader::new(stdout), String::new());
        stdout.read_line(&mut line).await.expect("a pipe");
        assert_eq!(line, "ready\n");
        (group, stdout)
    }

    /// Returns when no process has the pipe anymore.
    async fn rest(mut stdout: BufReader<ChildStdout>) -> String {
        let mut rest = String::new();
        let end = stdout.read_to_string(&mut rest);
        let end = timeout(Duration::from_secs(10), end).await;
        end.expect("a process still has the pipe").expect("a pipe");
        rest
    }

    #[tokio::test]
    async fn who_ends_when_asked_is_not_killed() {
        let script = "trap 'echo bye; exit 3' TERM; echo ready; while :; do sleep 0.01; done";
        let (group, stdout) = group(script).await;
        let status = group.stop(LONG).await.expect("it ends");
        assert_eq!(status.code(), Some(3));
        assert_eq!(rest(stdout).await, "bye\n");
    }

    #[tokio::test]
    async fn who_ignores_the_question_is_killed_after_the_grace() {
        let (group, _stdout) = group("trap '' TERM; echo ready; while :; do sleep 1; done").await;
        let status = group.stop(Duration::from_millis(50)).await.expect("killed");
        assert_eq!(status.signal(), Some(Signal::KILL.as_raw()));
    }

    #[tokio::test]
    async fn a_grandchild_that_ignores_the_question_is_killed_with_its_parent() {
        let script = "(trap '' TERM; echo ready; while :; do sleep 1; done) & wait";
        let (group, stdout) = group(script).await;
        let status = group.stop(LONG).await.expect("it ends");
        assert_eq!(status.signal(), Some(Signal::TERM.as_raw()));
        assert_eq!(rest(stdout).await, "");
    }

    #[tokio::test]
    async fn dropping_it_ends_grandchildren() {
        let (group, stdout) = group("sleep 3600 & echo ready; wait").await;
        drop(group);
        assert_eq!(rest(stdout).await, "");
    }

    #[tokio::test]
    async fn a_child_that_has_ended_is_not_signaled() {
        let (mut group, stdout) = group("echo ready; exit 7").await;
        assert_eq!(group.wait().await.expect("ended").code(), Some(7));
        assert_eq!(group.stop(LONG).await.expect("ended").code(), Some(7));
        assert_eq!(rest(stdout).await, "");
    }

    #[tokio::test]
    async fn a_program_that_is_not_there_is_an_error() {
        let error = ChildGroup::spawn(&mut Command::new("no-such-program")).expect_err("absent");
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
    }
}
