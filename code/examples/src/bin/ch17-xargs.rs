//! A small `xargs -P`: runs a command once for each line of stdin, several at a time, and
//! prints the outputs whole, in the order of the lines. For Linux and macOS.
//!
//! Run it: `seq 9 | cargo run -p examples --bin ch17-xargs -- 3 echo line`
//!
//! Poke it: `seq 9 | … -- 3 sleep`, and press Ctrl-C: no `sleep` is left. Once more ends at once.

use std::io;
use std::process::{ExitCode, ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;

use patterns::child_group::ChildGroup;
use tokio::io::{
    AsyncBufRead, AsyncBufReadExt, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader,
};
use tokio::process::Command;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::JoinQueue;

/// How long a child may take to end once it is asked.
const GRACE: Duration = Duration::from_secs(2);

// ANCHOR: one
type Ended = io::Result<(Vec<u8>, ExitStatus)>;

/// Runs `command` to its end, or ends it when `stop` is cancelled.
async fn run(mut command: Command, stop: CancellationToken) -> Ended {
    command.stdin(Stdio::null()).stdout(Stdio::piped());
    let mut group = ChildGroup::spawn(&mut command)?;
    let mut stdout = group.child().stdout.take().expect("piped");
    let mut output = Vec::new();
    let end = async {
        tokio::select! {
            status = group.wait() => status,
            () = stop.cancelled() => group.stop(GRACE).await,
        }
    };
    // Side by side: a child whose pipe is full doesn't end, even if it's asked to.
    let (status, _) = tokio::try_join!(end, stdout.read_to_end(&mut output))?;
    Ok((output, status))
}
// ANCHOR_END: one

// ANCHOR: all
/// Runs `command` with each line of `input`, `at_once` at a time, and writes what
/// they print to `output`, in the order of the lines. Returns how many failed.
async fn run_all(
    command: &[String],
    input: impl AsyncBufRead + Unpin,
    mut output: impl AsyncWrite + Unpin,
    at_once: usize,
    stop: &CancellationToken,
) -> io::Result<usize> {
    let (mut lines, mut more, mut failed) = (input.lines(), true, 0);
    let (permits, mut tasks) = (Arc::new(Semaphore::new(at_once)), JoinQueue::new());
    loop {
        let next = async {
            let permit = Arc::clone(&permits).acquire_owned().await;
            (lines.next_line().await, permit.expect("never closed"))
        };
        tokio::select! {
            () = stop.cancelled(), if more => more = false,
            (line, permit) = next, if more => {
                let Some(line) = line? else { more = false; continue };
                let mut child = Command::new(&command[0]);
                child.args(&command[1..]).arg(line);
                let stop = stop.clone();
                tasks.spawn(async move {
                    let result = run(child, stop).await;
                    drop(permit);
                    result
                });
            }
            Some(done) = tasks.join_next() => {
                let (printed, status) = done??;
                output.write_all(&printed).await?;
                failed += usize::from(!status.success());
            }
            else => break,
        }
    }
    output.flush().await?;
    Ok(failed)
}
// ANCHOR_END: all

// ANCHOR: main
#[tokio::main(flavor = "current_thread")]
async fn main() -> io::Result<ExitCode> {
    let mut words = std::env::args().skip(1);
    let at_once = words.next().and_then(|n| n.parse().ok()).filter(|n| *n > 0);
    let command: Vec<String> = words.collect();
    let (Some(at_once), [_, ..]) = (at_once, &command[..]) else {
        eprintln!("usage: ch17-xargs AT_ONCE COMMAND [WORD]...");
        return Ok(ExitCode::from(2));
    };

    let stop = CancellationToken::new();
    let (mut int, mut term) = (
        signal(SignalKind::interrupt())?, // Now, before there is a child.
        signal(SignalKind::terminate())?,
    );
    let asked = stop.clone();
    tokio::spawn(async move {
        tokio::select! { _ = int.recv() => {}, _ = term.recv() => {} }
        asked.cancel();
        tokio::select! { _ = int.recv() => {}, _ = term.recv() => {} }
        std::process::exit(130);
    });

    let (stdin, stdout) = (BufReader::new(tokio::io::stdin()), tokio::io::stdout());
    let failed = run_all(&command, stdin, stdout, at_once, &stop).await?;
    let code = if stop.is_cancelled() {
        130
    } else {
        u8::from(failed > 0)
    };
    // Not a return: the runtime would wait for the thread that reads stdin.
    std::process::exit(code.into())
}
// ANCHOR_END: main

#[cfg(test)]
mod tests {
    use super::*;

    /// What `script` prints, with each word of `input` as its `$1`, and how many have failed.
    async fn xargs(script: &str, input: &str, at_once: usize) -> (String, usize) {
        let command = ["sh", "-c", script, "sh"].map(String::from);
        let (mut output, stop) = (Vec::new(), CancellationToken::new());
        let failed = run_all(&command, input.as_bytes(), &mut output, at_once, &stop).await;
        let output = String::from_utf8(output).expect("text");
        (output, failed.expect("children that start"))
    }

    #[tokio::test]
    async fn the_output_is_in_the_order_of_the_lines() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("b-ran");
        // `a` waits for `b`, so they run side by side, and b ends first.
        let script = format!(
            "case $1 in a) until [ -e {0} ]; do sleep 0.01; done ;; b) : > {0} ;; esac; echo $1",
            file.display()
        );
        let (output, failed) = xargs(&script, "a\nb\nc\n", 2).await;
        assert_eq!((&*output, failed), ("a\nb\nc\n", 0));
    }

    #[tokio::test]
    async fn a_slow_first_line_does_not_keep_the_others_from_starting() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("d-ran");
        let script = format!(
            "case $1 in a) until [ -e {0} ]; do sleep 0.01; done ;; d) : > {0} ;; esac; echo $1",
            file.display()
        );
        let (output, _) = xargs(&script, "a\nb\nc\nd\n", 2).await;
        assert_eq!(output, "a\nb\nc\nd\n");
    }

    #[tokio::test]
    async fn no_more_than_so_many_run() {
        let folder = tempfile::tempdir().expect("a folder");
        // Whoever runs has one of two folders; there is no third.
        let path = folder.path().display();
        let script = format!(
            "for n in 1 2; do if mkdir {path}/$n 2>/dev/null; then sleep 0.01; \
             rmdir {path}/$n; exit 0; fi; done; exit 9"
        );
        let (_, failed) = xargs(&script, "a\nb\nc\nd\ne\nf\n", 2).await;
        assert_eq!(failed, 0);
    }

    #[tokio::test]
    async fn failures_are_counted_and_more_than_a_pipe_holds_arrives() {
        let script = "head -c 200000 /dev/zero; test $1 = b";
        let (output, failed) = xargs(script, "a\nb\nc\n", 2).await;
        assert_eq!((output.len(), failed), (600_000, 2));
    }

    #[tokio::test]
    async fn a_stop_ends_the_children_and_starts_no_more() {
        let folder = tempfile::tempdir().expect("a folder");
        let started = folder.path().join("started");
        let script = format!("echo $1; echo $1 >> {}; sleep 3600; :", started.display());
        let command = ["sh", "-c", &script, "sh"].map(String::from);
        let (stop, mut output) = (CancellationToken::new(), Vec::new());
        let both_run = async {
            while std::fs::read_to_string(&started).map_or(0, |text| text.lines().count()) < 2 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            stop.cancel();
        };
        let all = run_all(&command, "a\nb\nc\n".as_bytes(), &mut output, 2, &stop);
        let both = async { tokio::join!(all, both_run) };
        let ended = tokio::time::timeout(Duration::from_secs(10), both).await;
        let (failed, ()) = ended.expect("a child runs on");
        // That this returns says that no `sleep` has the pipe anymore.
        assert_eq!(failed.expect("children that start"), 2);
        assert_eq!(String::from_utf8(output).expect("text"), "a\nb\n");
    }
}
