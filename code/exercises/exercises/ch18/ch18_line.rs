//! A server reads commands, one a line. A client may send a line of any length, so the server
//! sets a limit: `limit` bytes, with the newline.
//!
//! Complete `next_line`. It returns the line without its newline, and `None` at the end of
//! the stream. A line that is too long, or that the end cuts off, is an error.

use std::io::{self, ErrorKind};
use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncReadExt};

async fn next_line(
    reader: &mut (impl AsyncBufRead + Unpin),
    limit: u64,
) -> io::Result<Option<String>> {
    // TODO: `InvalidData` for a line that is too long, `UnexpectedEof` for one cut off.
    todo!()
}

fn main() {}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;
    use tokio::io::{AsyncWriteExt, BufReader, duplex};
    use tokio::time::timeout;

    // `tokio::test` runs an async function, here on a virtual clock, as a #[test]
    #[tokio::test(start_paused = true)]
    async fn lines_come_one_by_one_and_then_the_end() -> io::Result<()> {
        let mut input = &b"GET a\n\nGET b\n"[..];
        assert_eq!(next_line(&mut input, 16).await?.as_deref(), Some("GET a"));
        assert_eq!(next_line(&mut input, 16).await?.as_deref(), Some(""));
        assert_eq!(next_line(&mut input, 16).await?.as_deref(), Some("GET b"));
        assert_eq!(next_line(&mut input, 16).await?, None);
        Ok(())
    }

    #[tokio::test(start_paused = true)]
    async fn a_line_of_exactly_the_limit_is_fine() -> io::Result<()> {
        let mut input = &b"1234567\n12345678\n"[..];
        assert_eq!(next_line(&mut input, 8).await?.as_deref(), Some("1234567"));
        let error = next_line(&mut input, 8).await.expect_err("nine bytes");
        assert_eq!(error.kind(), ErrorKind::InvalidData);
        Ok(())
    }

    #[tokio::test(start_paused = true)]
    async fn a_line_that_the_end_cuts_off_is_an_error() {
        let mut input = &b"SET balance 10"[..];
        let error = next_line(&mut input, 64).await.expect_err("no newline");
        assert_eq!(error.kind(), ErrorKind::UnexpectedEof);
    }

    #[tokio::test(start_paused = true)]
    async fn a_line_without_an_end_is_refused_at_its_limit() {
        let (mut client, server) = duplex(64);
        let client = tokio::spawn(async move {
            client.write_all(&[b'x'; 32]).await.expect("there is room");
            std::future::pending::<()>().await; // It stays connected, and silent.
        });
        let mut server = BufReader::new(server);
        let hour = Duration::from_secs(3600);
        let line = timeout(hour, next_line(&mut server, 16)).await;
        let error = line.expect("the server must not wait for the newline");
        assert_eq!(
            error.expect_err("no newline").kind(),
            ErrorKind::InvalidData
        );
        client.abort();
    }
}
