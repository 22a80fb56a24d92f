//! Wrong: it reads the whole line, however long, and looks at the length afterwards.

use std::io::{self, ErrorKind};
use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncReadExt};

/// Reads first, and looks at the length afterwards.
async fn next_line(
    reader: &mut (impl AsyncBufRead + Unpin),
    limit: u64,
) -> io::Result<Option<String>> {
    let mut line = String::new();
    let mut whole = reader.take(u64::MAX);
    if whole.read_line(&mut line).await? == 0 {
        return Ok(None);
    }
    if line.len() as u64 > limit {
        return Err(ErrorKind::InvalidData.into());
    }
    match line.pop() {
        Some('\n') => Ok(Some(line)),
        _ => Err(ErrorKind::UnexpectedEof.into()),
    }
}

fn main() {}
