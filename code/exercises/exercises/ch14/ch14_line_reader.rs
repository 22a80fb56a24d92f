//! This reader of lines works, until it stands in a `select!` beside a heartbeat: then
//! it loses the half of a line that had arrived.
//!
//! Make `next_line` cancel safe. It may still be dropped at any time; what it has read
//! by then must be there for the next call.

use tokio::io::{AsyncRead, AsyncReadExt, Result};

struct LineReader<R> {
    source: R,
    // TODO: a place for the half of a line that outlives a dropped `next_line`.
}

impl<R: AsyncRead + Unpin> LineReader<R> {
    fn new(source: R) -> Self {
        Self { source }
    }

    /// The next line, without its newline; `None` at the end.
    async fn next_line(&mut self) -> Result<Option<String>> {
        let mut line = Vec::new();
        loop {
            let mut byte = [0];
            if self.source.read(&mut byte).await? == 0 {
                return Ok(None);
            }
            if byte == *b"\n" {
                return Ok(Some(String::from_utf8_lossy(&line).into_owned()));
            }
            line.extend(byte);
        }
    }
}

fn main() {
    // You can experiment here; the tests decide.
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncWriteExt, DuplexStream, duplex};
    use tokio::time::{Duration, timeout};

    fn connected() -> (DuplexStream, LineReader<DuplexStream>) {
        let (client, server) = duplex(64);
        (client, LineReader::new(server))
    }

    async fn line(reader: &mut LineReader<DuplexStream>) -> Option<String> {
        let patience = Duration::from_secs(10);
        let line = timeout(patience, reader.next_line()).await;
        line.ok()?.expect("the client is there")
    }

    // `tokio::test` runs an async function, here on a virtual clock, as a #[test]
    #[tokio::test(start_paused = true)]
    async fn lines_come_one_by_one() {
        let (mut client, mut reader) = connected();
        client.write_all(b"one\ntwo\n\n").await.unwrap();
        for expected in ["one", "two", ""] {
            assert_eq!(line(&mut reader).await.as_deref(), Some(expected));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_read_that_was_dropped_has_taken_nothing() {
        let (mut client, mut reader) = connected();
        for part in ["he", "l", "lo"] {
            client.write_all(part.as_bytes()).await.unwrap();
            assert_eq!(line(&mut reader).await, None, "there is no newline yet");
        }
        client.write_all(b"\n").await.unwrap();
        assert_eq!(line(&mut reader).await.as_deref(), Some("hello"));
    }

    #[tokio::test(start_paused = true)]
    async fn a_line_does_not_begin_with_the_one_before() {
        let (mut client, mut reader) = connected();
        client.write_all(b"a").await.unwrap();
        assert_eq!(line(&mut reader).await, None);
        client.write_all(b"b\ncd\n").await.unwrap();
        assert_eq!(line(&mut reader).await.as_deref(), Some("ab"));
        assert_eq!(line(&mut reader).await.as_deref(), Some("cd"));
    }
}
