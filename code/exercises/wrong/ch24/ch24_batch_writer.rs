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

#[cfg(test)]
mod tests {
    use super::*;

    use std::time::Duration;
    use tokio::io::{AsyncReadExt, duplex};
    use tokio::time::timeout;
    use tokio_util::io::InspectWriter;

    // `tokio::test` runs an async function, here on a virtual clock, as a #[test]
    #[tokio::test(start_paused = true)]
    async fn a_crowd_goes_out_in_a_few_writes() {
        let (sender, lines) = mpsc::channel(300);
        for number in 0..300 {
            sender.send(format!("line {number:03}\n")).await.unwrap();
        }
        drop(sender);
        let (mut text, mut writes) = (Vec::new(), 0);
        write_lines(lines, InspectWriter::new(&mut text, |_: &[u8]| writes += 1))
            .await
            .unwrap();
        assert!(writes <= 10, "{writes} writes");
        assert_eq!(text.len(), 300 * 9);
        assert!(text.starts_with(b"line 000\nline 001\n"));
        assert!(text.ends_with(b"line 299\n"));
    }

    #[tokio::test(start_paused = true)]
    async fn a_lone_line_goes_out_at_once() {
        let (sender, lines) = mpsc::channel(300);
        let (ours, mut theirs) = duplex(64);
        tokio::spawn(write_lines(lines, ours));
        sender.send("alone\n".to_owned()).await.unwrap();
        let mut line = [0; 6];
        let read = theirs.read_exact(&mut line);
        let read = timeout(Duration::from_secs(60), read).await;
        assert!(read.is_ok(), "the line never came");
        assert_eq!(&line, b"alone\n");
    }
}
