//! Wrong: aborts the heartbeat at the end, a line that a dropped session doesn't reach.

use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::sleep;

/// Sends a beat a second, forever. `_alive` is dropped with it.
async fn heartbeat(_alive: Arc<()>) {
    loop {
        sleep(Duration::from_secs(1)).await;
    }
}

/// Counts messages until the peer hangs up.
async fn read(mut messages: mpsc::Receiver<u32>, _alive: Arc<()>) -> usize {
    let mut count = 0;
    while messages.recv().await.is_some() {
        count += 1;
    }
    count
}

/// Runs a reader and a heartbeat, and returns the reader's count when the peer hangs up.
async fn session(messages: mpsc::Receiver<u32>, alive: Arc<()>) -> usize {
    let heart = tokio::spawn(heartbeat(Arc::clone(&alive)));
    let count = tokio::spawn(read(messages, alive)).await;
    heart.abort();
    let _cancelled = heart.await;
    count.expect("it does not panic")
}

fn main() {}
