//! Wrong: the stdin outlives the arm that writes, so the input has no end.

use std::io;
use std::process::{Output, Stdio};
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

/// What `command` makes of `input`, and how it ended.
async fn through(command: &mut Command, input: &[u8]) -> io::Result<Output> {
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.stderr(Stdio::piped()).kill_on_drop(true).spawn()?;
    let mut stdin = child.stdin.take().expect("piped");

    // The stdin outlives the arm that writes, so the input has no end.
    let write = async {
        match stdin.write_all(input).await {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            other => other,
        }
    };
    let ((), output) = tokio::try_join!(write, child.wait_with_output())?;
    Ok(output)
}

fn main() {}
