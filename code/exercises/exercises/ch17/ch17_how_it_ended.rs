//! A build server runs tools and reports how each of them ended. There are four ways, and
//! `?` alone sees one of them.
//!
//! Complete `run`. Run on Linux or macOS.

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
    // TODO: tell the four ends apart; use `String::from_utf8_lossy` for what was printed.
    todo!()
}

fn main() {}

#[cfg(test)]
mod tests {
    use super::*;

    async fn sh(script: &str) -> Ended {
        let ended = run(Command::new("sh").args(["-c", script])).await;
        ended.expect("a shell")
    }

    // `tokio::test` runs an async function, here on the real clock, as a #[test]
    #[tokio::test]
    async fn a_success_gives_its_output() {
        assert_eq!(
            sh("echo fine; echo hm >&2").await,
            Ended::Well("fine\n".into())
        );
    }

    #[tokio::test]
    async fn a_failure_gives_its_code_and_its_complaint() {
        let failed = Ended::Failed(3, "disk full\n".into());
        assert_eq!(sh("echo fine; echo disk full >&2; exit 3").await, failed);
    }

    #[tokio::test]
    async fn a_killed_program_has_no_code() {
        assert_eq!(sh("kill -KILL $$").await, Ended::Killed(9));
    }

    #[tokio::test]
    async fn a_program_that_is_not_there_is_missing() {
        let ended = run(&mut Command::new("no-such-program")).await;
        assert_eq!(ended.expect("not an error here"), Ended::Missing);
    }

    #[tokio::test]
    async fn what_is_no_program_is_an_error() {
        let error = run(&mut Command::new("/")).await.expect_err("a folder");
        assert_eq!(error.kind(), io::ErrorKind::PermissionDenied);
    }
}
