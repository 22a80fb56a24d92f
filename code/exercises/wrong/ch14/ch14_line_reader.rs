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
