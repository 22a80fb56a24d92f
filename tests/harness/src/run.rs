//! Runs a program within a time limit, alone in an empty folder.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use anyhow::Context as _;
use wait_timeout::ChildExt as _;

/// Of a program that wrote more than this, the end is shown: that is where it says why it failed.
const MOST_OUTPUT: u64 = 16 * 1024;

/// How a program ended, and what it wrote.
pub struct Outcome {
    /// Nothing if it was stopped by the time limit.
    pub status: Option<ExitStatus>,
    /// What it wrote to standard output and standard error, in order.
    pub output: String,
}

/// Runs a program, and stops it at the limit, together with all that it started.
///
/// It writes to a file, not to pipes: whoever still holds that when the program ends keeps
/// nobody waiting.
pub fn run(command: &mut Command, limit: Duration) -> anyhow::Result<Outcome> {
    let folder = tempfile::tempdir()?;
    let mut log = tempfile::tempfile()?;
    command
        .current_dir(&folder)
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log.try_clone()?);
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(command, 0);
    let mut child = command
        .spawn()
        .with_context(|| format!("cannot run {}", command.get_program().display()))?;
    let status = child.wait_timeout(limit)?;
    stop(&mut child)?;
    let output = end_of(&mut log)?;
    Ok(Outcome { status, output })
}

/// Stops what is left: the program at its limit, and those that it started and left behind.
fn stop(child: &mut Child) -> anyhow::Result<()> {
    #[cfg(unix)]
    {
        use rustix::process::{Pid, Signal, kill_process_group};
        // An error says that none is left, which is as good.
        let _ = kill_process_group(Pid::from_child(child), Signal::KILL);
    }
    // Both succeed if it has ended by itself.
    child.kill()?;
    child.wait()?;
    Ok(())
}

fn end_of(log: &mut File) -> anyhow::Result<String> {
    let left_out = log.metadata()?.len().saturating_sub(MOST_OUTPUT);
    log.seek(SeekFrom::Start(left_out))?;
    let mut bytes = Vec::new();
    log.take(MOST_OUTPUT).read_to_end(&mut bytes)?;
    let shown = String::from_utf8_lossy(&bytes);
    Ok(match left_out {
        0 => shown.into_owned(),
        _ => format!("({left_out} bytes before this are left out)\n{shown}"),
    })
}
