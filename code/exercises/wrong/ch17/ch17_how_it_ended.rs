//! Wrong: a child without a code counts as one that went well.

use std::io;
use std::os::unix::process::ExitStatusExt;
use tokio::process::Command;

#[derive(Debug, PartialEq, Eq)]
enum Ended {
    /// There is no such program.
    Missing,
    /// It succeeded, and printed this to stdout.
    Well(String),
    /// It failed with this code, and printed this to stderr.
    Failed(i32, String),
    /// This signal ended it.
    Killed(i32),
}

/// Runs `command` and says how it ended. Another failure to start it is the error.
async fn run(command: &mut Command) -> io::Result<Ended> {
    let output = match command.output().await {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Ended::Missing),
        output => output?,
    };
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    // A child without a code is taken for one that went well.
    Ok(match output.status.code().unwrap_or(0) {
        0 => Ended::Well(text(&output.stdout)),
        code if output.status.signal().is_none() => Ended::Failed(code, text(&output.stderr)),
        signal => Ended::Killed(signal),
    })
}

fn main() {}
