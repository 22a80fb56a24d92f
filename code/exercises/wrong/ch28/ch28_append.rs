//! Wrong: it compares, waits, and appends to what has changed meanwhile.

use std::sync::Mutex;
use std::time::Duration;
use tokio::time::sleep;

type Stream = Mutex<Vec<&'static str>>;

/// What a write waits for.
async fn disk() {
    sleep(Duration::from_secs(1)).await;
}

/// Appends, if the stream is at `expected`; otherwise says at which version it is.
async fn append(stream: &Stream, expected: usize, event: &'static str) -> Result<(), usize> {
    let version = stream.lock().unwrap().len();
    if version != expected {
        return Err(version);
    }
    disk().await;
    stream.lock().unwrap().push(event);
    Ok(())
}

fn main() {}
