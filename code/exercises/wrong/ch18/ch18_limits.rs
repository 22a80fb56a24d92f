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
