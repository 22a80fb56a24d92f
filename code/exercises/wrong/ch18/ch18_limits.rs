//! Wrong: it starts the limit again with each piece, so a client that drips is never too slow.

use std::io;
use std::time::Duration;
use tokio::io::{AsyncBufRead, AsyncBufReadExt};
use tokio::time::timeout;

const IDLE: Duration = Duration::from_secs(60);
const MESSAGE: Duration = Duration::from_secs(5);

/// Starts the clock again with each piece.
async fn next_message(reader: &mut (impl AsyncBufRead + Unpin)) -> io::Result<Option<String>> {
    let (mut message, mut limit) = (Vec::new(), IDLE);
    loop {
        let piece = timeout(limit, reader.fill_buf()).await??.to_vec();
        limit = MESSAGE;
        if piece.is_empty() {
            return Ok(None);
        }
        let end = piece.iter().position(|byte| *byte == b'\n');
        let taken = end.map_or(piece.len(), |end| end + 1);
        reader.consume(taken);
        message.extend_from_slice(&piece[..taken]);
        if end.is_some() {
            let message = String::from_utf8_lossy(&message);
            return Ok(Some(message.trim_end().to_owned()));
        }
    }
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
