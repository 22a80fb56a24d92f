//! Wrong: the half of a line has a place that lasts, and each call empties it first.

use tokio::io::{AsyncRead, AsyncReadExt, Result};

struct LineReader<R> {
    source: R,
    half: Vec<u8>,
}

impl<R: AsyncRead + Unpin> LineReader<R> {
    fn new(source: R) -> Self {
        Self {
            source,
            half: Vec::new(),
        }
    }

    /// The next line, without its newline; `None` at the end.
    async fn next_line(&mut self) -> Result<Option<String>> {
        self.half.clear();
        loop {
            let mut byte = [0];
            if self.source.read(&mut byte).await? == 0 {
                return Ok(None);
            }
            if byte == *b"\n" {
                return Ok(Some(String::from_utf8_lossy(&self.half).into_owned()));
            }
            self.half.extend(byte);
        }
    }
}

fn main() {}

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
