//! Runs a program until it ends, its time is up, or the reader has seen enough.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use crate::probe::SIGN;
use crate::words::time;

/// After so many events a recording ends: more than a reader follows, and a few seconds' work.
pub const MOST_EVENTS: usize = 50_000;

/// How often it is looked whether the program or the reader has ended it.
const GLANCE: Duration = Duration::from_millis(50);

/// How long a program may go on that was asked to end by Ctrl-C, and the rest of its pipe be read.
const GRACE: Duration = Duration::from_secs(2);

/// Set by Ctrl-C.
static STOPPED: AtomicBool = AtomicBool::new(false);

/// How a recording ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// The program ended.
    Itself(ExitStatus),
    /// It still ran after its time.
    Limit(Duration),
    /// The reader stopped it.
    Stopped,
    /// It did more than a recording has room for.
    Full,
}

impl End {
    /// What is to be said of a recording that ended so.
    pub fn say(&self) -> String {
        match self {
            End::Itself(status) if status.success() => "The program ended.".to_owned(),
            End::Itself(status) => format!("The program ended with {status}."),
            End::Limit(limit) => format!(
                "The program still ran after {}, and the recording ends there; `--for` gives it \
                 another time.",
                time(u64::try_from(limit.as_millis()).unwrap_or(u64::MAX))
            ),
            End::Stopped => "You stopped the program, and the recording ends there.".to_owned(),
            End::Full => format!(
                "The recording ends after {MOST_EVENTS} events, though the program went on."
            ),
        }
    }

    /// Whether the program was still at work.
    pub fn is_cut(&self) -> bool {
        !matches!(self, End::Itself(_))
    }
}

/// Runs a command, shows what it prints if it is asked to, and returns all of its standard output.
pub fn watch(mut command: Command, limit: Duration, shows: bool) -> Result<(String, End)> {
    listen_for_ctrl_c()?;
    let program = command.get_program().to_owned();
    let mut child = command
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot start {}", program.display()))?;
    let lines = lines(&mut child);
    let mut deadline = Instant::now() + limit;
    let mut output = String::new();
    let mut events = 0;
    let mut stopped = false;
    let end = loop {
        if STOPPED.load(Ordering::Relaxed) && !stopped {
            // The program has been told by the terminal too, and may want to say goodbye.
            stopped = true;
            deadline = Instant::now() + GRACE;
        }
        match lines.recv_timeout(GLANCE) {
            Ok(line) => events += keep(&mut output, &line, shows),
            Err(RecvTimeoutError::Timeout) => {
                // What it left behind may hold its pipe open.
                if let Some(status) = child.try_wait()? {
                    break End::Itself(status);
                }
            }
            Err(RecvTimeoutError::Disconnected) => match child.try_wait()? {
                Some(status) => break End::Itself(status),
                None => thread::sleep(GLANCE),
            },
        }
        if events >= MOST_EVENTS {
            break End::Full;
        }
        if Instant::now() >= deadline {
            break End::Limit(limit);
        }
    };
    if end.is_cut() {
        child.kill()?;
        child.wait()?;
    }
    // All it told is in its pipe, but maybe not read yet; what it left behind may hold the pipe open.
    let last = Instant::now() + GRACE;
    while let Ok(line) = lines.recv_timeout(last.saturating_duration_since(Instant::now())) {
        if end != End::Full {
            keep(&mut output, &line, shows);
        }
    }
    Ok((output, if stopped { End::Stopped } else { end }))
}

/// Keeps a line, shows what the program prints in it, and counts its events.
fn keep(output: &mut String, line: &str, shows: bool) -> usize {
    output.push_str(line);
    let console = line.split(SIGN).next().unwrap_or_default();
    if shows && !console.is_empty() {
        // A terminal that is gone shows nothing; the recording has it all the same.
        let _ = std::io::stdout().write_all(console.as_bytes());
        let _ = std::io::stdout().flush();
    }
    usize::from(line.contains(SIGN))
}

/// Reads a child's standard output line by line, on a thread of its own.
fn lines(child: &mut Child) -> mpsc::Receiver<String> {
    // A program that is faster than its recording waits for it.
    let (sender, receiver) = mpsc::sync_channel(1024);
    if let Some(pipe) = child.stdout.take() {
        thread::spawn(move || {
            let mut pipe = BufReader::new(pipe);
            let mut line = Vec::new();
            while pipe.read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
                let text = String::from_utf8_lossy(&line).into_owned();
                if sender.send(text).is_err() {
                    return;
                }
                line.clear();
            }
        });
    }
    receiver
}

/// From now on Ctrl-C ends the recording, and a second one all of it.
fn listen_for_ctrl_c() -> Result<()> {
    static LISTENS: Once = Once::new();
    if LISTENS.is_completed() {
        return Ok(());
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .build()
        .context("cannot listen for Ctrl-C")?;
    let listen = async {
        while tokio::signal::ctrl_c().await.is_ok() {
            if STOPPED.swap(true, Ordering::Relaxed) {
                std::process::exit(130);
            }
        }
    };
    LISTENS.call_once(|| {
        thread::spawn(move || runtime.block_on(listen));
    });
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn a_program_that_hangs_is_ended_at_its_limit_with_what_it_told() {
        let (output, end) = watch(
            shell("echo one; exec sleep 1000"),
            Duration::from_secs(1),
            false,
        )
        .unwrap();
        assert_eq!(output, "one\n");
        assert_eq!(end, End::Limit(Duration::from_secs(1)));
    }

    #[test]
    fn a_program_that_ends_is_heard_to_its_end_though_its_pipe_is_read_late() {
        // It ends while the other end waits for a line, and so many lines fill the channel.
        let script = "sleep 0.1; seq 20000; sleep 0.1; echo last";
        for _ in 0..3 {
            let (output, end) = watch(shell(script), Duration::from_secs(60), false).unwrap();
            assert_eq!(output.lines().count(), 20_001);
            assert!(matches!(end, End::Itself(status) if status.success()));
        }
    }

    #[test]
    fn a_pipe_that_somebody_else_holds_open_does_not_keep_the_recording() {
        let (output, end) = watch(
            shell("sleep 60 2> /dev/null & echo $!"),
            Duration::from_secs(600),
            false,
        )
        .unwrap();
        assert!(matches!(end, End::Itself(status) if status.success()));
        let left_behind: i32 = output.trim().parse().unwrap();
        let killed = Command::new("kill").arg(left_behind.to_string()).status();
        assert!(killed.unwrap().success());
    }

    #[test]
    fn a_program_that_tells_too_much_is_ended() {
        let script = format!("while :; do echo '{SIGN}{{}}'; done");
        let (output, end) = watch(shell(&script), Duration::from_secs(600), false).unwrap();
        assert_eq!(end, End::Full);
        assert_eq!(output.lines().count(), MOST_EVENTS);
    }
}
