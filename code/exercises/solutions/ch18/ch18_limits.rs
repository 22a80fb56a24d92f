//! A connection may be idle for a minute between two messages. A message that has begun, on
//! the other hand, must be complete within five seconds. A message ends with a newline.
//!
//! Complete `next_message`: `None` at the end of the stream, an error of the kind `TimedOut`
//! for either limit.

use std::io;
use std::time::Duration;
use tokio::io::{AsyncBufRead, AsyncBufReadExt};
use tokio::time::timeout;

const IDLE: Duration = Duration::from_secs(60);
const MESSAGE: Duration = Duration::from_secs(5);

async fn next_message(reader: &mut (impl AsyncBufRead + Unpin)) -> io::Result<Option<String>> {
    if timeout(IDLE, reader.fill_buf()).await??.is_empty() {
        return Ok(None);
    }
    let mut message = String::new();
    timeout(MESSAGE, reader.read_line(&mut message)).await??;
    Ok(Some(message.trim_end().to_owned()))
}

fn main() {}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncWriteExt, BufReader, DuplexStream, duplex};
    use tokio::time::{Instant, sleep};

    const SECOND: Duration = Duration::from_secs(1);

    /// The server's end of a connection whose client sends each piece after a pause, and stays.
    fn connect(pieces: &'static [(u64, &str)]) -> BufReader<DuplexStream> {
        let (mut client, server) = duplex(64);
        tokio::spawn(async move {
            for (pause, piece) in pieces {
                sleep(Duration::from_secs(*pause)).await;
                let sent = client.write_all(piece.as_bytes()).await;
                if sent.is_err() {
                    return;
                }
            }
            sleep(24 * 3600 * SECOND).await;
        });
        BufReader::new(server)
    }

    // `tokio::test` runs an async function, here on a virtual clock, as a #[test]
    #[tokio::test(start_paused = true)]
    async fn a_message_may_come_late_and_in_pieces() -> io::Result<()> {
        let mut reader = connect(&[(59, "GET "), (4, "name\nGET"), (4, " b\n")]);
        let first = next_message(&mut reader).await?;
        assert_eq!(first.as_deref(), Some("GET name"));
        let second = next_message(&mut reader).await?;
        assert_eq!(second.as_deref(), Some("GET b"));
        Ok(())
    }

    #[tokio::test(start_paused = true)]
    async fn an_idle_client_has_a_minute() {
        let mut reader = connect(&[]);
        let start = Instant::now();
        let error = next_message(&mut reader).await.expect_err("idle");
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        assert_eq!(start.elapsed(), IDLE);
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_drips_has_five_seconds() {
        let mut reader = connect(&[(30, "G"), (2, "E"), (2, "T"), (2, " "), (2, "a\n")]);
        let start = Instant::now();
        let error = next_message(&mut reader).await.expect_err("too slow");
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        assert_eq!(start.elapsed(), 35 * SECOND);
    }

    #[tokio::test(start_paused = true)]
    async fn the_end_is_none() -> io::Result<()> {
        assert_eq!(next_message(&mut &b""[..]).await?, None);
        Ok(())
    }
}
