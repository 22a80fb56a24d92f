//! Wrong: it writes inside of an arm of `select!`, so nothing is heard while a write waits.

use std::time::Duration;
use tokio::io::{AsyncWriteExt, DuplexStream};
use tokio::sync::mpsc;
use tokio::time::timeout;

/// A line that can't be written in this time was the last.
const WRITE: Duration = Duration::from_secs(5);
/// A client of which nothing is heard for this long is gone.
const SILENCE: Duration = Duration::from_secs(20);

#[derive(Debug, PartialEq)]
enum End {
    TooSlow,
    Silent,
}

/// Writes what is in the queue to a client, of which `signs` come now and then. If they end, it
/// is silent.
async fn serve(
    mut client: DuplexStream,
    mut queue: mpsc::Receiver<Vec<u8>>,
    mut signs: mpsc::Receiver<()>,
) -> End {
    let mut open = true;
    loop {
        tokio::select! {
            sign = timeout(SILENCE, signs.recv()) => match sign {
                Ok(Some(())) => {}
                _ => return End::Silent,
            },
            line = queue.recv(), if open => match line {
                Some(line) => match timeout(WRITE, client.write_all(&line)).await {
                    Ok(written) => open = written.is_ok(),
                    Err(_elapsed) => return End::TooSlow,
                },
                None => open = false,
            },
        }
    }
}

fn main() {}
