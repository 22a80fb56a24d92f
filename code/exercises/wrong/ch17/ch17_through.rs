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

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;
    use tokio::time::timeout;

    /// Runs a script on `input`, and fails instead of hanging.
    async fn sh(script: &str, input: &[u8]) -> Output {
        let mut sh = Command::new("sh");
        let run = through(sh.args(["-c", script]), input);
        let output = timeout(Duration::from_secs(5), run).await;
        output.expect("it hangs").expect("it could be started")
    }

    // `tokio::test` runs an async function, here on the real clock, as a #[test]
    #[tokio::test]
    async fn a_page_comes_through() {
        assert_eq!(sh("tr a-z A-Z", b"page").await.stdout, b"PAGE");
    }

    #[tokio::test]
    async fn a_book_comes_through() {
        let book = vec![b'x'; 1_000_000];
        assert!(sh("cat", &book).await.stdout == book, "it is another book");
    }

    #[tokio::test]
    async fn complaints_do_not_stand_in_the_way() {
        let book = vec![b'x'; 1_000_000];
        assert_eq!(sh("cat >&2", &book).await.stderr.len(), book.len());
    }

    #[tokio::test]
    async fn a_program_may_stop_reading_early() {
        let output = sh("head -c 3", &vec![b'x'; 1_000_000]).await;
        assert!(output.status.success());
        assert_eq!(output.stdout, b"xxx");
    }
}
