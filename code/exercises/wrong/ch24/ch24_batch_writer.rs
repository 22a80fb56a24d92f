//! Wrong: flushes at the end only, so a lone line waits for the next.

use std::io;
use tokio::io::{AsyncWrite, AsyncWriteExt, BufWriter};
use tokio::sync::mpsc;

/// Writes all lines to the socket until their senders are gone.
async fn write_lines<W>(mut lines: mpsc::Receiver<String>, socket: W) -> io::Result<()>
where
    W: AsyncWrite + Unpin,
{
    let mut socket = BufWriter::new(socket);
    while let Some(line) = lines.recv().await {
        socket.write_all(line.as_bytes()).await?;
    }
    socket.flush().await
}

fn main() {}
